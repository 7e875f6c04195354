import Pretext
import Torch
import VideoModels

/// A backbone for all clips of a tuple, and the head of VCP and ST-Puzzle: the features of a tuple's clips are concatenated
/// and classified.
///
/// If there are several heads, the tuples of a batch take turns: the first one belongs to the first head. The loss is the mean
/// over all tuples; its terms tell the heads apart. The tensors are named `backbone.…` and `HEAD.fc7.…`, `HEAD.fc8.…`.
public final class ConcatenationNetwork: Module, PretextNetwork {
  /// The tuples, and the layers.
  public struct Plan: Hashable, Sendable {
    /// The number of clips of a tuple.
    public var clips: Int
    /// The names of the heads.
    public var heads: [String]
    /// The number of classes of each head.
    public var classes: Int
    /// The number of features between two layers, with ReLU and dropout; nil for a single linear layer without dropout.
    public var hidden: Int?

    /// A plan with these values.
    public init(clips: Int, heads: [String], classes: Int, hidden: Int? = nil) {
      self.clips = clips
      self.heads = heads
      self.classes = classes
      self.hidden = hidden
    }
  }

  /// The backbone.
  public let backbone: Backbone
  private let plan: Plan
  private let heads: [Head]

  /// Puts the task's heads on a backbone.
  ///
  /// - Parameters:
  ///   - plan: the layers of the heads.
  ///   - backbone: a backbone with weights.
  ///   - dropout: the rate before the last layer of a head with two.
  ///   - generator: draws the weights of the heads.
  public init(_ plan: Plan, on backbone: Backbone, dropout: Double, using generator: Generator) {
    self.plan = plan
    self.backbone = backbone
    heads = plan.heads.map { _ in
      Head(plan, features: backbone.featureCount, dropout: dropout, using: generator)
    }
  }

  public override var children: [(name: String, module: Module)] {
    [("backbone", backbone)] + zip(plan.heads, heads).map { ($0, $1) }
  }

  /// The logits [M, classes] for clips [M * K, 3, N, H, W], those of a tuple one after another.
  public func callAsFunction(_ clips: Tensor) -> Tensor {
    // [rounds, heads, K * C]
    let features = backbone.features(clips)
      .reshaped([-1, heads.count, plan.clips * backbone.featureCount])
    let logits = heads.indices.map { heads[$0](features.selected(1, $0)) }
    return Tensor.stacked(logits, axis: 1).flattened(from: 0, through: 1)
  }

  /// The mean cross-entropy of the tuples. With several heads, also each one's loss and accuracy.
  public func evaluate(_ batch: ClipTuples) -> StepOutput {
    let logits = self(batch.clips).to(.float32)
    var terms: [(name: String, value: Tensor)] = []
    if heads.count > 1 {
      let byHead = logits.reshaped([-1, heads.count, plan.classes])
      let labels = batch.labels.reshaped([-1, heads.count])
      for (index, name) in plan.heads.enumerated() {
        let own = StepOutput(
          classifying: byHead.selected(1, index), as: labels.selected(1, index))
        terms += [("\(name)_loss", own.loss.detached()), ("\(name)_top1", own.predictions!.top1)]
      }
    }
    return StepOutput(classifying: logits, as: batch.labels, terms: terms)
  }

  private final class Head: Layer {
    private let first: Linear?
    private let dropout: Dropout
    private let last: Linear

    init(_ plan: Plan, features: Int, dropout: Double, using generator: Generator) {
      let input = plan.clips * features
      first = plan.hidden.map { Linear(input, $0, using: generator) }
      self.dropout = Dropout(dropout)
      last = Linear(plan.hidden ?? input, plan.classes, using: generator)
    }

    override var children: [(name: String, module: Module)] {
      (first.map { [("fc7", $0)] } ?? []) + [("dropout", dropout), ("fc8", last)]
    }

    override func callAsFunction(_ features: Tensor) -> Tensor {
      guard let first else { return last(features) }
      return last(dropout(first(features).relu()))
    }
  }
}
