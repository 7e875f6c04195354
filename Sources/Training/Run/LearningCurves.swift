import Figures

/// The learning curves of a run: loss, accuracy and learning rate over its steps.
public struct LearningCurves {
  private let metrics: Metrics
  private let chance: Double

  /// - Parameters:
  ///   - metrics: the lines of the run's metrics.jsonl.
  ///   - chance: the accuracy of guessing, drawn as a line.
  public init(of metrics: Metrics, chance: Double) {
    self.metrics = metrics
    self.chance = chance
  }

  public func figure(title: String) -> Figure {
    func points<Record>(_ records: [Record], _ step: (Record) -> Int, _ value: (Record) -> Double)
      -> [Point]
    {
      records.filter { value($0).isFinite }.map { Point(Double(step($0)), value($0)) }
    }
    let steps = metrics.steps
    let validations = metrics.validations
    return Figure(
      title: title,
      panels: [
        LineChart(
          title: "Loss", xLabel: "step", yLabel: "cross-entropy",
          series: [
            .init("training", points: points(steps, \.step, \.loss)),
            .init("validation", points: points(validations, \.step, \.loss), hasMarkers: true),
          ]),
        LineChart(
          title: "Accuracy", xLabel: "step", yLabel: "top-1",
          series: [
            .init("training", points: points(steps, \.step, \.top1)),
            .init("validation", points: points(validations, \.step, \.top1), hasMarkers: true),
          ],
          references: [.init("chance", value: chance)], yScale: .percent, yRange: 0...1),
        LineChart(
          title: "Learning rate", xLabel: "step", yLabel: "rate",
          series: [.init("learning rate", points: points(steps, \.step, \.learningRate))]),
      ], columns: 3)
  }

  /// Draws PNG and SVG into the run's folder.
  ///
  /// - Throws: what writing throws.
  public func write(to run: RunFolder, title: String) throws {
    let figure = figure(title: title)
    try figure.write(to: run.curves)
    try figure.write(to: run.curvesAsSVG)
  }
}
