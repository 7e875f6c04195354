/// A result of a trained network. All are fractions except the correlations.
public enum Measure: String, Sendable, CaseIterable, Codable, CodingKeyRepresentable {
  /// The share of the motions of unseen pictures that the pre-trained network recognizes: the paper's Acc-PT.
  case pretraining
  /// The share of the test videos that the fine-tuned network recognizes: top-1.
  case finetuning
  /// The same for the classes whose motions the pretext task has: plain directions and speeds.
  case plainClasses = "plain-classes"
  /// The same for the other classes.
  case otherClasses = "other-classes"
  /// The share of Grad-CAM's heat inside the moving region, for unseen pictures.
  case heat
  /// The same for random weights.
  case randomHeat = "random-heat"
  /// The region's share of the picture.
  case squareArea = "square-area"
  /// Spearman's rank correlation of heat and optical flow in the test videos.
  case flowCorrelation = "flow-correlation"
  case randomFlowCorrelation = "random-flow-correlation"
  /// The same for the videos in which it is lowest.
  case worstFlowCorrelation = "worst-flow-correlation"
  /// The agreement of clusters of clips with static, horizontal and vertical motion: normalized mutual information.
  case axes
  case randomAxes = "random-axes"
  /// The same for static, right, down, left, up.
  case directions
  case randomDirections = "random-directions"

  /// The title of a column.
  public var title: String {
    switch self {
    case .pretraining: "pre-training"
    case .finetuning: "top-1"
    case .plainClasses: "plain motions"
    case .otherClasses: "other motions"
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

  /// Whether it is shown in percent.
  public var isShare: Bool {
    switch self {
    case .flowCorrelation, .randomFlowCorrelation, .worstFlowCorrelation, .axes, .randomAxes,
      .directions,
      .randomDirections:
      false
    default: true
    }
  }

  /// The analysis that measures it.
  var analysis: AnalysisKind? {
    switch self {
    case .pretraining, .finetuning, .plainClasses, .otherClasses: nil
    case .heat, .randomHeat, .squareArea, .flowCorrelation, .randomFlowCorrelation: .localization
    case .worstFlowCorrelation: .failures
    case .axes, .randomAxes, .directions, .randomDirections: .clusters
    }
  }

  /// Whether it needs a fine-tuned network.
  var needsFinetuning: Bool {
    switch self {
    case .finetuning, .plainClasses, .otherClasses: true
    default: false
    }
  }
}
