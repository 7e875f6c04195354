import Torch

/// What a network costs.
public struct ModelCost: Sendable {
  /// The number of trained numbers, head included.
  public let parameters: Int
  /// The floating-point operations of one clip forwards, a multiply-add being two; convolutions and linear
  /// layers only.
  public let operations: Int
}

extension Architecture {
  /// The cost of this network with a head of `classes`, for a clip of `frames` frames of `height` x `clipWidth`.
  public func cost(width: Int, classes: Int, frames: Int, height: Int, clipWidth: Int) -> ModelCost
  {
    let model = VideoClassifier(self, width: width, classes: classes, using: .meta)
    model.train(false)
    let operations = OperationCounter.count {
      _ = withoutGradients {
        model(.uninitialized([1, 3, frames, height, clipWidth], device: .meta))
      }
    }
    return ModelCost(parameters: model.parameterCount, operations: 2 * operations)
  }
}
