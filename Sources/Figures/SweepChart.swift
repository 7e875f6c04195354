/// Results of runs against a varied value: a point for each run and, for each value, the mean, with the standard
/// deviation if there are several runs.
public struct SweepChart: Panel {
  /// The runs with the same value.
  public struct Group: Sendable {
    /// The label on the axis.
    public var label: String
    /// The position on the axis.
    public var x: Double
    /// The results, one per run.
    public var results: [Double]
    /// The mean of the results.
    public var mean: Double
    /// The standard deviation of the results; 0 for none.
    public var deviation: Double

    /// The runs with the same value.
    public init(label: String, x: Double, results: [Double], mean: Double, deviation: Double) {
      (self.label, self.x, self.results) = (label, x, results)
      (self.mean, self.deviation) = (mean, deviation)
    }
  }

  /// The label of the x axis.
  public var xLabel: String
  /// The label of the y axis.
  public var yLabel: String
  /// The groups in ascending order.
  public var groups: [Group]
  /// True to join the means with a line, if there are values in between.
  public var joinsMeans: Bool
  /// The values for comparison.
  public var references: [LineChart.Reference]
  /// The scale of the x axis.
  public var xScale: Axes.Scale
  /// The scale of the y axis.
  public var yScale: Axes.Scale

  /// A chart of groups of runs.
  public init(
    xLabel: String, yLabel: String, groups: [Group], joinsMeans: Bool,
    references: [LineChart.Reference] = [], xScale: Axes.Scale = .linear,
    yScale: Axes.Scale = .linear
  ) {
    (self.xLabel, self.yLabel, self.groups) = (xLabel, yLabel, groups)
    (self.joinsMeans, self.references) = (joinsMeans, references)
    (self.xScale, self.yScale) = (xScale, yScale)
  }

  /// Draws the chart.
  public func draw(on canvas: Canvas, in frame: Rectangle) {
    drawLegend(on: canvas, at: frame)
    let values =
      groups.flatMap { $0.results + [$0.mean - $0.deviation, $0.mean + $0.deviation] }
      + references.map(\.value)
    let axes = Axes(
      x: (xLabel, xScale, Axes.Axis.range(of: groups.map(\.x), scale: xScale, margin: 0.08)),
      y: (yLabel, yScale, Axes.Axis.range(of: values, scale: yScale, margin: 0.08)),
      xTicks: ticks(width: frame.width - 80),
      in: Rectangle(x: frame.x, y: frame.y + 24, width: frame.width, height: frame.height - 24))
    axes.draw(on: canvas)
    for reference in references {
      guard let left = axes.place(Point(axes.x.range.lowerBound, reference.value)) else { continue }
      let right = Point(axes.plot.maxX, left.y)
      canvas.line(from: left, to: right, Stroke(Palette.faintInk, width: 1.2, dash: [5, 4]))
      canvas.text(
        reference.label, at: Point(right.x - 4, right.y - 5), Axes.tick, anchor: .right,
        halo: Stroke(Color.white.opacity(0.85), width: 3))
    }
    if joinsMeans {
      canvas.polyline(
        groups.compactMap { axes.place(Point($0.x, $0.mean)) }, Stroke(Palette.blue, width: 1.5))
    }
    for group in groups {
      // Runs that would cover each other are drawn side by side.
      var taken: [Point] = []
      for result in group.results {
        guard var place = axes.place(Point(group.x, result)) else { continue }
        place.x += 12
        while taken.contains(where: { abs($0.x - place.x) < 8 && abs($0.y - place.y) < 8 }) {
          place.x += 9
        }
        taken.append(place)
        canvas.circle(place, radius: 3.5, Stroke(Palette.vermillion, width: 1.4))
      }
      guard let mean = axes.place(Point(group.x, group.mean)) else { continue }
      if group.deviation > 0,
        let low = axes.place(Point(group.x, group.mean - group.deviation)),
        let high = axes.place(Point(group.x, group.mean + group.deviation))
      {
        let stroke = Stroke(Palette.blue, width: 1.5)
        canvas.line(from: low, to: high, stroke)
        for end in [low, high] {
          canvas.line(from: Point(end.x - 5, end.y), to: Point(end.x + 5, end.y), stroke)
        }
      }
      canvas.disc(mean, radius: 4.5, Palette.blue)
    }
  }

  /// The values as ticks; if labels would overlap, only the first of them.
  private func ticks(width: Double) -> Ticks {
    let range = Axes.Axis.range(of: groups.map(\.x), scale: xScale, margin: 0.08)
    let axis = Axes.Axis(label: "", scale: xScale, range: range, tickCount: 2)
    var end = -Double.infinity
    let shown = groups.filter { group in
      guard let across = axis.position(of: group.x) else { return false }
      let half = Axes.tick.width(of: group.label) / 2
      guard across * width - half > end + 8 else { return false }
      end = across * width + half
      return true
    }
    return Ticks(values: shown.map(\.x), labels: shown.map(\.label))
  }

  private func drawLegend(on canvas: Canvas, at frame: Rectangle) {
    let middle = frame.y + 5
    canvas.disc(Point(frame.x + 6, middle), radius: 4.5, Palette.blue)
    let style = TextStyle(size: 11.5)
    let text =
      groups.contains { $0.deviation > 0 } ? "mean ± standard deviation" : "mean"
    canvas.text(text, at: Point(frame.x + 16, middle), style, anchor: TextAnchor(.left, .middle))
    let x = frame.x + 16 + style.width(of: text) + 24
    canvas.circle(Point(x, middle), radius: 3.5, Stroke(Palette.vermillion, width: 1.4))
    canvas.text("a run", at: Point(x + 10, middle), style, anchor: TextAnchor(.left, .middle))
  }
}
