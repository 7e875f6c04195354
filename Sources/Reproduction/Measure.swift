import SyntheticData

/// A result of a trained network. All are fractions, except correlations and agreements.
public enum Measure: String, Sendable, CaseIterable, Codable, CodingKeyRepresentable {
  /// The share of motions in unseen pictures that the pre-trained network recognizes: the paper's Acc-PT.
  case pretraining
  /// The share of the variance in hidden parts of unseen clips that masked modeling explains: 0 for a network that says
  /// nothing about them, less for one that is wrong.
  case explained
  /// The top-1 accuracy of the fine-tuned network on the test videos.
  case finetuning
  /// The accuracy of the fine-tuned network on its training clips, with augmentation and dropout, in the last tenth of the
  /// steps.
  case training
  /// The share of test videos for which a class with the look of the true one is predicted; only for sprites with looks.
  case look
  /// The share of those videos for which the class is right, which among classes of one look only motion tells; the
  /// product with ``look`` is ``finetuning``.
  case motion
  /// The accuracy for classes with the motions of the pretext task: straight directions and speeds.
  case plainClasses = "plain-classes"
  /// The accuracy for the other classes.
  case otherClasses = "other-classes"
  /// The share of test videos whose nearest training video has their class, by the pre-trained network's features.
  case retrieval
  /// The same share for random weights.
  case randomRetrieval = "random-retrieval"
  /// The operations of the backbone's forward passes in the pre-training, in units of 10¹².
  case operations = "pretraining-operations"
  /// The clips that pass through the backbone in the pre-training.
  case clips = "pretraining-clips"
  /// The frames of these clips.
  case frames = "pretraining-frames"
  /// The seconds that the pre-training took, with validation.
  case seconds = "pretraining-seconds"
  /// The share of Grad-CAM's heat inside the moving region, for unseen pictures.
  case heat
  /// The same share for random weights.
  case randomHeat = "random-heat"
  /// The region's share of the picture.
  case squareArea = "square-area"
  /// Spearman's rank correlation of heat and optical flow in the test videos.
  case flowCorrelation = "flow-correlation"
  /// The same correlation for random weights.
  case randomFlowCorrelation = "random-flow-correlation"
  /// The correlation in the videos where it is lowest.
  case worstFlowCorrelation = "worst-flow-correlation"
  /// The agreement of clusters of clips with static, horizontal and vertical motion: normalized mutual information.
  case axes
  /// The same agreement for random weights.
  case randomAxes = "random-axes"
  /// The agreement of clusters of clips with static, right, down, left and up.
  case directions
  /// The same agreement for random weights.
  case randomDirections = "random-directions"

  /// The title of the column.
  public var title: String {
    switch self {
    case .pretraining: "pre-training"
    case .explained: "explained"
    case .finetuning: "top-1"
    case .training: "training clips"
    case .look: "look"
    case .motion: "motion within a look"
    case .plainClasses: "plain motions"
    case .otherClasses: "other motions"
    case .retrieval: "retrieval"
    case .randomRetrieval: "random weights"
    case .operations: "forward TFLOP"
    case .clips: "clips"
    case .frames: "frames"
    case .seconds: "seconds"
    case .heat: "heat inside"
    case .randomHeat: "random weights"
    case .squareArea: "chance"
    case .flowCorrelation: "heat and flow"
    case .randomFlowCorrelation: "random weights"
    case .worstFlowCorrelation: "heat and flow at worst"
    case .axes: "NMI of axes"
    case .randomAxes: "random weights"
    case .directions: "NMI of directions"
    case .randomDirections: "random weights"
    }
  }

  /// True if it is shown in percent.
  public var isShare: Bool {
    switch self {
    case .flowCorrelation, .randomFlowCorrelation, .worstFlowCorrelation, .axes, .randomAxes,
      .directions,
      .randomDirections, .operations, .clips, .frames, .seconds:
      false
    default: true
    }
  }

  /// True if it is the number of something or a time, shown without decimals.
  public var isCount: Bool {
    switch self {
    case .operations, .clips, .frames, .seconds: true
    default: false
    }
  }

  /// True if the rows of a table are compared by it, seed by seed.
  public var isCompared: Bool { self == .finetuning || self == .retrieval }

  /// The analysis that measures it; nil if training does.
  var analysis: AnalysisKind? {
    switch self {
    case .pretraining, .explained, .finetuning, .training, .look, .motion, .plainClasses,
      .otherClasses, .operations, .clips, .frames, .seconds:
      nil
    case .retrieval, .randomRetrieval: .retrieval
    case .heat, .randomHeat, .squareArea, .flowCorrelation, .randomFlowCorrelation: .localization
    case .worstFlowCorrelation: .failures
    case .axes, .randomAxes, .directions, .randomDirections: .clusters
    }
  }

  /// True if it exists for these videos: only for sprites it is known which classes resemble the pretext task, and which
  /// look alike.
  func exists(for sprites: SpriteSetting?) -> Bool {
    switch self {
    case .look, .motion: sprites == .looks
    case .plainClasses, .otherClasses: sprites != nil
    default: true
    }
  }

  /// True if it requires a fine-tuned network.
  var needsFinetuning: Bool {
    switch self {
    case .finetuning, .training, .look, .motion, .plainClasses, .otherClasses: true
    default: false
    }
  }
}
