import Pretext
import Torch
import VideoModels

/// A backbone for all clips of a tuple, and the head of OPN and VCOP: the features of each pair of clips pass through a layer
/// that all pairs share, and one layer classifies what comes out of all pairs.
///
/// The tensors are named `backbone.…`, `fc7.…`, `fc7_bn.…` and `fc8.…`; OPN's and VCOP's code call the two layers so, too.
///
/// All clips of a batch pass through the backbone at once. VCOP's code passes the first clips of all tuples, then the second
/// ones and so on: its batch normalization uses the statistics of one position at a time.
public final class PairsNetwork: Module, PretextNetwork {
  /// The pairs of positions, and the layers.
  public struct Plan: Hashable, Sendable {
    /// The pairs, in the order in which their features are concatenated.
    public var pairs: [[Int]]
    /// The number of classes.
    public var classes: Int
    /// The number of features of a pair.
    public var hidden = 512
    /// True if the features of pairs are normalized before the ReLU, as in OPN.
    public var isNormalized = false

    /// A plan for these pairs of positions, and this number of classes.
    public init(pairs: [[Int]], classes: Int) {
      self.pairs = pairs
      self.classes = classes
    }

    /// The number of clips of a tuple.
    var clips: Int { (pairs.joined().max() ?? 0) + 1 }
  }

  /// The backbone.
  public let backbone: Backbone
  private let plan: Plan
  private let pair: Linear
  private let normalization: BatchNorm3d?
  private let dropout: Dropout
  private let output: Linear

  /// Puts the task's head on a backbone.
  ///
  /// - Parameters:
  ///   - plan: the layers of the head.
  ///   - backbone: a backbone with weights.
  ///   - dropout: the rate before the last layer.
  ///   - generator: draws the weights of the head.
  public init(_ plan: Plan, on backbone: Backbone, dropout: Double, using generator: Generator) {
    self.plan = plan
    self.backbone = backbone
    self.dropout = Dropout(dropout)
    pair = Linear(2 * backbone.featureCount, plan.hidden, using: generator)
    normalization =
      plan.isNormalized
      ? BatchNorm3d(plan.hidden, epsilon: 1e-5, device: generator.device) : nil
    output = Linear(plan.pairs.count * plan.hidden, plan.classes, using: generator)
  }

  public override var children: [(name: String, module: Module)] {
    [("backbone", backbone), ("dropout", dropout), ("fc7", pair)]
      + (normalization.map { [("fc7_bn", $0)] } ?? []) + [("fc8", output)]
  }

  /// The logits [M, classes] for clips [M * K, 3, N, H, W], those of a tuple one after another.
  public func callAsFunction(_ clips: Tensor) -> Tensor {
    let features = backbone.features(clips).reshaped([-1, plan.clips, backbone.featureCount])
    let pairs = plan.pairs.map { pair in
      Tensor.concatenated(pair.map { features.selected(1, $0) }, axis: 1)
    }
    // [M, pairs, hidden]
    var hidden = pair(Tensor.stacked(pairs, axis: 1))
    if let normalization {
      let shape = hidden.shape
      hidden = normalization(hidden.reshaped([-1, plan.hidden, 1, 1, 1])).reshaped(shape)
    }
    return output(dropout(hidden.relu().flattened(from: 1)))
  }

  /// The mean cross-entropy of the tuples.
  public func evaluate(_ batch: ClipTuples) -> StepOutput {
    StepOutput(classifying: self(batch.clips), as: batch.labels)
  }
}
