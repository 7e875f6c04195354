import CCairo

/// The style of a line.
public struct Stroke: Hashable, Sendable {
  /// The color.
  public var color: Color
  /// The width in points.
  public var width: Double
  /// The lengths of dashes and gaps, alternating, in points; empty for a solid line.
  public var dash: [Double]

  /// A stroke with this color, width and dash pattern.
  public init(_ color: Color, width: Double = 1, dash: [Double] = []) {
    self.color = color
    self.width = width
    self.dash = dash
  }
}

extension Canvas {
  /// Draws a straight line from `start` to `end`.
  public func line(from start: Point, to end: Point, _ stroke: Stroke) {
    polyline([start, end], stroke)
  }

  /// Draws lines between consecutive points, and from the last to the first if `closed`. A single point draws nothing.
  public func polyline(_ points: [Point], closed: Bool = false, _ stroke: Stroke) {
    guard points.count > 1 else { return }
    trace(points)
    if closed { cairo_close_path(context) }
    paint(stroke)
  }

  /// Fills the polygon with these corners.
  public func polygon(_ points: [Point], _ color: Color) {
    guard points.count > 2 else { return }
    trace(points)
    cairo_close_path(context)
    paint(color)
  }

  /// Fills a rectangle. It covers whole pixels exactly if its edges are on pixel boundaries.
  public func fill(_ rectangle: Rectangle, _ color: Color) {
    cairo_rectangle(context, rectangle.x, rectangle.y, rectangle.width, rectangle.height)
    paint(color)
  }

  /// Draws the border of a rectangle; half of the stroke's width is on either side.
  public func outline(_ rectangle: Rectangle, _ stroke: Stroke) {
    cairo_rectangle(context, rectangle.x, rectangle.y, rectangle.width, rectangle.height)
    paint(stroke)
  }

  /// Fills a disc, with `border` around it if given. The radius is in points.
  public func disc(_ center: Point, radius: Double, _ color: Color, border: Stroke? = nil) {
    if let border {
      circle(center, radius: radius, border)
    }
    cairo_new_sub_path(context)
    cairo_arc(context, center.x, center.y, radius, 0, 2 * .pi)
    paint(color)
  }

  /// Draws a circle. The radius is in points.
  public func circle(_ center: Point, radius: Double, _ stroke: Stroke) {
    cairo_new_sub_path(context)
    cairo_arc(context, center.x, center.y, radius, 0, 2 * .pi)
    paint(stroke)
  }

  /// Draws an arrow with its tip at `end`, or a dot if it has no length.
  ///
  /// - Parameters:
  ///   - start: The position of the other end, in points.
  ///   - end: The position of the tip, in points.
  ///   - stroke: The color and width of the shaft. The head is in proportion; dashes are ignored.
  ///   - halo: A border that separates the arrow from a picture.
  public func arrow(from start: Point, to end: Point, _ stroke: Stroke, halo: Stroke? = nil) {
    let vector = Vector(end.x - start.x, end.y - start.y)
    let length = vector.length
    guard length > 0 else {
      disc(start, radius: stroke.width * 1.2, stroke.color, border: halo)
      return
    }
    let head = min(length, stroke.width * 3.6)
    let half = (shaft: stroke.width / 2, head: head * 0.5)
    // Coordinates along the arrow from its start, and across it to the right.
    func place(_ along: Double, _ across: Double) -> Point {
      Point(
        start.x + (vector.dx * along - vector.dy * across) / length,
        start.y + (vector.dy * along + vector.dx * across) / length)
    }
    let shape = [
      place(0, -half.shaft), place(length - head, -half.shaft), place(length - head, -half.head),
      end, place(length - head, half.head), place(length - head, half.shaft), place(0, half.shaft),
    ]
    if let halo { polyline(shape, closed: true, halo) }
    polygon(shape, stroke.color)
  }

  /// Runs `body` and clips its drawings at the edges of `rectangle`.
  public func clipped<Result>(to rectangle: Rectangle, _ body: () throws -> Result) rethrows
    -> Result
  {
    cairo_save(context)
    defer { cairo_restore(context) }
    cairo_rectangle(context, rectangle.x, rectangle.y, rectangle.width, rectangle.height)
    cairo_clip(context)
    return try body()
  }

  private func trace(_ points: [Point]) {
    cairo_new_path(context)
    for point in points { cairo_line_to(context, point.x, point.y) }
  }

  private func paint(_ color: Color) {
    setSource(color)
    cairo_fill(context)
  }

  private func paint(_ stroke: Stroke) {
    setSource(stroke.color)
    cairo_set_line_width(context, stroke.width)
    cairo_set_line_join(context, CAIRO_LINE_JOIN_MITER)
    cairo_set_miter_limit(context, 3)
    cairo_set_dash(context, stroke.dash, Int32(stroke.dash.count), 0)
    cairo_stroke(context)
  }

  func setSource(_ color: Color) {
    cairo_set_source_rgba(context, color.red, color.green, color.blue, color.alpha)
  }
}
