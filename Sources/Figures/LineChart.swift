/// The content of a panel of a figure.
public protocol Panel: Sendable {
  /// Draws within `frame`, in points.
  func draw(on canvas: Canvas, in frame: Rectangle)
}

/// Curves with common axes: losses, accuracies, learning rates.
///
/// Points that cannot be shown (not finite, or not positive on a logarithmic axis) leave a gap. Long series are reduced
/// to what is visible: the first, lowest, highest and last point of each column of one point, so that no spike is lost
/// and files stay small.
public struct LineChart: Panel {
  /// One curve.
  public struct Series: Sendable {
    /// The name in the legend; empty for none.
    public var name: String
    /// The points in drawing order, in the units of the axes.
    public var points: [Point]
    /// The color; nil for the palette's color of its index.
    public var color: Color?
    /// True if each point gets a disc.
    public var hasMarkers: Bool
    /// The lengths of dashes and gaps, alternating, in points; empty for a solid line.
    public var dash: [Double]

    /// A curve.
    public init(
      _ name: String, points: [Point], color: Color? = nil, hasMarkers: Bool = false,
      dash: [Double] = []
    ) {
      self.name = name
      self.points = points
      self.color = color
      self.hasMarkers = hasMarkers
      self.dash = dash
    }
  }

  /// A value for comparison, drawn as a dashed horizontal line.
  public struct Reference: Sendable {
    /// The text at the line, such as "chance".
    public var label: String
    /// The value on the y axis.
    public var value: Double

    /// A line at `value`.
    public init(_ label: String, value: Double) {
      self.label = label
      self.value = value
    }
  }

  /// The title.
  public var title: String
  /// The label of the x axis.
  public var xLabel: String
  /// The label of the y axis.
  public var yLabel: String
  /// The curves.
  public var series: [Series]
  /// The values for comparison.
  public var references: [Reference]
  /// The scale of the x axis.
  public var xScale: Axes.Scale
  /// The scale of the y axis.
  public var yScale: Axes.Scale
  /// The values at the ends of the y axis, positive if it is logarithmic; nil adapts them to the data and the references.
  public var yRange: ClosedRange<Double>?

  /// A chart of curves.
  public init(
    title: String = "", xLabel: String = "", yLabel: String = "", series: [Series],
    references: [Reference] = [], xScale: Axes.Scale = .linear, yScale: Axes.Scale = .linear,
    yRange: ClosedRange<Double>? = nil
  ) {
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.series = series
    self.references = references
    self.xScale = xScale
    self.yScale = yScale
    self.yRange = yRange
  }

  /// Draws the chart.
  public func draw(on canvas: Canvas, in frame: Rectangle) {
    var top = frame.y
    if !title.isEmpty {
      canvas.text(
        title, at: Point(frame.x, top), Self.titleStyle, anchor: TextAnchor(.left, .top))
      top += Self.titleStyle.capHeight + 14
    }
    top = drawLegend(on: canvas, at: Point(frame.x, top), width: frame.width)
    let axes = axes(
      in: Rectangle(x: frame.x, y: top, width: frame.width, height: frame.maxY - top))
    axes.draw(on: canvas)
    // A small margin shows lines and markers at the edge completely.
    canvas.clipped(to: axes.plot.inset(by: -4)) {
      for reference in references { draw(reference, axes, on: canvas) }
      for (index, series) in series.enumerated() {
        draw(series, color(of: series, at: index), axes, on: canvas)
      }
    }
    for reference in references { drawLabel(of: reference, axes, on: canvas) }
  }

  private func axes(in frame: Rectangle) -> Axes {
    // A point that cannot be shown on one axis must not stretch the other.
    let visible = series.lazy.flatMap(\.points).filter {
      Axes.Axis.canShow($0.x, on: xScale) && Axes.Axis.canShow($0.y, on: yScale)
    }
    let xs = Axes.Axis.range(of: visible.map(\.x), scale: xScale, margin: 0.02)
    let values = Array(visible.map(\.y)) + references.map(\.value)
    var ys = Axes.Axis.range(of: values, scale: yScale, margin: 0.06)
    if let yRange, yRange.lowerBound < yRange.upperBound,
      Axes.Axis.canShow(yRange.lowerBound, on: yScale),
      Axes.Axis.canShow(yRange.upperBound, on: yScale)
    {
      ys = yRange
    }
    return Axes(x: (xLabel, xScale, xs), y: (yLabel, yScale, ys), in: frame)
  }

