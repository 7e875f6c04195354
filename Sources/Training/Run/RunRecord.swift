/// A line of metrics.jsonl. Keys are in snake case; camel case, which earlier versions wrote, is read too.
public protocol RunRecord: Codable, Sendable {
  /// The kind of record: the value of its key `event`.
  static var event: String { get }
}

/// The record of a training step.
public struct StepRecord: RunRecord {
  /// The kind of this record.
  public static let event = "step"

  /// The number of the step, from 1.
  public let step: Int
  /// The epoch, from 1.
  public let epoch: Int
  /// The mean loss over the step's clips; for tasks with classes, the cross-entropy in nats.
  public let loss: Double
  /// The share of the step's clips that are classified correctly, with dropout; absent for tasks without classes.
  public let top1: Double?
  /// Named parts of the loss and other measures; absent if there are none.
  public let terms: [String: Double]?
  /// Values that are set rather than measured, such as `mask_ratio`: the range of the ratio between the sides of the
  /// unmasked region and of the clip. Absent if there are none.
  public let annotations: [String: [Double]]?
  /// The learning rate of the step.
  public let learningRate: Double
  /// The number of clips divided by the seconds of this step, including the wait for data.
  public let clipsPerSecond: Double
  /// Seconds of the step spent waiting for data; absent in files written before version 0.2.
  public let dataSeconds: Double?
  /// The seconds that each process waited for data, by rank; absent if one process trains. In the steps of several
  /// processes ``dataSeconds`` and ``computeSeconds`` are those of rank 0, whose step contains its wait for the others.
  public let processDataSeconds: [Double]?
  /// The remaining seconds of the step; absent in files written before version 0.2.
  public let computeSeconds: Double?
  /// The number of steps so far whose updates were skipped because the loss or the gradients were not finite; absent if
  /// there are none.
  public let nonFiniteSteps: Int?

  init(
    step: Int, epoch: Int, loss: Double, top1: Double?, terms: [String: Double] = [:],
    annotations: [String: [Double]] = [:], learningRate: Double, clipsPerSecond: Double,
    dataSeconds: Double, processDataSeconds: [Double] = [], computeSeconds: Double,
    nonFiniteSteps: Int = 0
  ) {
    self.step = step
    self.epoch = epoch
    self.loss = loss
    self.top1 = top1
    self.terms = terms.isEmpty ? nil : terms
    self.annotations = annotations.isEmpty ? nil : annotations
    self.learningRate = learningRate
    self.clipsPerSecond = clipsPerSecond
    self.dataSeconds = dataSeconds
    self.processDataSeconds = processDataSeconds.isEmpty ? nil : processDataSeconds
    self.computeSeconds = computeSeconds
    self.nonFiniteSteps = nonFiniteSteps == 0 ? nil : nonFiniteSteps
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    step = try values.decode(Int.self, forKey: .step)
    epoch = try values.decode(Int.self, forKey: .epoch)
    loss = try values.decode(Double.self, forKey: .loss)
    top1 = try values.decodeIfPresent(Double.self, forKey: .top1)
    terms = try values.decodeIfPresent([String: Double].self, forKey: .terms)
    // Before version 0.2 the range of the mask had its own key.
    let maskRatio = try decoder.container(keyedBy: FormerKeys.self)
      .decodeIfPresent([Double].self, forKey: .maskRatio)
    annotations =
      try values.decodeIfPresent([String: [Double]].self, forKey: .annotations)
      ?? maskRatio.map { ["mask_ratio": $0] }
    learningRate = try values.decode(Double.self, forKey: .learningRate)
    clipsPerSecond = try values.decode(Double.self, forKey: .clipsPerSecond)
    dataSeconds = try values.decodeIfPresent(Double.self, forKey: .dataSeconds)
    processDataSeconds = try values.decodeIfPresent([Double].self, forKey: .processDataSeconds)
    computeSeconds = try values.decodeIfPresent(Double.self, forKey: .computeSeconds)
    nonFiniteSteps = try values.decodeIfPresent(Int.self, forKey: .nonFiniteSteps)
  }

  private enum FormerKeys: String, CodingKey { case maskRatio }
}

/// The record of a validation.
public struct ValidationRecord: RunRecord {
  /// The kind of this record.
  public static let event = "validation"

  /// The number of steps done.
  public let step: Int
  /// The epoch, from 1.
  public let epoch: Int
  /// The mean loss over the clips.
  public let loss: Double
  /// The accuracy, from 0 to 1; absent for tasks without classes.
  public let top1: Double?
  /// The accuracy of each class by its name; empty for tasks without classes.
  public let top1PerLabel: [String: Double]
  /// Named parts of the loss and other measures; absent if there are none.
  public let terms: [String: Double]?
  /// The number of sources in the validation.
  public let sources: Int

  init(
    step: Int, epoch: Int, loss: Double, top1: Double?, top1PerLabel: [String: Double],
    terms: [String: Double] = [:], sources: Int
  ) {
    self.step = step
    self.epoch = epoch
    self.loss = loss
    self.top1 = top1
    self.top1PerLabel = top1PerLabel
    self.terms = terms.isEmpty ? nil : terms
    self.sources = sources
  }
}

/// The last record of a finished run.
public struct SummaryRecord: RunRecord {
  /// The kind of this record.
  public static let event = "summary"

