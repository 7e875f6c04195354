// Tensors of random numbers, float32, on the device of the generator.

extension Tensor {
  /// Standard normal numbers in the given shape, float32.
  public static func normal(_ shape: [Int], using generator: Generator) -> Tensor {
    Operators.randn(
      .ints(shape), .generator(generator), .dtype(.float32), .none, .device(generator.device))
  }

  /// Normal numbers with a standard deviation of `deviation`, none of which is more than one deviation from 0, in the given
  /// shape, float32. Numbers that are farther away are drawn again.
  public static func normalWithinOneDeviation(
    _ shape: [Int], deviation: Double, using generator: Generator
  ) -> Tensor {
    let one = Tensor.ones([], device: generator.device)
    var drawn = normal(shape, using: generator)
    // A share of 0.32 is drawn again each time: after 16 times, that of one in a hundred million.
    for _ in 0..<16 {
      drawn = drawn.absolute().less(than: one).choose(drawn, normal(shape, using: generator))
    }
    return drawn.clamped(-1, 1) * deviation
  }

  /// Uniform numbers in [0, 1) in the given shape, float32.
  public static func uniform(_ shape: [Int], using generator: Generator) -> Tensor {
    Operators.rand(
      .ints(shape), .generator(generator), .dtype(.float32), .none, .device(generator.device))
  }

  /// Ones with `probability`, else zeros, in the given shape, float32.
  public static func bernoulli(
    _ shape: [Int], probability: Double, using generator: Generator
  ) -> Tensor {
    Operators.bernoulliInPlace(
      .tensor(.uninitialized(shape, device: generator.device)), .double(probability),
      .generator(generator))
  }

  /// A matrix with orthonormal rows (or columns, if it has more rows than columns) times `gain`, which initializes
  /// recurrent layers (Saxe et al. 2014). `shape` is [rows, ...]; all axes after the first form a row.
  public static func orthogonal(
    _ shape: [Int], gain: Double = 1, using generator: Generator
  ) -> Tensor {
    let (rows, columns) = (shape[0], shape.dropFirst().reduce(1, *))
    let isTall = rows >= columns
    let start = normal([rows, columns], using: generator)
    let factors = Operators.qr.tensors([.tensor(isTall ? start : start.permuted([1, 0]))])
    // Correcting the signs makes the distribution uniform over all such matrices.
    let signs = Operators.sign(.tensor(Operators.diagonal(.tensor(factors[1]))))
    let basis = factors[0] * signs
    return (isTall ? basis : basis.permuted([1, 0])).reshaped(shape) * gain
  }

  /// Sets elements to zero with probability `p`, in 0..<1, and divides the others by 1 - p, elementwise. The generator
  /// must be on this tensor's device.
  public func dropout(_ p: Double, using generator: Generator) -> Tensor {
    precondition((0..<1).contains(p), "dropout's probability is in 0..<1, not \(p)")
    guard p > 0 else { return self }
    precondition(
      device == generator.device,
      "a generator on \(generator.device) cannot drop elements of \(self)")
    switch device {
    case .cpu:
      // Same as libtorch's dropout, but with an explicit generator, which libtorch's operator does not accept.
      let kept = Operators.emptyLike(.tensor(self))
      Operators.bernoulliInPlace(.tensor(kept), .double(1 - p), .generator(generator))
      return self * Operators.divideScalarInPlace(.tensor(kept), .double(1 - p))
    case .cuda:
      // This is the kernel of libtorch's dropout on CUDA. It takes the probability of keeping an element.
      return Operators.fusedDropout.tensors([
        .tensor(self), .double(1 - p), .generator(generator),
      ])[0]
    case .meta:
      return self
    }
  }
}
