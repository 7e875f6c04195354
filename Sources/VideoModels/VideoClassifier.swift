import Torch

/// A video network with a linear head: pooling, dropout, classes.
///
/// Its tensors are named `backbone.…`, `aggregator.…` and `head.…`.
public final class VideoClassifier: Layer {
  public let backbone: Backbone
  /// What makes features of the backbone's output; nil for its mean over time and space.
  public let aggregator: FeatureAggregator?
  public let head: Head

  public init(backbone: Backbone, aggregator: FeatureAggregator? = nil, head: Head) {
    self.backbone = backbone
    self.aggregator = aggregator
    self.head = head
  }

  /// A network of one of the architectures; see ``Architecture/makeBackbone(width:epsilon:using:)`` for `width`,
  /// `epsilon` and the weights.
  public convenience init(
    _ architecture: Architecture, width: Int = 64, epsilon: Double? = nil,
    head: Head.Kind = .pretext, classes: Int, dropout: Double = 0.5, using generator: Generator
  ) {
    let backbone = architecture.makeBackbone(width: width, epsilon: epsilon, using: generator)
    self.init(
      backbone: backbone,
      head: Head(
        head, features: backbone.featureCount, classes: classes, dropout: dropout, using: generator)
    )
  }

  public override var children: [(name: String, module: Module)] {
    [("backbone", backbone)] + (aggregator.map { [("aggregator", $0)] } ?? []) + [("head", head)]
  }

  /// The number of features that the head sees.
  public var featureCount: Int { aggregator?.featureCount ?? backbone.featureCount }

  /// The pooled output of the backbone: [N, 3, T, H, W] to [N, featureCount].
  public func features(_ clips: Tensor) -> Tensor { pooled(backbone(clips)) }

  /// The features from the backbone's output: [N, C, t, h, w] to [N, featureCount].
  func pooled(_ output: Tensor) -> Tensor { aggregator?(output) ?? output.globalAveragePool() }

  /// The classes' logits: [N, 3, T, H, W] to [N, classes].
  public override func callAsFunction(_ clips: Tensor) -> Tensor { classify(features(clips)) }

  /// The classes' logits from what ``features(_:)`` returned: [N, featureCount] to [N, classes].
  public func classify(_ features: Tensor) -> Tensor { head(features) }

  /// Copies a pre-trained backbone: the tensors of `source` named `backbone.…`. The head stays as it is, and so does the
  /// aggregator unless it is asked for; what `source` has of either is ignored.
  ///
  /// - Parameters:
  ///   - source: tensors by their names.
  ///   - withAggregator: true to copy the tensors named `aggregator.…` too.
  /// - Throws: `StateMismatch`, before anything is copied, if other tensors are missing, left over or of another
  ///   shape.
  public func loadBackbone(_ source: [String: Tensor], withAggregator: Bool = false) throws {
    let kept = withAggregator ? ["head."] : ["head.", "aggregator."]
    try load(source) { name in kept.contains { name.hasPrefix($0) } }
  }

  /// Dropout and a linear map.
  public final class Head: Layer {
    /// What the head tells apart; the authors' checkpoints name its tensors accordingly.
    public enum Kind: String, CaseIterable, Sendable, Codable {
      case pretext = "out_joint"
      case actions = "out"
    }

    private let kind: Kind
    private let dropout: Dropout
    private let linear: Linear

    public init(
      _ kind: Kind, features: Int, classes: Int, dropout: Double, using generator: Generator
    ) {
      self.kind = kind
      self.dropout = Dropout(dropout)
      linear = Linear(features, classes, using: generator)
    }

    /// Dropout has no tensors and so no name in files, but a mode and a generator.
    public override var children: [(name: String, module: Module)] {
      [("dropout", dropout), (kind.rawValue, linear)]
    }

    public override func callAsFunction(_ features: Tensor) -> Tensor {
      linear(dropout(features))
    }
  }
}
