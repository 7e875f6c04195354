/// Checks whether the gradients of `parameters` contain NaN or infinity, in one pass and without waiting for the device.
///
/// - Parameters:
///   - parameters: parameters on one device; those without a gradient are ignored.
///   - scale: float32 [], by which the gradients are divided in place in the same pass; nil leaves them unchanged.
/// - Returns: float32 [] on the parameters' device: 0 if all are finite, otherwise 1; nil if there are no gradients.
public func nonFiniteGradients(of parameters: [Module.Parameter], dividingBy scale: Tensor? = nil)
  -> Tensor?
{
  let gradients = parameters.compactMap(\.tensor.gradient)
  guard let device = gradients.first?.device else { return nil }
  return withoutGradients {
    let found = Tensor.zeros([], device: device)
    let one = Tensor.ones([], device: device)
    Operators.checkEachAndUnscaleInPlace.tensors([
      .tensors(gradients), .tensor(found), .tensor(scale.map { one / $0 } ?? one),
    ])
    return found
  }
}
