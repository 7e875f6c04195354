/// Checks whether the gradients of `parameters` contain NaN or infinity, in one pass and without waiting for the device.
/// The gradients do not change.
///
/// - Returns: float32 [] on the parameters' device: 0 if all are finite, otherwise 1; nil if there are no gradients.
public func nonFiniteGradients(of parameters: [Module.Parameter]) -> Tensor? {
  let gradients = parameters.compactMap(\.tensor.gradient)
  guard let device = gradients.first?.device else { return nil }
  return withoutGradients {
    let found = Tensor.zeros([], device: device)
    // This operator is meant for mixed precision and also divides by a scale, which is 1 here.
    Operators.checkEachAndUnscaleInPlace.tensors([
      .tensors(gradients), .tensor(found), .tensor(.ones([], device: device)),
    ])
    return found
  }
}
