import Configuration
import SafeFiles
import VideoData

/// How long a training takes on a machine.
public struct TrainingEstimate: Equatable, Sendable {
  public let seconds: Double
  public let secondsPerStep: Double

  public init(seconds: Double, secondsPerStep: Double) {
    (self.seconds, self.secondsPerStep) = (seconds, secondsPerStep)
  }

  /// A pre-training.
  ///
  /// - Parameters:
  ///   - configuration: the configuration.
  ///   - measure: measures the machine by a step.
  /// - Throws: errors of the sources, which are counted.
  public init(_ configuration: PretrainingConfiguration, measure: (TrainingStep) -> Throughput)
    throws
  {
    let sources = try PretrainingSources(configuration.sources, seed: configuration.seed)
    let step = TrainingStep(configuration)
    var cost = TrainingCost()
    let throughput = measure(step)
    self.init(
      seconds: throughput.seconds(
        cost.operations(
          of: configuration, training: sources.training.count,
          heldOut: min(sources.heldOut.count, configuration.sources.validationLimit))),
      secondsPerStep: throughput.seconds(
        3 * step.forwards * Double(step.clips * configuration.batch.accumulation)))
  }

  /// A fine-tuning.
  ///
  /// - Parameters:
  ///   - configuration: the configuration.
  ///   - measure: measures the machine by a step.
  /// - Throws: errors of the dataset, whose videos are counted.
  public init(_ configuration: FinetuningConfiguration, measure: (TrainingStep) -> Throughput)
    throws
  {
    let dataset = try ActionDataset(configuration.dataset.description)
    let classes = dataset.classNames.count
    let shots = configuration.dataset.shots
    var training = dataset.videos(of: .training).count
    if shots > 0 { training = min(training, shots * classes) }
    let evaluated = dataset.videos(of: dataset.evaluationSubset).count
    let validation = dataset.videos(of: .validation).count
    let step = TrainingStep(configuration, classes: classes)
    var cost = TrainingCost()
    let throughput = measure(step)
    self.init(
      seconds: throughput.seconds(
        cost.operations(
          of: configuration, classes: classes, training: training,
          heldOut: validation == 0 ? evaluated : validation, evaluated: evaluated)),
      secondsPerStep: throughput.seconds(
        3 * step.forwards
          * Double(min(training, step.clips * configuration.batch.accumulation))))
  }
}

/// The notice that a training takes long, which stands before its first step.
public enum CostNotice {
  /// The seconds from which on a training is worth a notice.
  public static let threshold = 4.0 * 3600

  /// - Parameters:
  ///   - estimate: how long the training takes.
  ///   - preset: the name of a smaller configuration, and how long that takes; it is asked for only if there is a notice,
  ///     and named only if it is much faster.
  /// - Returns: the notice in one sentence; nil if the training does not take long.
  public static func text(
    for estimate: TrainingEstimate, preset: (name: String, estimate: () -> TrainingEstimate?)
  ) -> String? {
    guard estimate.seconds >= threshold else { return nil }
    func rough(_ seconds: Double) -> String { Format.roughDuration(seconds) }
    let text =
      "on this machine this training takes about \(rough(estimate.seconds)) "
      + "(one step \(rough(estimate.secondsPerStep)))"
    guard let smaller = preset.estimate(), 4 * smaller.seconds < estimate.seconds else {
      return text
    }
    return text + "; for a laptop: --config \(preset.name) (\(rough(smaller.seconds)))"
  }
}
