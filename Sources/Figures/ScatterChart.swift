/// The points of an embedding, by group. Both axes have the same scale and no numbers: only neighborhoods are meaningful.
public struct ScatterChart: Panel {
  /// The points of one group.
  public struct Series: Sendable {
    /// The name in the legend.
    public var name: String
    /// The points in any unit, y upward. Points that are not finite are not drawn.
    public var points: [Point]
    /// The color.
    public var color: Color
    /// The shape of the points.
    public var marker: Marker

    /// A group of points.
    public init(_ name: String, points: [Point], color: Color, marker: Marker) {
      (self.name, self.points, self.color, self.marker) = (name, points, color, marker)
    }
  }

  /// The title.
  public var title: String
  /// A line below the title; empty for none.
  public var subtitle: String
  /// The groups.
  public var series: [Series]

  /// A chart of groups.
  public init(title: String, subtitle: String = "", series: [Series]) {
    (self.title, self.subtitle, self.series) = (title, subtitle, series)
  }

  /// Draws the chart.
  public func draw(on canvas: Canvas, in frame: Rectangle) {
    var top = frame.y
    canvas.text(
      title, at: Point(frame.x, top), Self.titleStyle, anchor: TextAnchor(.left, .top))
    top += Self.titleStyle.capHeight + 10
    if !subtitle.isEmpty {
      canvas.text(
        subtitle, at: Point(frame.x, top), Self.subtitleStyle, anchor: TextAnchor(.left, .top))
      top += Self.subtitleStyle.capHeight + 12
    }
    top = drawLegend(on: canvas, at: Point(frame.x, top), width: frame.width)
    let plot = Rectangle(x: frame.x, y: top, width: frame.width, height: frame.maxY - top)
    canvas.outline(plot.inset(by: 0.5), Stroke(Palette.axis))
    let visible = series.flatMap(\.points).filter { abs($0.x) <= 1e300 && abs($0.y) <= 1e300 }
    guard let first = visible.first else { return }
    let (left, right) = visible.reduce((first.x, first.x)) { (min($0.0, $1.x), max($0.1, $1.x)) }
    let (low, high) = visible.reduce((first.y, first.y)) { (min($0.0, $1.y), max($0.1, $1.y)) }
    let room = plot.inset(by: 14)
    // Halve first, so that differences of large numbers stay finite.
    let span = (x: right / 2 - left / 2, y: high / 2 - low / 2)
    let scale = min(
      span.x > 0 ? room.width / 2 / span.x : .infinity,
      span.y > 0 ? room.height / 2 / span.y : .infinity)
    let middle = (x: left / 2 + right / 2, y: low / 2 + high / 2)
    func place(_ point: Point) -> Point {
      guard scale.isFinite else { return room.center }
      return Point(
        room.center.x + (point.x - middle.x) * scale, room.center.y - (point.y - middle.y) * scale)
    }
    let size = visible.count > 2000 ? 2.2 : visible.count > 500 ? 3.0 : 4.0
    // Draw one point of each series in turn, so that none covers all others.
    let longest = series.map(\.points.count).max() ?? 0
    for index in 0..<longest {
      for series in series where index < series.points.count {
        let point = series.points[index]
        guard abs(point.x) <= 1e300, abs(point.y) <= 1e300 else { continue }
        canvas.marker(
          series.marker, at: place(point), size: size, series.color.opacity(0.85),
          border: Stroke(Color.white.opacity(0.8), width: 1))
      }
    }
  }

  /// Draws the legend in as many lines as necessary; returns the top of the plot.
  private func drawLegend(on canvas: Canvas, at start: Point, width: Double) -> Double {
    var (x, y) = (start.x, start.y)
    for series in series {
      let entry = 16 + Self.legendStyle.width(of: series.name) + 18
      if x > start.x, x + entry - 18 > start.x + width { (x, y) = (start.x, y + 18) }
      let middle = y + Self.legendStyle.capHeight / 2
      canvas.marker(series.marker, at: Point(x + 5, middle), size: 4.5, series.color)
      canvas.text(
        series.name, at: Point(x + 16, middle), Self.legendStyle, anchor: TextAnchor(.left, .middle)
      )
      x += entry
    }
    return y + Self.legendStyle.capHeight + 12
  }

  private static let titleStyle = TextStyle(size: 14, bold: true)
  private static let subtitleStyle = TextStyle(size: 11.5, color: Palette.faintInk)
  private static let legendStyle = TextStyle(size: 11.5)
}
