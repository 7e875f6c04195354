import Foundation

/// A pair of axes: maps data values to the canvas, and draws lines, ticks and labels around them.
public struct Axes: Sendable {
  /// How values are placed along an axis and formatted.
  public enum Scale: Sendable {
    /// Linear.
    case linear
    /// Linear; the values are shares from 0 to 1, formatted as percentages.
    case percent
    /// Logarithmic; only positive values can be shown.
    case logarithmic
  }

  /// One of the two axes.
  public struct Axis: Sendable {
    /// The quantity with its unit; empty for none.
    public let label: String
    /// How values are placed and formatted.
    public let scale: Scale
    /// The values at the ends of the axis.
    public let range: ClosedRange<Double>
    let ticks: Ticks

    /// - Parameters:
    ///   - label: the quantity with its unit; empty for none.
    ///   - scale: how values are placed and formatted.
    ///   - range: the values at the ends of the axis.
    ///   - tickCount: the approximate number of ticks.
    ///   - ticks: the positions and texts of the ticks; nil for about `tickCount` round numbers.
    init(
      label: String, scale: Scale, range: ClosedRange<Double>, tickCount: Int, ticks: Ticks? = nil
    ) {
      self.label = label
      self.scale = scale
      self.range = range
      if let ticks {
        self.ticks = ticks
        return
      }
      self.ticks =
        switch scale {
        case .linear: .linear(range, count: tickCount)
        case .percent: .linear(range, count: tickCount, percent: true)
        case .logarithmic: .logarithmic(range, count: tickCount)
        }
    }

    /// The position of `value`: 0 at the lower end, 1 at the upper end; nil if it cannot be shown.
    public func position(of value: Double) -> Double? {
      guard Self.canShow(value, on: scale) else { return nil }
      let position =
        scale == .logarithmic
        ? (log10(value) - log10(range.lowerBound))
          / (log10(range.upperBound) - log10(range.lowerBound))
        : (value - range.lowerBound) / (range.upperBound - range.lowerBound)
      return position.isFinite ? position : nil
    }

    /// True if a value can be shown: it is finite, within 1e300 so that differences stay finite, and on logarithmic axes
    /// greater than 1e-300.
    static func canShow(_ value: Double, on scale: Scale) -> Bool {
      scale == .logarithmic ? value >= 1e-300 && value <= 1e300 : abs(value) <= 1e300
    }

    /// A range that contains all of `values`, with a margin of `share` times the span at both ends.
    ///
    /// Without values it is 0...1 (1...10 if logarithmic); a single value is centered. Shares in 0...1 give a range in
    /// 0...1.
    static func range(of values: some Sequence<Double>, scale: Scale, margin share: Double)
      -> ClosedRange<Double>
    {
      var low = Double.infinity
      var high = -Double.infinity
      for value in values where canShow(value, on: scale) {
        low = min(low, value)
        high = max(high, value)
      }
      switch scale {
      case .logarithmic:
        guard low <= high else { return 1...10 }
        // Values whose logarithms are indistinguishable count as one.
        guard high / low > 1 + 1e-6 else { return low / 2...high * 2 }
        let margin = pow(high / low, share)
        return max(low / margin, 1e-300)...min(high * margin, 1e300)
      case .linear, .percent:
        guard low <= high else { return 0...1 }
        let span = high - low
        // A Double has 16 digits: a span that is too small relative to the values counts as none.
        let least = max(abs(low), abs(high)) * 1e-9
        let margin = span > least ? span * share : max(max(abs(low), abs(high)) * 0.1, 1e-6)
        let range = (low - margin)...(high + margin)
        return scale == .percent && low >= 0 && high <= 1 ? range.clamped(to: 0...1) : range
      }
    }
  }

  /// The horizontal axis.
  public let x: Axis
  /// The vertical axis.
  public let y: Axis
  /// The area between the axes, in points.
  public let plot: Rectangle

