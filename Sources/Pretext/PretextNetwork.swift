import Torch
import VideoModels

/// The network that a pretext task trains: a backbone, the task's own layers, and the loss.
///
/// The names of the backbone's tensors begin with `backbone.`: fine-tuning uses these.
public protocol PretextNetwork: Module {
  /// The inputs and targets on the network's device.
  associatedtype Batch

  /// The backbone.
  var backbone: Backbone { get }

  /// The layers that aggregate the backbone's output over positions; fine-tuning may use them too. The names of their
  /// tensors begin with `aggregator.`. Nil for the global average.
  var aggregator: FeatureAggregator? { get }

  /// The loss of a batch.
  func evaluate(_ batch: Batch) -> StepOutput

  /// The factor of the learning rate of a parameter, named relative to the network; 1 by default.
  func learningRateScale(of parameter: Module.Parameter) -> Double
}

extension PretextNetwork {
  /// Nil, for the global average.
  public var aggregator: FeatureAggregator? { nil }
  /// 1.
  public func learningRateScale(of parameter: Module.Parameter) -> Double { 1 }
}

/// Clips with their classes.
public struct LabeledClips {
  /// The normalized clips, float32 [M, 3, N, H, W].
  public let clips: Tensor
  /// The labels, int64 [M].
  public let labels: Tensor

  /// Clips float32 [M, 3, N, H, W] with labels int64 [M].
  public init(clips: Tensor, labels: Tensor) {
    self.clips = clips
    self.labels = labels
  }
}

/// A backbone with a linear head suits every task in which each clip has a class, including fine-tuning.
extension VideoClassifier: PretextNetwork {
  /// The loss and the predictions of a batch, without label smoothing.
  public func evaluate(_ batch: LabeledClips) -> StepOutput { evaluate(batch, smoothing: 0) }

  /// The mean cross-entropy over the clips, with the predictions.
  ///
  /// - Parameters:
  ///   - batch: the clips and their labels.
  ///   - smoothing: the label smoothing of Szegedy et al. (2016); 0 for none.
  public func evaluate(_ batch: LabeledClips, smoothing: Double) -> StepOutput {
    StepOutput(classifying: self(batch.clips), as: batch.labels, smoothing: smoothing)
  }
}
