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
  /// The cost of this network for a clip.
  ///
  /// - Parameters:
  ///   - width: the width of the network.
  ///   - classes: the number of classes of its head.
  ///   - frames: the number of frames of the clip.
  ///   - height: the height of its frames in pixels.
  ///   - clipWidth: their width.
  ///   - visibleCubes: the number of the clip's cubes that enter a transformer, whose head is then not counted; nil for whole
  ///     clips.
  public func cost(
    width: Int, classes: Int, frames: Int, height: Int, clipWidth: Int, visibleCubes: Int? = nil
  ) -> ModelCost {
    let model = VideoClassifier(self, width: width, classes: classes, using: .meta)
    model.train(false)
    let clip = Tensor.uninitialized([1, 3, frames, height, clipWidth], device: .meta)
    let counts = OperationCounter.count {
      withoutGradients {
        if let visibleCubes, let backbone = model.backbone as? any TokenBackbone {
          let places = Tensor.uninitialized([1, visibleCubes], dtype: .int64, device: .meta)
          _ = backbone.tokens(clip, keeping: places)
        } else {
          _ = model(clip)
        }
      }
    }
    return ModelCost(
      parameters: model.parameterCount, operations: 2 * counts.multiplyAdds,
      convolutionOutputs: counts.convolutionOutputs)
  }
}
