import Pretext
import Torch
import VideoModels

/// A backbone with SpeedNet's head: the features are pooled by a maximum and a mean, and a linear layer gives the logit that a
/// clip is sped up.
///
/// The tensors are named `backbone.…` and `logit.…`.
public final class SpeedNetwork: Module, PretextNetwork {
  /// The axes of the maximum and of the mean.
  public enum Pooling: String, CaseIterable, Sendable {
    /// The maximum over space, then the mean over time: a moving thing matters wherever it is.
    case maxOverSpace = "max_over_space"
    /// The maximum over time, then the mean over space, as in an unofficial port.
    case maxOverTime = "max_over_time"
  }

  /// The backbone.
  public let backbone: Backbone
  private let pooling: Pooling
  private let dropout: Dropout
  private let logit: Linear

  /// Puts the task's head on a backbone.
  ///
  /// - Parameters:
  ///   - backbone: a backbone with weights.
  ///   - pooling: the axes of the maximum and of the mean.
  ///   - dropout: the rate before the linear layer.
  ///   - generator: draws the weights of the head.
  public init(
    on backbone: Backbone, pooling: Pooling, dropout: Double, using generator: Generator
  ) {
    self.backbone = backbone
    self.pooling = pooling
    self.dropout = Dropout(dropout)
    logit = Linear(backbone.featureCount, 1, using: generator)
    backbone.freezePooling()
  }

  public override var children: [(name: String, module: Module)] {
    [("backbone", backbone), ("dropout", dropout), ("logit", logit)]
  }

  /// The logits [M] that clips [M, 3, N, H, W] are sped up.
  public func callAsFunction(_ clips: Tensor) -> Tensor {
    let map = backbone(clips)
    let features =
      switch pooling {
      case .maxOverSpace: map.max([3, 4]).mean([2])
      case .maxOverTime: map.max([2]).mean([2, 3])
      }
    return logit(dropout(features)).squeezed(1)
  }

  /// The mean binary cross-entropy. It is the cross-entropy of two classes of which the first one has the logit 0.
  public func evaluate(_ batch: LabeledClips) -> StepOutput {
    let logits = self(batch.clips).to(.float32)
    return StepOutput(
      classifying: .stacked([logits.zerosLike(), logits], axis: 1), as: batch.labels)
  }
}
