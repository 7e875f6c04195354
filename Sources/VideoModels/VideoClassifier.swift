import Torch

/// A video network with a linear head: global average pooling, dropout, classes.
public final class VideoClassifier: Layer {
  public let backbone: VideoResNet
  public let head: Head

  public init(backbone: VideoResNet, head: Head) {
    self.backbone = backbone
    self.head = head
  }

  /// A network of one of the architectures; see ``VideoResNet`` for `width`, `epsilon` and the weights.
  public convenience init(
    _ architecture: Architecture, width: Int = 64, epsilon: Double = 1e-3,
    head: Head.Kind = .pretext, classes: Int, dropout: Double = 0.5, device: Device = .cpu
  ) {
    let backbone = VideoResNet(architecture.plan, width: width, epsilon: epsilon, device: device)
    self.init(
      backbone: backbone,
      head: Head(
        head, features: backbone.featureCount, classes: classes, dropout: dropout, device: device))
  }

  public override var children: [(name: String, module: Module)] {
    [("backbone", backbone), ("head", head)]
  }

  /// The pooled output of conv5: [N, 3, T, H, W] to [N, featureCount].
  public func features(_ clips: Tensor) -> Tensor { backbone(clips).globalAveragePool() }

  /// The classes' logits: [N, 3, T, H, W] to [N, classes].
  public override func callAsFunction(_ clips: Tensor) -> Tensor { classify(features(clips)) }

  /// The classes' logits from what ``features(_:)`` returned: [N, featureCount] to [N, classes].
  public func classify(_ features: Tensor) -> Tensor { head(features) }

  /// Copies a pre-trained backbone: the tensors of `source` named `backbone.…`. Those named `head.…` are
  /// ignored, and this network's head stays as it is.
  ///
  /// - Throws: `StateMismatch`, before anything is copied, where other tensors are missing, left over or of
  ///   another shape.
  public func loadBackbone(_ source: [String: Tensor]) throws {
    let ownHead = state.filter { $0.name.hasPrefix("head.") }.map { ($0.name, $0.tensor) }
    try load(
      source.filter { !$0.key.hasPrefix("head.") }
        .merging(ownHead) { _, own in own })
  }

  /// Dropout and a linear map.
  public final class Head: Layer {
    /// What the head tells apart; the authors' checkpoints name its tensors accordingly.
    public enum Kind: String, Sendable, Codable {
      case pretext = "out_joint"
      case actions = "out"
    }

    private let kind: Kind
    private let dropout: Dropout
    private let linear: Linear

    public init(_ kind: Kind, features: Int, classes: Int, dropout: Double, device: Device = .cpu) {
      self.kind = kind
      self.dropout = Dropout(dropout)
      linear = Linear(features, classes, device: device)
    }

    public override var children: [(name: String, module: Module)] { [(kind.rawValue, linear)] }

    public override func callAsFunction(_ features: Tensor) -> Tensor {
      linear(isTraining ? dropout(features) : features)
    }
  }
}

/// What a network costs.
public struct ModelCost: Sendable {
  /// The number of trained numbers, head included.
  public let parameters: Int
  /// The floating-point operations of one clip forwards, a multiply-add being two; convolutions and linear
  /// layers only.
  public let operations: Int
}

extension Architecture {
  /// The cost of this network with a head of `classes`, for a clip of `frames` frames of `height` x `width`.
  public func cost(width: Int, classes: Int, frames: Int, height: Int, clipWidth: Int) -> ModelCost
  {
    let model = VideoClassifier(self, width: width, classes: classes, device: .meta)
    model.train(false)
    let operations = OperationCounter.count {
      _ = withoutGradients {
        model(.uninitialized([1, 3, frames, height, clipWidth], device: .meta))
      }
    }
    return ModelCost(parameters: model.parameterCount, operations: 2 * operations)
  }
}
