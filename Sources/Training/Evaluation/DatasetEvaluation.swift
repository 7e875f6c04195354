import Configuration
import VideoData

/// The evaluation of weights on the videos of an action dataset.
public struct DatasetEvaluation {
  /// The split that is evaluated.
  public let settings: FinetuningConfiguration.Dataset
  public let subset: Subset
  /// The videos of the subset, with the labels of the network.
  public let videos: [LabelledVideo]
  /// What to know of the dataset and its classes.
  public let findings: [DatasetFinding]
  private let weights: Weights
  private let classNames: [String]
  private let isEvaluationSubset: Bool

  /// - Parameters:
  ///   - weights: a fine-tuned network.
  ///   - settings: the dataset and its split.
  ///   - subset: the videos to evaluate; nil for those that a fine-tuning is evaluated on.
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
    self.videos = videos.map(classes.relabelled)
  }

  /// The split of the same dataset that the network was fine-tuned on, if it is another one: its training videos may be
  /// among those evaluated.
  public var otherTrainingSplit: Int? {
    guard let own = weights.finetuning?.dataset, own.kind == settings.kind,
      own.split != settings.split
    else { return nil }
    return own.split
  }

  /// Whether the evaluation by `inference` repeats the final one of the network's own fine-tuning.
  public func isFinal(_ inference: VideoInference) -> Bool {
    guard let finetuning = weights.finetuning else { return false }
    return finetuning.dataset == settings && isEvaluationSubset && finetuning.clip == inference.clip
      && finetuning.validation.testClipsPerVideo == inference.clips && inference.crops == 1
  }

  /// Evaluates the network.
  ///
  /// - Parameters:
  ///   - inference: runs the network.
  ///   - progress: called with the number of finished videos; an error that it throws ends the work.
  public func run(with inference: VideoInference, progress: (Int) throws -> Void = { _ in }) throws
    -> Evaluation
  {
    try Evaluation(of: videos, classNames: classNames, with: inference, progress: progress)
  }
}

/// A dataset without the videos that an evaluation needs: one sentence.
public struct VideosMissing: Error, Sendable, CustomStringConvertible {
  /// The number of videos that are listed, none of which is present.
  public let listed: Int
  public let subset: Subset
  public let folder: String

  /// - Throws: ``VideosMissing`` if none of `videos` is present.
  public static func check(_ videos: [LabelledVideo], subset: Subset, folder: String)
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