  private func color(of series: Series, at index: Int) -> Color {
    series.color ?? Palette.series(index)
  }

  /// Draws the legend in as many lines as necessary; returns the top of the plot.
  private func drawLegend(on canvas: Canvas, at start: Point, width: Double) -> Double {
    let named = series.enumerated().filter { !$0.element.name.isEmpty }
    guard !named.isEmpty else { return start.y }
    var (x, y) = (start.x, start.y)
    for (index, series) in named {
      let entry = 22 + 6 + Self.legendStyle.width(of: series.name) + 18
      if x > start.x, x + entry - 18 > start.x + width {
        (x, y) = (start.x, y + 18)
      }
      let middle = y + Self.legendStyle.capHeight / 2
      let color = color(of: series, at: index)
      canvas.line(
        from: Point(x, middle), to: Point(x + 22, middle),
        Stroke(color, width: 2, dash: series.dash))
      if series.hasMarkers { canvas.disc(Point(x + 11, middle), radius: Self.markerRadius, color) }
      canvas.text(
        series.name, at: Point(x + 28, middle), Self.legendStyle, anchor: TextAnchor(.left, .middle)
      )
      x += entry
    }
    return y + Self.legendStyle.capHeight + 12
  }

  private func draw(_ series: Series, _ color: Color, _ axes: Axes, on canvas: Canvas) {
    let pieces = series.points.map(axes.place).split(separator: nil).map { $0.compactMap(\.self) }
    for piece in pieces {
      let visible = reduced(piece)
      canvas.polyline(visible, Stroke(color, width: Self.lineWidth, dash: series.dash))
      if series.hasMarkers {
        for point in visible { canvas.disc(point, radius: Self.markerRadius, color) }
      } else if piece.count == 1 {
        canvas.disc(piece[0], radius: Self.markerRadius, color)
      }
    }
  }

  /// Reduces each run of points within a column of one point to its first, lowest, highest and last point, in order.
  /// Limits coordinates to what Cairo supports.
  private func reduced(_ points: [Point]) -> [Point] {
    var result: [Point] = []
    var start = 0
    while start < points.count {
      let column = points[start].x.rounded(.down)
      var end = start + 1
      while end < points.count, points[end].x.rounded(.down) == column { end += 1 }
      let run = start..<end
      let kept = Set([
        start, run.min { points[$0].y < points[$1].y }!, run.max { points[$0].y < points[$1].y }!,
        end - 1,
      ])
      for index in kept.sorted() {
        result.append(
          Point(
            min(max(points[index].x, -1e6), 1e6), min(max(points[index].y, -1e6), 1e6)))
      }
      start = end
    }
    return result
  }

  private func draw(_ reference: Reference, _ axes: Axes, on canvas: Canvas) {
    guard let height = height(of: reference, axes) else { return }
    canvas.line(
      from: Point(axes.plot.x, height), to: Point(axes.plot.maxX, height),
      Stroke(Palette.faintInk, width: 1.2, dash: [5, 4]))
  }

  private func drawLabel(of reference: Reference, _ axes: Axes, on canvas: Canvas) {
    guard let height = height(of: reference, axes) else { return }
    canvas.text(
      reference.label, at: Point(axes.plot.maxX - 4, height - 5), Axes.tick, anchor: .right,
      halo: Stroke(Color.white.opacity(0.85), width: 3))
  }

  /// The height of a reference's line; nil outside the plot.
  private func height(of reference: Reference, _ axes: Axes) -> Double? {
    guard let up = axes.y.position(of: reference.value), (0...1).contains(up) else { return nil }
    return axes.plot.maxY - up * axes.plot.height
  }

  private static let lineWidth = 1.8
  private static let markerRadius = 3.0
  private static let titleStyle = TextStyle(size: 14, bold: true)
  private static let legendStyle = TextStyle(size: 11.5)
}
