import Configuration
import VideoData

/// The evaluation of weights on the videos of an action dataset.
public struct DatasetEvaluation {
  /// The dataset and its split.
  public let settings: FinetuningConfiguration.Dataset
  /// The subset of the videos.
  public let subset: Subset
  /// The videos of the subset, with the network's labels.
  public let videos: [LabeledVideo]
  /// Remarks about the dataset and its classes.
  public let findings: [DatasetFinding]
  private let weights: Weights
  private let classNames: [String]
  private let isEvaluationSubset: Bool

  /// - Parameters:
  ///   - weights: a fine-tuned network.
  ///   - settings: the dataset and its split.
  ///   - subset: the videos to evaluate; nil for those on which a fine-tuning is evaluated.
  /// - Throws: `DatasetError`, ``VideosMissing`` if there are no videos, ``WeightsError`` if the classes differ.
  public init(
    of weights: Weights, on settings: FinetuningConfiguration.Dataset, subset: Subset? = nil
  ) throws {
    let description = try settings.description
    let dataset = try ActionDataset(description)
    self.weights = weights
    self.settings = settings
    self.subset = subset ?? dataset.evaluationSubset
    isEvaluationSubset = self.subset == dataset.evaluationSubset
    findings = dataset.findings.filter { !$0.isAboutSubsets }
    let videos = dataset.videos(of: self.subset)
    try VideosMissing.check(videos, subset: self.subset, folder: description.videos)
    let classes = try ClassOrder(weights, dataset)
    classNames = classes.names
    self.videos = videos.map(classes.relabeled)
  }

  /// The split on which the network was fine-tuned, if it is another split of the same dataset: its training videos may
  /// be among those that are evaluated. Nil otherwise.
  public var otherTrainingSplit: Int? {
    guard let own = weights.finetuning?.dataset, own.kind == settings.kind,
      own.split != settings.split
    else { return nil }
    return own.split
  }

  /// True if the evaluation with `inference` repeats the final evaluation of the network's own fine-tuning.
  public func isFinal(_ inference: VideoInference) -> Bool {
    guard let finetuning = weights.finetuning else { return false }
    return finetuning.dataset == settings && isEvaluationSubset && finetuning.clip == inference.clip
      && finetuning.validation.testClipsPerVideo == inference.clips && inference.crops == 1
  }

  /// Evaluates the network.
  ///
  /// - Parameters:
  ///   - inference: runs the network.
  ///   - progress: called with the number of finished videos; an error that it throws stops the evaluation.
  /// - Throws: errors of `progress`.
  public func run(with inference: VideoInference, progress: (Int) throws -> Void = { _ in }) throws
    -> Evaluation
  {
    try Evaluation(of: videos, classNames: classNames, with: inference, progress: progress)
  }
}

/// The error if a dataset lacks the videos that an evaluation needs.
public struct VideosMissing: Error, Sendable, CustomStringConvertible {
  /// The number of videos listed; none of them is present.
  public let listed: Int
  /// The subset that was requested.
  public let subset: Subset
  /// The folder of the videos.
  public let folder: String

  /// Checks that at least one video is present.
  ///
  /// - Throws: ``VideosMissing`` if none of `videos` is present.
  public static func check(_ videos: [LabeledVideo], subset: Subset, folder: String)
    throws(VideosMissing)
  {
    guard videos.contains(where: { $0.footage != nil }) else {
      throw VideosMissing(listed: videos.count, subset: subset, folder: folder)
    }
  }

  public var description: String {
    listed == 0
      ? "the dataset lists no videos for \(subset.rawValue)"
      : "none of the \(listed) \(subset.rawValue) videos is in \(folder): check --data-root, or run mosi datasets check"
  }
}
