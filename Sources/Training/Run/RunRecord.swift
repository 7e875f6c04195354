/// A line of metrics.jsonl. Keys are in snake case; files of earlier versions, in camel case, are read too.
public protocol RunRecord: Codable, Sendable {
  /// What the line is about: the value of its key `event`.
  static var event: String { get }
}

/// What a training recorded about one step.
public struct StepRecord: RunRecord {
  public static let event = "step"

  /// The number of the step, the first being 1.
  public let step: Int
  /// The epoch it belongs to, the first being 1.
  public let epoch: Int
  /// The mean loss over the step's clips; for tasks with classes the cross-entropy in nats.
  public let loss: Double
  /// The share of the step's clips that were recognized, dropout being on; absent without classes.
  public let top1: Double?
  /// Named parts of the loss and measures beside it; absent if there are none.
  public let terms: [String: Double]?
  /// What belongs to the step and is not measured, such as `mask_ratio`: the range of the unmasked region's side over the
  /// clip's; absent if there is nothing.
  public let annotations: [String: [Double]]?
  public let learningRate: Double
  /// Clips over the seconds of this step, waiting for data included.
  public let clipsPerSecond: Double
  /// The seconds of the step that were spent waiting for data; absent in files of versions before 0.2.
  public let dataSeconds: Double?
  /// The other seconds of the step.
  public let computeSeconds: Double?

  init(
    step: Int, epoch: Int, loss: Double, top1: Double?, terms: [String: Double] = [:],
    annotations: [String: [Double]] = [:], learningRate: Double, clipsPerSecond: Double,
    dataSeconds: Double, computeSeconds: Double
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
    self.computeSeconds = computeSeconds
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    step = try values.decode(Int.self, forKey: .step)
    epoch = try values.decode(Int.self, forKey: .epoch)
    loss = try values.decode(Double.self, forKey: .loss)
    top1 = try values.decodeIfPresent(Double.self, forKey: .top1)
    terms = try values.decodeIfPresent([String: Double].self, forKey: .terms)
    // Before 0.2 the mask's range was a key of its own.
    let maskRatio = try decoder.container(keyedBy: FormerKeys.self)
      .decodeIfPresent([Double].self, forKey: .maskRatio)
    annotations =
      try values.decodeIfPresent([String: [Double]].self, forKey: .annotations)
      ?? maskRatio.map { ["mask_ratio": $0] }
    learningRate = try values.decode(Double.self, forKey: .learningRate)
    clipsPerSecond = try values.decode(Double.self, forKey: .clipsPerSecond)
    dataSeconds = try values.decodeIfPresent(Double.self, forKey: .dataSeconds)
    computeSeconds = try values.decodeIfPresent(Double.self, forKey: .computeSeconds)
  }

  private enum FormerKeys: String, CodingKey { case maskRatio }
}

/// What a training recorded about one validation.
public struct ValidationRecord: RunRecord {
  public static let event = "validation"

  public let step: Int
  public let epoch: Int
  public let loss: Double
  /// Absent without classes.
  public let top1: Double?
  /// By class name; empty without classes.
  public let top1PerLabel: [String: Double]
  /// Named parts of the loss and measures beside it; absent if there are none.
  public let terms: [String: Double]?
  /// The number of sources validated on.
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

/// The last line of a run that is over.
public struct SummaryRecord: RunRecord {
  public static let event = "summary"

  public let step: Int
  public let epoch: Int
  /// The mean loss of the last epoch's recorded steps.
  public let loss: Double
  /// Of the last validation; absent without validation or classes.
  public let top1: Double?
  public let bestTop1: Double?
  /// Of the last validation; absent without one, and in files of versions before 0.2.
  public let validationLoss: Double?
  public let bestValidationLoss: Double?
  /// The accuracy of guessing; absent without classes.
  public let chance: Double?
  /// Over the whole training, validation not counted.
  public let clipsPerSecond: Double
  /// Seconds of training and validation.
  public let seconds: Double
  /// Those of them that were spent waiting for data; absent in files of versions before 0.2.
  public let dataSeconds: Double?
  public let trainingSources: Int
  public let validationSources: Int
  /// The number of sources that could not be read.
  public let skippedSources: Int
  /// Of a fine-tuning.
  public let evaluation: FinalEvaluation?

  /// How the network does on the test videos once it is trained.
  public struct FinalEvaluation: Codable, Sendable {
    public let videos: Int
    /// Clips per video.
    public let clips: Int
    public let top1: Double
    /// Absent with 5 classes or fewer.
    public let top5: Double?
    public let meanClassAccuracy: Double
    /// Videos that could not be read and count as wrong.
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
    let lastEpoch = metrics.steps.filter { $0.epoch == plan.epochs }
    let validation = metrics.validations.last
    step = position.step
    epoch = plan.epochs
    loss = lastEpoch.map(\.loss).reduce(0, +) / Double(max(lastEpoch.count, 1))
    top1 = validation?.top1
    bestTop1 = position.bestTop1
    validationLoss = validation?.loss
    bestValidationLoss = metrics.validations.map(\.loss).filter(\.isFinite).min()
    self.chance = chance
    clipsPerSecond = Double(plan.totalSteps * plan.clipsPerStep) / position.trainingSeconds
    seconds = position.trainingSeconds + position.validationSeconds
    dataSeconds = position.dataSeconds
    self.trainingSources = trainingSources
    self.validationSources = validationSources
    self.skippedSources = skippedSources
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
    chance = try values.decodeIfPresent(Double.self, forKey: .chance)
    clipsPerSecond = try values.decode(Double.self, forKey: .clipsPerSecond)
    seconds = try values.decode(Double.self, forKey: .seconds)
    dataSeconds = try values.decodeIfPresent(Double.self, forKey: .dataSeconds)
    trainingSources = try values.decode(Int.self, forKey: .trainingSources)
    validationSources = try values.decode(Int.self, forKey: .validationSources)
    // The name before 0.2.
    let former = try decoder.container(keyedBy: FormerKeys.self)
      .decodeIfPresent(Int.self, forKey: .badSources)
    skippedSources = try former ?? values.decode(Int.self, forKey: .skippedSources)
    evaluation = try values.decodeIfPresent(FinalEvaluation.self, forKey: .evaluation)
  }

  private enum FormerKeys: String, CodingKey { case badSources }
}
