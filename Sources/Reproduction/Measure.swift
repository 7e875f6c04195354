/// What is told of a trained network. All are fractions but for the correlations.
public enum Measure: String, Sendable, CaseIterable, Codable, CodingKeyRepresentable {
  /// The share of the motions that the pre-trained network tells, of unseen pictures: the paper's Acc-PT.
  case pretraining
  /// The share of the test videos that the fine-tuned network recognizes: top-1.
  case finetuning
  /// The same, of the classes whose motions the pretext task has: plain directions and speeds.
  case plainClasses = "plain-classes"
  /// The same, of the other classes.
  case otherClasses = "other-classes"
  /// The share of Grad-CAM's heat inside the square that moves, of unseen pictures.
  case heat
  /// The same of random weights.
  case randomHeat = "random-heat"
  /// The square's share of the picture.
  case squareArea = "square-area"
  /// Spearman's rank correlation of heat and optical flow in the test videos.
  case flowCorrelation = "flow-correlation"
  case randomFlowCorrelation = "random-flow-correlation"
  /// The same in the videos in which it is lowest.
  case worstFlowCorrelation = "worst-flow-correlation"
  /// How well clusters of clips tell static, horizontal and vertical motion: normalized mutual information.
  case axes
  case randomAxes = "random-axes"
  /// The same for static, right, down, left, up.
  case directions
  case randomDirections = "random-directions"

  /// The head of a column.
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

  /// Whether it is told in percent.
  public var isShare: Bool {
    switch self {
    case .flowCorrelation, .randomFlowCorrelation, .worstFlowCorrelation, .axes, .randomAxes,
      .directions,
      .randomDirections:
      false
    default: true
    }
  }

  /// What it takes to know it.
  var analysis: AnalysisKind? {
    switch self {
    case .pretraining, .finetuning, .plainClasses, .otherClasses: nil
    case .heat, .randomHeat, .squareArea, .flowCorrelation, .randomFlowCorrelation: .localization
    case .worstFlowCorrelation: .failures
    case .axes, .randomAxes, .directions, .randomDirections: .clusters
    }
  }

  /// Whether a network has to be fine-tuned for it.
  var needsFinetuning: Bool {
    switch self {
    case .finetuning, .plainClasses, .otherClasses: true
    default: false
    }
  }
}
