/// Tells whether any number in the gradients of `parameters` is NaN or infinite, in one pass and without waiting for the
/// device. The gradients do not change.
///
/// - Returns: float32 [] on the parameters' device: 0 if all are finite, else 1; nil if there is no gradient.
public func nonFiniteGradients(of parameters: [Module.Parameter]) -> Tensor? {
  let gradients = parameters.compactMap(\.tensor.gradient)
  guard let device = gradients.first?.device else { return nil }
  return withoutGradients {
    let found = Tensor.zeros([], device: device)
    // The check of mixed precision, which also divides by a scale: here by one.
    Operators.checkEachAndUnscaleInPlace.tensors([
      .tensors(gradients), .tensor(found), .tensor(.ones([], device: device)),
    ])
    return found
  }
}
