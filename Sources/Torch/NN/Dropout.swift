/// Sets elements to zero with probability `p` while training, and scales the rest by 1 / (1 - p).
public final class Dropout: Layer {
  let p: Double

  public init(_ p: Double) { self.p = p }

  public override func callAsFunction(_ input: Tensor) -> Tensor {
    guard isTraining, input.device == .cpu, 0 < p, p < 1 else {
      return Operators.dropout(.tensor(input), .double(p), .bool(isTraining))
    }
    // Same as libtorch's dropout, but with an explicit generator, which libtorch's operator does not accept.
    let kept = Operators.emptyLike(.tensor(input))
    Operators.bernoulliInPlace(.tensor(kept), .double(1 - p), .generator(.cpu))
    return input * Operators.divideScalarInPlace(.tensor(kept), .double(1 - p))
  }
}
