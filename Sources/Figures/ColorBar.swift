import Media

/// The legend of heat maps.
public struct ColorBar: Panel {
  /// The quantity with its unit.
  public let label: String
  /// The values of the darkest and the lightest color.
  public let range: ClosedRange<Double>

  /// A legend for values in `range`.
  public init(label: String, range: ClosedRange<Double>) {
    self.label = label
    self.range = range
  }

  /// The height of a bar with its label and ticks, in points.
  public static let height = 48.0

  /// Draws the bar with its label and ticks.
  public func draw(on canvas: Canvas, in frame: Rectangle) {
    var style = Axes.label
    style.size *= min(1, frame.width / max(style.width(of: label), 1))
    canvas.text(label, at: Point(frame.x, frame.y), style, anchor: TextAnchor(.left, .top))
    let bar = Rectangle(x: frame.x, y: frame.y + 15, width: frame.width, height: 12)
    let levels = Array(0...255).map { Float($0) / 255 }
    canvas.picture(HeatMap(width: 256, height: 1, values: levels).picture, in: bar)
    let span = range.upperBound - range.lowerBound
    let ticks = Ticks.linear(range, count: min(max(Int(frame.width / 60), 2), 6))
    for (value, text) in zip(ticks.values, ticks.labels) {
      let place = bar.x + (value - range.lowerBound) / span * bar.width
      let x = min(max(place, bar.x + 0.5), bar.maxX - 0.5)
      canvas.line(from: Point(x, bar.maxY), to: Point(x, bar.maxY + 4), Stroke(Palette.axis))
      // The outermost labels stay within the frame.
      let half = Axes.tick.width(of: text) / 2
      canvas.text(
        text, at: Point(min(max(x, frame.x + half), frame.maxX - half), bar.maxY + 8), Axes.tick,
        anchor: TextAnchor(.center, .top))
    }
  }
}
