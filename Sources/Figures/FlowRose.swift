import Foundation

/// A histogram of displacements as a rose: a wedge for each direction, whose area is the share of displacements in that
/// direction, in rings by magnitude, the smallest inside.
public struct FlowRose: Panel {
  /// The shares of all displacements, 0...1: [direction][magnitude]. Directions are evenly spaced and clockwise on the
  /// screen, beginning on the right. Displacements that count as none are not included.
  public var shares: [[Double]]
  /// The names of the magnitudes in the legend, the smallest first.
  public var magnitudes: [String]
  /// The heading of the legend, such as the unit of the magnitudes.
  public var legend: String
  /// The title.
  public var title: String
  /// The share at the outermost circle; nil adapts it to this rose. Use the same value for roses that are compared.
  public var largest: Double?

  /// A rose of `shares`.
  public init(
    title: String, shares: [[Double]], magnitudes: [String], legend: String, largest: Double? = nil
  ) {
    precondition(shares.allSatisfy { $0.count == magnitudes.count })
    (self.title, self.shares, self.magnitudes) = (title, shares, magnitudes)
    (self.legend, self.largest) = (legend, largest)
  }

  /// Draws the rose with its legend.
  public func draw(on canvas: Canvas, in frame: Rectangle) {
    canvas.text(
      title, at: Point(frame.x, frame.y), Self.titleStyle, anchor: TextAnchor(.left, .top))
    let top = frame.y + Self.titleStyle.capHeight + 14
    let bottom = frame.maxY - 42
    let center = Point(frame.x + frame.width / 2, (top + bottom) / 2)
    let radius = max(min(frame.width, bottom - top) / 2 - 20, 1)
    let whole = max(largest ?? shares.map { $0.reduce(0, +) }.max() ?? 0, 1e-9)
    func reach(_ share: Double) -> Double { (share / whole).squareRoot() * radius }
    let step = shares.isEmpty ? 0 : 2 * Double.pi / Double(shares.count)
    for (direction, magnitudes) in shares.enumerated() {
      let middle = Double(direction) * step
      var inner = 0.0
      var sum = 0.0
      for (index, share) in magnitudes.enumerated() where share > 0 {
        sum += share
        let outer = reach(sum)
        // Leave a narrow gap between wedges.
        canvas.polygon(
          Self.ring(center, inner, outer, from: middle - step * 0.47, to: middle + step * 0.47),
          color(index))
        inner = outer
      }
    }
    for part in [0.25, 0.5, 1] {
      let share = whole * part
      canvas.circle(center, radius: reach(share), Stroke(Palette.axis.opacity(0.45), width: 0.8))
      // An angle between two wedges.
      let angle = -step / 2
      canvas.text(
        String(format: share < 0.1 ? "%.1f%%" : "%.0f%%", 100 * share),
        at: Point(center.x + reach(share) * cos(angle), center.y + reach(share) * sin(angle)),
        Self.number, anchor: TextAnchor(.center, .middle),
        halo: Stroke(Color.white.opacity(0.9), width: 3))
    }
    for (name, x, y) in [("right", 1.0, 0.0), ("down", 0, 1), ("left", -1, 0), ("up", 0, -1)] {
      canvas.text(
        name, at: Point(center.x + x * (radius + 6), center.y + y * (radius + 11)), Self.number,
        anchor: TextAnchor(x > 0 ? .left : x < 0 ? .right : .center, .middle))
    }
    drawLegend(on: canvas, at: Point(frame.x, frame.maxY - 26), width: frame.width)
  }

  private func color(_ magnitude: Int) -> Color {
    Palette.share(0.2 + 0.8 * Double(magnitude) / Double(max(magnitudes.count - 1, 1)))
  }

  private func drawLegend(on canvas: Canvas, at start: Point, width: Double) {
    canvas.text(legend, at: start, Self.number)
    let cell = width / Double(max(magnitudes.count, 1))
    for (index, name) in magnitudes.enumerated() {
      let left = start.x + Double(index) * cell
      canvas.fill(Rectangle(x: left, y: start.y + 6, width: cell - 2, height: 8), color(index))
      canvas.text(name, at: Point(left, start.y + 26), Self.number)
    }
  }

  /// The part of a ring between two angles in radians, clockwise from the right.
  private static func ring(
    _ center: Point, _ inner: Double, _ outer: Double, from: Double, to: Double
  ) -> [Point] {
    let pieces = 16
    func arc(_ radius: Double) -> [Point] {
      (0...pieces).map { piece in
        let angle = from + (to - from) * Double(piece) / Double(pieces)
        return Point(center.x + radius * cos(angle), center.y + radius * sin(angle))
      }
    }
    return arc(outer) + (inner > 0 ? arc(inner).reversed() : [center])
  }

  private static let titleStyle = TextStyle(size: 14, bold: true)
  private static let number = TextStyle(size: 10.5, color: Palette.faintInk)
}
