import Torch

/// The cost of a network.
public struct ModelCost: Sendable {
  /// The number of trained numbers, including the head.
  public let parameters: Int
  /// The floating-point operations of the forward pass of one clip, counting a multiply-add as two; only convolutions,
  /// linear layers and attention.
  public let operations: Int
  /// The numbers in the outputs of all convolutions, or in a transformer's queries, keys and values, for one clip: by them
  /// goes the memory of a training step.
  public let convolutionOutputs: Int
}

extension Architecture {
  /// The cost of this network with a head of `classes` classes, for a clip of `frames` frames of `height` x `clipWidth`
  /// pixels.
  public func cost(width: Int, classes: Int, frames: Int, height: Int, clipWidth: Int) -> ModelCost
  {
    let model = VideoClassifier(self, width: width, classes: classes, using: .meta)
    model.train(false)
    let counts = OperationCounter.count {
      _ = withoutGradients {
        model(.uninitialized([1, 3, frames, height, clipWidth], device: .meta))
      }
    }
    return ModelCost(
      parameters: model.parameterCount, operations: 2 * counts.multiplyAdds,
      convolutionOutputs: counts.convolutionOutputs)
  }
}
