import Pretext
import Torch
import VideoModels

/// A backbone with the layers of DPC or MemDPC: an aggregator over the blocks of a video that were seen, and a predictor of the
/// features of the next ones.
///
/// Features are the backbone's output before its last ReLU, averaged over the time of a block. The tensors are named
/// `backbone.…`, `aggregator.…`, `predictor.…` and, in MemDPC, `memory`.
public final class DensePredictionNetwork: Module, PretextNetwork {
  /// The blocks, and the layers.
  public struct Plan: Hashable, Sendable {
    /// The number of blocks of a sample.
    public var blocks = 8
    /// The number of blocks that are predicted from the others.
    public var predicted = 3
    /// The directions in time.
    public var directions = RecurrentAggregator.Directions.forward
    /// The number of features in the memory, of which MemDPC's predictions are weighted means; nil for DPC, which predicts
    /// directly.
    public var memorySlots: Int?
    /// The rate of dropout on the aggregator's state after each block.
    public var stateDropout = 0.1

    /// DPC's.
    public init() {}
  }

  /// The backbone.
  public let backbone: Backbone
  /// The layers over the blocks' features.
  public let recurrent: RecurrentAggregator
  private let plan: Plan
  private let predictor: Predictor
  /// The memory, [slots, C].
  private let memory: Tensor?

  /// Puts the task's layers on a backbone.
  ///
  /// - Parameters:
  ///   - plan: the blocks and the layers.
  ///   - backbone: a backbone with weights.
  ///   - generator: draws the weights of the layers: orthogonal ones, in MemDPC a tenth of them; the memory is normal.
  public init(_ plan: Plan, on backbone: Backbone, using generator: Generator) {
    self.plan = plan
    self.backbone = backbone
    let channels = backbone.featureCount
    let gain = plan.memorySlots == nil ? 1 : 0.1
    recurrent = RecurrentAggregator(
      channels, directions: plan.directions, gain: gain, dropout: plan.stateDropout,
      using: generator)
    predictor = Predictor(
      channels, plan.memorySlots ?? channels, gain: gain, using: generator)
    memory = plan.memorySlots.map { .normal([$0, channels], using: generator) }
    memory?.requiresGradient = true
    backbone.freezePooling()
  }

  public override var children: [(name: String, module: Module)] {
    [("backbone", backbone), ("aggregator", recurrent), ("predictor", predictor)]
  }

  public override var ownParameters: [Parameter] {
    memory.map { [Parameter(name: "memory", tensor: $0, role: .weight)] } ?? []
  }

  /// The layers over the blocks' features, which fine-tuning may use.
  public var aggregator: FeatureAggregator? { recurrent }

  /// Predicted and true features of one direction in time.
  public struct Prediction {
    /// The predicted features, [B, steps, C, h, w], in the order in which they were predicted.
    public let predicted: Tensor
    /// The features of the same blocks, [B, steps, C, h, w].
    public let truth: Tensor

    /// Predicted and true features, [B, steps, C, h, w] each.
    public init(predicted: Tensor, truth: Tensor) {
      self.predicted = predicted
      self.truth = truth
    }

    /// The products of all predicted features (rows) with all true ones (columns) of the batch, float32 [R, R] with R = B *
    /// steps * h * w. The candidates of a row are the columns; the right one is on the diagonal.
    ///
    /// They are computed in float32 in all precisions: products that are not normalized exceed the range of float16, and those
    /// of bfloat16 differ by steps of 1 around 200.
    public var scores: Tensor {
      withoutAutocast(on: predicted.device) {
        Self.rows(predicted).matmul(Self.rows(truth).permuted([1, 0]))
      }
    }

    private static func rows(_ features: Tensor) -> Tensor {
      features.permuted([0, 1, 3, 4, 2]).flattened(from: 0, through: 3).to(.float32)
    }
  }

  /// The predictions for blocks [B * blocks, 3, N, H, W], those of a sample one after another: one for each direction.
  public func callAsFunction(_ clips: Tensor) -> [Prediction] {
    let map = backbone.unrectified(clips).mean([2], keepingAxes: true)
    let shape = map.shape
    let features = map.reshaped([-1, plan.blocks] + shape[1...])
    // Backward, the blocks are in reverse order. The frames of a block are not.
    let blocks = (0..<plan.blocks).map { features.selected(1, $0) }
    return zip(0..<recurrent.directionCount, [blocks, blocks.reversed()]).map { direction, order in
      let seen = order.prefix(plan.blocks - plan.predicted).map { $0.relu() }
      var state = recurrent.state(after: seen, direction: direction)
      var predictions: [Tensor] = []
      for _ in 0..<plan.predicted {
        if let last = predictions.last {
          state = recurrent.state(after: [last.relu()], from: state, direction: direction)
        }
        predictions.append(predicted(from: state))
      }
      return Prediction(
        predicted: Tensor.stacked(predictions, axis: 1).squeezed(3),
        truth: Tensor.stacked(Array(order.suffix(plan.predicted)), axis: 1).squeezed(3))
    }
  }

  /// The features [B, C, 1, h, w] predicted from a state.
  private func predicted(from state: Tensor) -> Tensor {
    let output = predictor(state)
    guard let memory else { return output }
    let shares = output.softmax(1).permuted([0, 2, 3, 4, 1])
    return shares.matmul(memory).permuted([0, 4, 1, 2, 3])
  }

  /// The sum over the directions of the mean cross-entropy with which each predicted feature tells its own true one from all
  /// others of the batch (InfoNCE), with each direction's loss and the shares of right ones among the best 1 and 5.
  public func evaluate(_ clips: Tensor) -> StepOutput {
    let scores = self(clips).map(\.scores)
    let count = scores[0].shape[0]
    let labels = Tensor.indices(count, device: clips.device)
    let losses = scores.map { crossEntropy($0, labels) }
    var terms: [(name: String, value: Tensor)] = []
    for (name, (scores, loss)) in zip(["forward", "backward"], zip(scores, losses)) {
      let detached = scores.detached()
      let own = detached.gathered([labels, labels]).unsqueezed(1)
      // All that are not worse, but for itself: equal scores say nothing, and those that are not numbers are misses.
      let worse = detached.less(than: own).to(.float32).sum([1])
      let better = Tensor.full([], Double(count - 1), device: clips.device) - worse
      terms.append(("\(name)_loss", loss.detached()))
      for best in [1, 5] {
        let limit = Tensor.full([], Double(best), device: clips.device)
        terms.append(("\(name)_top\(best)", better.less(than: limit).to(.float32).mean()))
      }
    }
    return StepOutput(
      loss: losses.dropFirst().reduce(losses[0]) { $0 + $1 }, terms: terms, count: count)
  }

  /// Two 1x1x1 convolutions with a ReLU between them.
  private final class Predictor: Layer {
    private let first: Conv3d
    private let second: Conv3d

    init(_ channels: Int, _ output: Int, gain: Double, using generator: Generator) {
      first = .orthogonal(channels, channels, gain: gain, using: generator)
      second = .orthogonal(channels, output, gain: gain, using: generator)
    }

    override var children: [(name: String, module: Module)] {
      [("first", first), ("second", second)]
    }

    override func callAsFunction(_ state: Tensor) -> Tensor { second(first(state).relu()) }
  }
}
