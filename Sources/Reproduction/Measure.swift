/// A result of a trained network. All are fractions, except correlations and agreements.
public enum Measure: String, Sendable, CaseIterable, Codable, CodingKeyRepresentable {
  /// The share of motions in unseen pictures that the pre-trained network recognizes: the paper's Acc-PT.
  case pretraining
  /// The top-1 accuracy of the fine-tuned network on the test videos.
  case finetuning
  /// The accuracy for classes with the motions of the pretext task: straight directions and speeds.
  case plainClasses = "plain-classes"
  /// The accuracy for the other classes.
  case otherClasses = "other-classes"
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

  /// True if it is shown in percent.
  public var isShare: Bool {
    switch self {
    case .flowCorrelation, .randomFlowCorrelation, .worstFlowCorrelation, .axes, .randomAxes,
      .directions,
      .randomDirections:
      false
    default: true
    }
  }

  /// The analysis that measures it; nil if training does.
  var analysis: AnalysisKind? {
    switch self {
    case .pretraining, .finetuning, .plainClasses, .otherClasses: nil
    case .heat, .randomHeat, .squareArea, .flowCorrelation, .randomFlowCorrelation: .localization
    case .worstFlowCorrelation: .failures
    case .axes, .randomAxes, .directions, .randomDirections: .clusters
    }
  }

  /// True if it requires a fine-tuned network.
  var needsFinetuning: Bool {
    switch self {
    case .finetuning, .plainClasses, .otherClasses: true
    default: false
    }
  }
}