  /// The number of steps of the run.
  public let step: Int
  /// The number of epochs of the run.
  public let epoch: Int
  /// The mean loss of the recorded steps of the last epoch.
  public let loss: Double
  /// The accuracy of the last validation; absent without validation or classes.
  public let top1: Double?
  /// The best accuracy of a validation; absent without validation or classes.
  public let bestTop1: Double?
  /// The loss of the last validation; absent without validation and in files written before version 0.2.
  public let validationLoss: Double?
  /// The lowest loss of a validation; absent without validation and in files written before version 0.2.
  public let bestValidationLoss: Double?
  /// The terms of the last validation; absent if there are none.
  public let validationTerms: [String: Double]?
  /// The accuracy of guessing; absent for tasks without classes.
  public let chance: Double?
  /// Clips per second over the whole training, without validations.
  public let clipsPerSecond: Double
  /// Seconds of training and validation.
  public let seconds: Double
  /// Seconds of the training spent waiting for data; absent in files written before version 0.2.
  public let dataSeconds: Double?
  /// The number of sources to train on.
  public let trainingSources: Int
  /// The number of sources to validate on.
  public let validationSources: Int
  /// The number of sources that could not be read.
  public let skippedSources: Int
  /// The number of steps whose updates were skipped because the loss or the gradients were not finite; absent if there
  /// are none.
  public let nonFiniteSteps: Int?
  /// The final evaluation of a fine-tuning; absent for other runs.
  public let evaluation: FinalEvaluation?

  /// The evaluation of the trained network on the test videos.
  public struct FinalEvaluation: Codable, Sendable {
    /// The number of test videos.
    public let videos: Int
    /// The number of clips per video.
    public let clips: Int
    /// The accuracy, from 0 to 1.
    public let top1: Double
    /// The share of videos whose class is among the first five; absent for 5 classes or fewer.
    public let top5: Double?
    /// The mean of the accuracies of the classes.
    public let meanClassAccuracy: Double
    /// The number of videos that could not be read; they count as errors.
    public let failed: Int

    init(_ evaluation: Evaluation) {
      videos = evaluation.videos.count
      clips = evaluation.clips
      top1 = evaluation.top1
      top5 = evaluation.top5
      meanClassAccuracy = evaluation.meanClassAccuracy
      failed = evaluation.failures.count
    }
  }

  init(
    position: TrainingPosition, plan: StepPlan, metrics: Metrics, chance: Double?,
    trainingSources: Int, validationSources: Int, skippedSources: Int,
    evaluation: FinalEvaluation? = nil
  ) {
    let lastEpoch = metrics.steps.filter { $0.epoch == plan.epochs && $0.loss.isFinite }
    let validation = metrics.validations.last
    step = position.step
    epoch = plan.epochs
    loss = lastEpoch.map(\.loss).reduce(0, +) / Double(max(lastEpoch.count, 1))
    top1 = validation?.top1
    bestTop1 = position.bestTop1
    validationLoss = validation?.loss
    bestValidationLoss = metrics.validations.map(\.loss).filter(\.isFinite).min()
    validationTerms = validation?.terms
    self.chance = chance
    clipsPerSecond = Double(plan.totalSteps * plan.clipsPerStep) / position.trainingSeconds
    seconds = position.trainingSeconds + position.validationSeconds
    dataSeconds = position.dataSeconds
    self.trainingSources = trainingSources
    self.validationSources = validationSources
    self.skippedSources = skippedSources
    nonFiniteSteps = position.nonFiniteSteps == 0 ? nil : position.nonFiniteSteps
    self.evaluation = evaluation
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    step = try values.decode(Int.self, forKey: .step)
    epoch = try values.decode(Int.self, forKey: .epoch)
    loss = try values.decode(Double.self, forKey: .loss)
    top1 = try values.decodeIfPresent(Double.self, forKey: .top1)
    bestTop1 = try values.decodeIfPresent(Double.self, forKey: .bestTop1)
    validationLoss = try values.decodeIfPresent(Double.self, forKey: .validationLoss)
    bestValidationLoss = try values.decodeIfPresent(Double.self, forKey: .bestValidationLoss)
    validationTerms = try values.decodeIfPresent([String: Double].self, forKey: .validationTerms)
    chance = try values.decodeIfPresent(Double.self, forKey: .chance)
    clipsPerSecond = try values.decode(Double.self, forKey: .clipsPerSecond)
    seconds = try values.decode(Double.self, forKey: .seconds)
    dataSeconds = try values.decodeIfPresent(Double.self, forKey: .dataSeconds)
    trainingSources = try values.decode(Int.self, forKey: .trainingSources)
    validationSources = try values.decode(Int.self, forKey: .validationSources)
    // The key before version 0.2.
    let former = try decoder.container(keyedBy: FormerKeys.self)
      .decodeIfPresent(Int.self, forKey: .badSources)
    skippedSources = try former ?? values.decode(Int.self, forKey: .skippedSources)
    nonFiniteSteps = try values.decodeIfPresent(Int.self, forKey: .nonFiniteSteps)
    evaluation = try values.decodeIfPresent(FinalEvaluation.self, forKey: .evaluation)
  }

  private enum FormerKeys: String, CodingKey { case badSources }
}
