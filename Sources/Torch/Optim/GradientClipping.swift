/// Scales the gradients of `parameters` down, in place, if their common Euclidean norm exceeds `limit`: by `limit / (norm
/// + 1e-6)`, like PyTorch's `clip_grad_norm_`. Parameters without a gradient are ignored.
///
/// If the norm is not finite, the gradients become NaN.
///
/// - Returns: the norm before clipping, float32 [], without waiting for the device; 0 if there are no gradients.
@discardableResult
public func clipGradients(of parameters: [Module.Parameter], toNorm limit: Double) -> Tensor {
  let gradients = parameters.compactMap(\.tensor.gradient)
  guard !gradients.isEmpty else { return .zeros([]) }
  return withoutGradients {
    let norms = gradients.map { Operators.vectorNorm(.tensor($0)) }
    let norm = Operators.vectorNorm(.tensor(.stacked(norms)))
    let factor = (Tensor.full([], limit, device: norm.device) / (norm + 1e-6)).clamped(0, 1)
    Operators.multiplyEachInPlace.tensors([.tensors(gradients), .tensor(factor)])
    return norm
  }
}