  /// Axes whose plot, ticks and labels fill `frame` (in points).
  init(
    x: (label: String, scale: Scale, range: ClosedRange<Double>),
    y: (label: String, scale: Scale, range: ClosedRange<Double>), xTicks: Ticks? = nil,
    in frame: Rectangle
  ) {
    let bottom = Self.tickLength + 6 + Self.tick.capHeight + (x.label.isEmpty ? 2 : 28)
    let top = Self.tick.capHeight / 2
    let height = max(frame.height - top - bottom, 1)
    self.y = Axis(
      label: y.label, scale: y.scale, range: y.range,
      tickCount: min(max(Int(height / 44), 2), 7))
    let widest = self.y.ticks.labels.map(Self.tick.width).max() ?? 0
    let left = (y.label.isEmpty ? 0 : 24) + widest + 6 + Self.tickLength
    // Half of the last number extends beyond the right end.
    let width = max(frame.width - left - 14, 1)
    self.x = Axis(
      label: x.label, scale: x.scale, range: x.range,
      tickCount: min(max(Int(width / 80), 2), 8), ticks: xTicks)
    plot = Rectangle(
      x: (frame.x + left).rounded(), y: (frame.y + top).rounded(), width: width.rounded(),
      height: height.rounded())
  }

  /// The position of a data point on the canvas, in points, possibly outside the plot; nil if a coordinate cannot be
  /// shown.
  public func place(_ point: Point) -> Point? {
    guard let across = x.position(of: point.x), let up = y.position(of: point.y) else { return nil }
    return Point(plot.x + across * plot.width, plot.maxY - up * plot.height)
  }

  /// Draws the grid, axes, ticks and labels. Draw the data afterwards.
  func draw(on canvas: Canvas) {
    let grid = Stroke(Palette.grid)
    let axis = Stroke(Palette.axis)
    for (value, label) in zip(y.ticks.values, y.ticks.labels) {
      guard let up = y.position(of: value) else { continue }
      let height = crisp(plot.maxY - up * plot.height)
      canvas.line(from: Point(plot.x, height), to: Point(plot.maxX, height), grid)
      canvas.line(
        from: Point(plot.x - Self.tickLength, height), to: Point(plot.x, height), axis)
      canvas.text(
        label, at: Point(plot.x - Self.tickLength - 5, height), Self.tick,
        anchor: TextAnchor(.right, .middle))
    }
    for (value, label) in zip(x.ticks.values, x.ticks.labels) {
      guard let across = x.position(of: value) else { continue }
      let place = crisp(plot.x + across * plot.width)
      canvas.line(from: Point(place, plot.y), to: Point(place, plot.maxY), grid)
      canvas.line(
        from: Point(place, plot.maxY), to: Point(place, plot.maxY + Self.tickLength), axis)
      canvas.text(
        label, at: Point(place, plot.maxY + Self.tickLength + 6), Self.tick,
        anchor: TextAnchor(.center, .top))
    }
    let corner = Point(crisp(plot.x), crisp(plot.maxY))
    canvas.polyline(
      [Point(corner.x, plot.y), corner, Point(plot.maxX, corner.y)], axis)
    canvas.text(
      x.label, at: Point(plot.center.x, plot.maxY + Self.tickLength + 6 + Self.tick.capHeight + 12),
      Self.label, anchor: TextAnchor(.center, .top))
    let widest = y.ticks.labels.map(Self.tick.width).max() ?? 0
    canvas.text(
      y.label, at: Point(plot.x - Self.tickLength - 5 - widest - 12, plot.center.y), Self.label,
      anchor: TextAnchor(.center), degrees: -90)
  }

  /// The center of the pixel at `value`, which makes lines of one point sharp.
  private func crisp(_ value: Double) -> Double { value.rounded(.down) + 0.5 }

  private static let tickLength = 4.0
  static let tick = TextStyle(size: 11, color: Palette.faintInk)
  static let label = TextStyle(size: 12.5)
}
