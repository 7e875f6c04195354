import Torch
import VideoModels

/// What a pretext task trains: a backbone with the task's own layers, and the loss.
///
/// The names of the backbone's tensors begin with `backbone.`: that is what fine-tuning takes.
public protocol PretextNetwork: Module {
  /// Inputs and targets on the network's device.
  associatedtype Batch

  var backbone: Backbone { get }

  /// The layers that summarize the backbone's output over places and that fine-tuning may take over with it, as tensors whose
  /// names begin with `aggregator.`; nil for the global average.
  var aggregator: FeatureAggregator? { get }

  /// The loss of a batch.
  func evaluate(_ batch: Batch) -> StepOutput

  /// By how much the learning rate of a parameter, named from the network, is multiplied; 1 unless the task says otherwise.
  func learningRateScale(of parameter: Module.Parameter) -> Double
}

extension PretextNetwork {
  public var aggregator: FeatureAggregator? { nil }
  public func learningRateScale(of parameter: Module.Parameter) -> Double { 1 }
}

/// Clips and their classes.
public struct LabeledClips {
  /// float32 [M, 3, N, H, W], normalized.
  public let clips: Tensor
  /// int64 [M].
  public let labels: Tensor

  public init(clips: Tensor, labels: Tensor) {
    self.clips = clips
    self.labels = labels
  }
}

/// A backbone with a linear head serves every task in which a clip has a class, and fine-tuning.
extension VideoClassifier: PretextNetwork {
  public func evaluate(_ batch: LabeledClips) -> StepOutput { evaluate(batch, smoothing: 0) }

  /// The mean cross-entropy over the clips.
  ///
  /// - Parameters:
  ///   - batch: the clips and their labels.
  ///   - smoothing: of the labels, as in Szegedy et al. (2016).
  public func evaluate(_ batch: LabeledClips, smoothing: Double) -> StepOutput {
    let logits = self(batch.clips)
    return StepOutput(
      loss: crossEntropy(logits.to(.float32), batch.labels, smoothing: smoothing),
      predictions: .init(logits: logits, labels: batch.labels), count: batch.labels.count)
  }
}
