extension Tensor {
  /// Elements below zero become zero.
  public func relu() -> Tensor { Operators.relu(.tensor(self)) }

  /// ``relu()`` in place: for results that nothing else holds and whose own derivative does not need them.
  public func reluInPlace() -> Tensor { Operators.reluInPlace(.tensor(self)) }

  /// 1 / (1 + exp(-x)).
  public func sigmoid() -> Tensor { Operators.sigmoid(.tensor(self)) }

  /// The hyperbolic tangent.
  public func tanh() -> Tensor { Operators.tanh(.tensor(self)) }

  /// x times the probability that a standard normal number is below x (Hendrycks and Gimpel 2016): exact, by erf.
  public func gelu() -> Tensor { Operators.gelu(.tensor(self)) }

  /// Divided by the Euclidean norm along `axis`, or by `epsilon` if that is greater: vectors of length one.
  public func l2Normalized(_ axis: Int, epsilon: Double = 1e-12) -> Tensor {
    let norm = Operators.vectorNorm(.tensor(self), .double(2), .ints([axis]), .bool(true))
    return self / Operators.clamp(.tensor(norm), .double(epsilon))
  }
}
