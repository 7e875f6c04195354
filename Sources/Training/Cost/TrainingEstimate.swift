import Configuration
import VideoData

/// The estimated time of a training on a machine.
public struct TrainingEstimate: Equatable, Sendable {
  /// The seconds of the whole training, without decoding.
  public let seconds: Double
  /// The seconds of one step.
  public let secondsPerStep: Double

  /// An estimate with these values.
  public init(seconds: Double, secondsPerStep: Double) {
    (self.seconds, self.secondsPerStep) = (seconds, secondsPerStep)
  }

  /// Estimates a pre-training.
  ///
  /// - Parameters:
  ///   - configuration: the configuration.
  ///   - training: the number of sources to train on.
  ///   - heldOut: the number of sources to validate on.
  ///   - measure: the throughput of the machine for a training of this number of operations.
  public init(
    _ configuration: PretrainingConfiguration, training: Int, heldOut: Int,
    measure: (_ operations: Double) -> Throughput
  ) {
    var cost = TrainingCost()
    let operations = cost.operations(
      of: configuration, training: training,
      heldOut: min(heldOut, configuration.sources.validationLimit))
    let throughput = measure(operations)
    let samples = configuration.batch.sources * configuration.batch.accumulationSteps
    self.init(
      seconds: throughput.seconds(operations),
      secondsPerStep: throughput.seconds(
        3 * cost.forwardsPerSample(configuration) * Double(samples)))
  }

  /// Estimates a fine-tuning.
  ///
  /// - Parameters:
  ///   - configuration: the configuration.
  ///   - measure: the throughput of the machine for a step of a training of this number of operations.
  /// - Throws: errors of reading the dataset, whose videos are counted.
  public init(
    _ configuration: FinetuningConfiguration,
    measure: (_ step: TrainingStep, _ operations: Double) -> Throughput
  ) throws {
    let dataset = try ActionDataset(configuration.dataset.description)
    let classes = dataset.classNames.count
    var training = dataset.videos(of: .training).count { $0.footage != nil }
    if let shots = configuration.dataset.shots { training = min(training, shots * classes) }
    let evaluated = dataset.videos(of: dataset.evaluationSubset).count
    let validation = dataset.videos(of: .validation).count
    let step = TrainingStep(configuration, classes: classes)
    var cost = TrainingCost()
    let operations = cost.operations(
      of: configuration, classes: classes, training: training,
      heldOut: validation == 0 ? evaluated : validation, evaluated: evaluated)
    let throughput = measure(step, operations)
    self.init(
      seconds: throughput.seconds(operations),
      secondsPerStep: throughput.seconds(
        3 * cost.forwards(step)
          * Double(
            min(
              training * configuration.augmentation.repeats,
              step.clips * configuration.batch.accumulationSteps))))
  }
}
