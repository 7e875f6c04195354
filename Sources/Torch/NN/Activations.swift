extension Tensor {
  /// max(x, 0), elementwise.
  public func relu() -> Tensor { Operators.relu(.tensor(self)) }

  /// ``relu()`` in place, elementwise. Only for tensors that are not used elsewhere and that autograd does not need for
  /// another derivative.
  public func reluInPlace() -> Tensor { Operators.reluInPlace(.tensor(self)) }

  /// 1 / (1 + exp(-x)), elementwise.
  public func sigmoid() -> Tensor { Operators.sigmoid(.tensor(self)) }

  /// The hyperbolic tangent, elementwise.
  public func tanh() -> Tensor { Operators.tanh(.tensor(self)) }

  /// x times the probability that a standard normal number is less than x (Hendrycks and Gimpel 2016), elementwise.
  /// Exact, with erf.
  public func gelu() -> Tensor { Operators.gelu(.tensor(self)) }

  /// Divides vectors along `axis` by their Euclidean norm, or by `epsilon` if that is greater, so that their length is 1.
  public func l2Normalized(_ axis: Int, epsilon: Double = 1e-12) -> Tensor {
    let norm = Operators.vectorNorm(.tensor(self), .double(2), .ints([axis]), .bool(true))
    return self / Operators.clamp(.tensor(norm), .double(epsilon))
  }
}
