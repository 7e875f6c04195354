extension Tensor {
  /// Elements below zero become zero.
  public func relu() -> Tensor { Operators.relu(.tensor(self)) }

  /// ``relu()`` in place: for results that nothing else holds and whose own derivative does not need them.
  public func reluInPlace() -> Tensor { Operators.reluInPlace(.tensor(self)) }
}
