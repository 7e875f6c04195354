import Figures
import Foundation
import SafeFiles
import Training

/// The learning curves of runs: loss, accuracy, learning rate and speed over steps, for training and validation.
public struct LearningCurves {
  /// The metrics of one run.
  public struct Run {
    /// The name in the legend.
    public let name: String
    let metrics: Metrics
    /// The accuracy of guessing, drawn as a line; nil without classes.
    let chance: Double?

    /// The metrics of one run; `chance` is the accuracy of guessing.
    public init(name: String, metrics: Metrics, chance: Double?) {
      (self.name, self.metrics, self.chance) = (name, metrics, chance)
    }
  }

  private let runs: [Run]

  /// The curves of one run.
  ///
  /// - Parameters:
  ///   - metrics: the records in the run's metrics.jsonl.
  ///   - chance: the accuracy of guessing; nil without classes.
  public init(of metrics: Metrics, chance: Double?) {
    self.init([Run(name: "", metrics: metrics, chance: chance)])
  }

  /// The curves of several runs in one figure. For long trainings, neighboring steps are averaged.
  public init(_ runs: [Run]) { self.runs = runs }

  /// A figure of all panels.
  public func figure(title: String) -> Figure {
    Figure(title: title, panels: panels, columns: 2)
  }

  /// Loss, accuracy (if the task has classes), learning rate and speed.
  public var panels: [LineChart] {
    let chances = Set(runs.compactMap(\.chance)).sorted()
    let hasClasses = runs.contains { $0.metrics.steps.contains { $0.top1 != nil } }
    let loss = LineChart(
      title: heading("Loss"), xLabel: "step", yLabel: hasClasses ? "cross-entropy" : "loss",
      series: series {
        $0.loss
      } validation: {
        $0.loss
      })
    let accuracy = LineChart(
      title: heading("Accuracy"), xLabel: "step", yLabel: "top-1",
      series: series {
        $0.top1
      } validation: {
        $0.top1
      },
      references: chances.map {
        .init(
          chances.count == 1 ? "chance" : "chance \(Format.percent($0, digits: 0))", value: $0)
      }, yScale: .percent, yRange: 0...1)
    let rate = LineChart(
      title: "Learning rate", xLabel: "step", yLabel: "rate",
      series: series(isSmooth: true) { $0.learningRate })
    let speed = LineChart(
      title: "Speed", xLabel: "step", yLabel: "clips per second",
      series: series { $0.clipsPerSecond })
    return hasClasses ? [loss, accuracy, rate, speed] : [loss, rate, speed]
  }

  private func heading(_ measure: String) -> String {
    runs.count > 1 ? "\(measure) (lines: training, discs: validation)" : measure
  }

  /// The curves of a measure: for one run, in one color for training and one for validation; for several runs, in a color
  /// for each run.
  private func series(
    isSmooth: Bool = false, _ training: (StepRecord) -> Double?,
    validation: ((ValidationRecord) -> Double?)? = nil
  ) -> [LineChart.Series] {
    func point(_ step: Int, _ value: Double?) -> Point? {
      value.flatMap { $0.isFinite ? Point(Double(step), $0) : nil }
    }
    return runs.enumerated().flatMap { index, run -> [LineChart.Series] in
      var steps = run.metrics.steps.compactMap { point($0.step, training($0)) }
      if runs.count > 1, !isSmooth { steps = Self.smoothed(steps, parts: 50) }
      if runs.count == 1, !isSmooth { steps = Self.smoothed(steps, parts: 400) }
      let color = Palette.series(index)
      // Colors repeat after seven.
      let dash: [Double] = index / Palette.series.count % 2 == 1 ? [6, 3] : []
      let validated = validation.map { validation in
        run.metrics.validations.compactMap { point($0.step, validation($0)) }
      }
      guard runs.count > 1 else {
        guard let validated else { return [LineChart.Series("", points: steps)] }
        return [
          LineChart.Series("training", points: steps),
          LineChart.Series("validation", points: validated, hasMarkers: true),
        ]
      }
      guard let validated, !validated.isEmpty else {
        return [LineChart.Series(run.name, points: steps, color: color, dash: dash)]
      }
      return [
        LineChart.Series("", points: steps, color: color.opacity(0.5), dash: dash),
        LineChart.Series(run.name, points: validated, color: color, hasMarkers: true, dash: dash),
      ]
    }
  }

  /// The means of neighboring parts, or the points themselves if there are no more points than parts.
  private static func smoothed(_ points: [Point], parts: Int) -> [Point] {
    let length = max(1, (points.count + parts - 1) / parts)
    return stride(from: 0, to: points.count, by: length).map { first in
      let part = points[first..<min(first + length, points.count)]
      let sum = part.reduce(Point(0, 0)) { Point($0.x + $1.x, $0.y + $1.y) }
      return Point(sum.x / Double(part.count), sum.y / Double(part.count))
    }
  }

  /// Draws PNG and SVG files in the run's folder.
  ///
  /// - Throws: `FigureError`, `FileError`.
  public func write(to run: RunFolder, title: String) throws {
    let figure = figure(title: title)
    try figure.write(to: run.curves)
    try figure.write(to: run.curvesAsSVG)
  }
}
