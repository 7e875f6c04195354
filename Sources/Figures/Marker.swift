import Foundation

/// The shape of a point in a chart. Together with the palette's colors, shapes distinguish series for people with color
/// blindness and on paper without color.
public enum Marker: CaseIterable, Sendable {
  /// The shapes.
  case disc, square, triangle, diamond, cross, hexagon

  /// The marker of the series at `index` (0 or more). Markers repeat after six and colors after seven, so that 42 series
  /// differ.
  public static func series(_ index: Int) -> Marker { allCases[index % allCases.count] }
}

extension Canvas {
  /// Draws a marker. All have about the same area.
  ///
  /// - Parameters:
  ///   - marker: The shape.
  ///   - point: The center, in points.
  ///   - size: The radius of the disc in points.
  ///   - color: The color inside.
  ///   - border: A border that separates the marker from others beneath it.
  public func marker(
    _ marker: Marker, at point: Point, size: Double, _ color: Color, border: Stroke? = nil
  ) {
    func shape(_ corners: [(x: Double, y: Double)]) {
      let points = corners.map { Point(point.x + $0.x * size, point.y + $0.y * size) }
      if let border { polyline(points, closed: true, border) }
      polygon(points, color)
    }
    func corners(_ count: Int, radius: Double, from degrees: Double) -> [(x: Double, y: Double)] {
      (0..<count).map { index in
        let angle = (degrees + 360 * Double(index) / Double(count)) * .pi / 180
        return (radius * cos(angle), radius * sin(angle))
      }
    }
    switch marker {
    case .disc: disc(point, radius: size, color, border: border)
    case .square: shape(corners(4, radius: 1.25, from: 45))
    case .triangle: shape(corners(3, radius: 1.5, from: -90))
    case .diamond: shape(corners(4, radius: 1.4, from: 0))
    case .hexagon: shape(corners(6, radius: 1.1, from: 0))
    case .cross:
      let (long, short) = (1.35, 0.42)
      shape([
        (-short, -long), (short, -long), (short, -short), (long, -short), (long, short),
        (short, short), (short, long), (-short, long), (-short, short), (-long, short),
        (-long, -short), (-short, -short),
      ])
    }
  }
}
