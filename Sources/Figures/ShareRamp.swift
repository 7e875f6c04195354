import Foundation

extension Palette {
  /// The color of a share, clamped to 0...1: near white for 0, dark blue for 1. Equal steps appear equal: the ramp has
  /// one hue and moves through OKLab at constant speed.
  public static func share(_ value: Double) -> Color {
    let value = min(max(value, 0), 1)
    // Lightness and chroma; both pieces have the same length. Without the middle, the blues would be grays.
    let (light, middle, dark) = ((0.99, 0.0), (0.6394, 0.125), (0.27, 0.08))
    let (from, to) = value < 0.5 ? (light, middle) : (middle, dark)
    let part = value < 0.5 ? value * 2 : value * 2 - 1
    let hue = 250 * Double.pi / 180
    let chroma = from.1 + (to.1 - from.1) * part
    return Color(
      lightness: from.0 + (to.0 - from.0) * part, a: chroma * cos(hue), b: chroma * sin(hue))
  }
}
