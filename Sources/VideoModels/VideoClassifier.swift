import Torch

/// A video network with a linear head: pooling, dropout and a linear layer.
///
/// Its tensors are named `backbone.…`, `aggregator.…` and `head.…`.
public final class VideoClassifier: Layer {
  /// The backbone.
  public let backbone: Backbone
  /// The layers that turn the backbone's output into features; nil for the mean over time and space.
  public let aggregator: FeatureAggregator?
  /// The number of blocks in time, each of which the backbone encodes on its own. The aggregator gets the mean over the time
  /// of each block, [N, C, ``blocks``, h, w]. With 1, it gets the backbone's output for the whole clip.
  public let blocks: Int
  /// The head.
  public let head: Head

  /// A network of these parts. An aggregator takes the place of the backbone's pooling, which is frozen. Several blocks need
  /// an aggregator, and clips of a multiple of as many frames.
  public init(
    backbone: Backbone, aggregator: FeatureAggregator? = nil, blocks: Int = 1, head: Head
  ) {
    precondition(blocks == 1 || aggregator != nil, "blocks of a clip need an aggregator")
    self.backbone = backbone
    self.aggregator = aggregator
    self.blocks = blocks
    self.head = head
    if aggregator != nil { backbone.freezePooling() }
  }

  /// A network with this architecture; see ``Architecture/makeBackbone(width:epsilon:dropPath:positions:using:)`` for `width`,
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

  /// Freezes the first `count` stages of the backbone permanently; with all of them also the aggregator, so that only the head
  /// remains.
  public func freezeStages(_ count: Int) {
    backbone.freezeStages(count)
    if count == backbone.stages.count { aggregator?.freeze() }
  }

  /// The number of features that the head receives.
  public var featureCount: Int { aggregator?.featureCount ?? backbone.featureCount }

  /// The features of clips: [N, 3, T, H, W] to [N, featureCount].
  public func features(_ clips: Tensor) -> Tensor {
    pooled(backbone(clips.divided(intoBlocks: blocks)))
  }

  /// The features for the backbone's output, of which each clip has one for each block: [N * ``blocks``, C, t, h, w] to [N,
  /// featureCount].
  func pooled(_ output: Tensor) -> Tensor {
    guard let aggregator else { return backbone.pooled(output) }
    guard blocks > 1 else { return aggregator(output) }
    return aggregator(output.mean([2], keepingAxes: true).joined(fromBlocks: blocks))
  }

  /// The logits of the classes: [N, 3, T, H, W] to [N, classes].
  public override func callAsFunction(_ clips: Tensor) -> Tensor { classify(features(clips)) }

  /// The logits of the classes for features: [N, featureCount] to [N, classes].
  public func classify(_ features: Tensor) -> Tensor { head(features) }

  /// Copies a pre-trained backbone: the tensors of `source` named `backbone.…`, each in the shape of its parameter. The
  /// head stays unchanged, and so does the aggregator unless requested.
  ///
  /// - Parameters:
  ///   - source: the tensors by name.
  ///   - withAggregator: true to copy also the tensors named `aggregator.…`.
  /// - Throws: `StateMismatch` if other tensors are missing or left over, or have another shape; nothing is copied then.
  public func loadBackbone(_ source: [String: Tensor], withAggregator: Bool = false) throws {
    let kept = withAggregator ? ["head."] : ["head.", "aggregator."]
    try load(source) { name in kept.contains { name.hasPrefix($0) } }
  }

  /// Dropout and a linear layer, after a normalization if wanted: [N, features] to [N, classes].
  public final class Head: Layer {
    /// The kinds of head, with their names in the authors' checkpoints.
    public enum Kind: String, CaseIterable, Sendable, Codable {
      /// A head for the classes of a pretext task.
      case pretext = "out_joint"
      /// A head for actions.
      case actions = "out"
    }

    private let kind: Kind
    private let normalization: BatchNorm3d?
    private let dropout: Dropout
    private let linear: Linear

    /// A head of `kind` for `classes` classes.
    ///
    /// - Parameters:
    ///   - kind: the kind, which names the linear layer.
    ///   - features: the number of features that it receives.
    ///   - classes: the number of classes.
    ///   - dropout: the probability of dropout.
    ///   - normalizes: true for batch normalization of the features (`norm`), as DPC and MemDPC have it after the aggregator.
    ///     Training then needs at least two clips in a batch.
    ///   - generator: draws the weights.
    public init(
      _ kind: Kind, features: Int, classes: Int, dropout: Double, normalizes: Bool = false,
      using generator: Generator
    ) {
      self.kind = kind
      normalization =
        normalizes ? BatchNorm3d(features, epsilon: 1e-5, device: generator.device) : nil
      self.dropout = Dropout(dropout)
      linear = Linear(features, classes, using: generator)
    }

    /// Dropout has no tensors and does not appear in names, but it needs the mode and the generator.
    public override var children: [(name: String, module: Module)] {
      (normalization.map { [("norm", $0)] } ?? [])
        + [("dropout", dropout), (kind.rawValue, linear)]
    }

    public override func callAsFunction(_ features: Tensor) -> Tensor {
      guard let normalization else { return linear(dropout(features)) }
      // A single clip has no variance: the rest of a step's clips may be one.
      let isAlone = isTraining && features.shape[0] == 1
      if isAlone { normalization.train(false) }
      defer { if isAlone { normalization.train() } }
      let normalized = normalization(features.reshaped(features.shape + [1, 1, 1]))
      return linear(dropout(normalized.reshaped(features.shape)))
    }
  }
}
