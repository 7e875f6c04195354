// Elementwise operations; shapes broadcast as in NumPy: aligned at the last axis, an axis of extent 1
// stretches.

extension Tensor {
  public static func + (a: Tensor, b: Tensor) -> Tensor { Operators.add(.tensor(a), .tensor(b)) }
  public static func - (a: Tensor, b: Tensor) -> Tensor {
    Operators.subtract(.tensor(a), .tensor(b))
  }
  public static func * (a: Tensor, b: Tensor) -> Tensor {
    Operators.multiply(.tensor(a), .tensor(b))
  }
  public static func / (a: Tensor, b: Tensor) -> Tensor { Operators.divide(.tensor(a), .tensor(b)) }

  public static func + (a: Tensor, b: Double) -> Tensor {
    Operators.addScalar(.tensor(a), .double(b))
  }
  public static func - (a: Tensor, b: Double) -> Tensor {
    Operators.subtractScalar(.tensor(a), .double(b))
  }
  public static func * (a: Tensor, b: Double) -> Tensor {
    Operators.multiplyScalar(.tensor(a), .double(b))
  }
  public static func / (a: Tensor, b: Double) -> Tensor {
    Operators.divideScalar(.tensor(a), .double(b))
  }
  /// `a - b` for a number and a tensor.
  public static func - (a: Double, b: Tensor) -> Tensor {
    Operators.reverseSubtractScalar(.tensor(b), .double(a))
  }
  public static prefix func - (a: Tensor) -> Tensor { Operators.negate(.tensor(a)) }

  public func absolute() -> Tensor { Operators.absolute(.tensor(self)) }
  public func exponential() -> Tensor { Operators.exponential(.tensor(self)) }
  public func logarithm() -> Tensor { Operators.logarithm(.tensor(self)) }
  public func squareRoot() -> Tensor { Operators.squareRoot(.tensor(self)) }
  public func floor() -> Tensor { Operators.floor(.tensor(self)) }
  public func round() -> Tensor { Operators.round(.tensor(self)) }

  /// The remainder with the sign of the divisor: in [0, divisor) for a positive one.
  public func remainder(_ divisor: Double) -> Tensor {
    Operators.remainder(.tensor(self), .double(divisor))
  }

  /// Elements below `lower` become `lower`, above `upper` become `upper`.
  public func clamped(_ lower: Double, _ upper: Double) -> Tensor {
    Operators.clamp(.tensor(self), .double(lower), .double(upper))
  }

  /// The greater of each pair.
  public func maximum(_ other: Tensor) -> Tensor {
    Operators.maximum(.tensor(self), .tensor(other))
  }
  /// The smaller of each pair.
  public func minimum(_ other: Tensor) -> Tensor {
    Operators.minimum(.tensor(self), .tensor(other))
  }

  /// `start + (end - start) * weight`, elementwise with `self` as the start.
  public func interpolated(to end: Tensor, by weight: Tensor) -> Tensor {
    Operators.lerp(.tensor(self), .tensor(end), .tensor(weight))
  }

  /// The matrix product over the last two axes (or of vectors); the others are a batch and broadcast.
  public func matmul(_ other: Tensor) -> Tensor { Operators.matmul(.tensor(self), .tensor(other)) }
}

// Comparisons give tensors of bool.
extension Tensor {
  public func equal(to other: Tensor) -> Tensor { Operators.equal(.tensor(self), .tensor(other)) }
  public func equal(to value: Double) -> Tensor {
    Operators.equalScalar(.tensor(self), .double(value))
  }
  public func greater(than other: Tensor) -> Tensor {
    Operators.greater(.tensor(self), .tensor(other))
  }
  public func greaterOrEqual(to other: Tensor) -> Tensor {
    Operators.greaterOrEqual(.tensor(self), .tensor(other))
  }
  public func less(than other: Tensor) -> Tensor { Operators.less(.tensor(self), .tensor(other)) }
  /// True where an element is neither infinite nor NaN.
  public func finite() -> Tensor { Operators.isFinite(.tensor(self)) }
  public func logicalAnd(_ other: Tensor) -> Tensor {
    Operators.logicalAnd(.tensor(self), .tensor(other))
  }
  public func logicalNot() -> Tensor { Operators.logicalNot(.tensor(self)) }

  /// True if shape, type and every element are equal, for tests. NaN equals nothing.
  package func isEqual(to other: Tensor) -> Bool {
    shape == other.shape && dtype == other.dtype && equal(to: other).all().item == 1
  }

  /// Elementwise choice by `self`, a tensor of bool: `a` where true, `b` where false.
  public func choose(_ a: Tensor, _ b: Tensor) -> Tensor {
    Operators.choose(.tensor(self), .tensor(a), .tensor(b))
  }
}

// In-place: for gradients, statistics and buffers, never for what autograd has recorded.
extension Tensor {
  /// Copies the elements of `source`, broadcast and converted.
  @discardableResult
  public func copy(from source: Tensor) -> Tensor {
    Operators.copyInPlace(.tensor(self), .tensor(source))
  }
  /// Adds `other` times `scale`.
  @discardableResult
  public func add(_ other: Tensor, scale: Double = 1) -> Tensor {
    Operators.addInPlace(.tensor(self), .tensor(other), .double(scale))
  }
  /// Multiplies by `factor`.
  @discardableResult
  public func scale(by factor: Double) -> Tensor {
    Operators.multiplyScalarInPlace(.tensor(self), .double(factor))
  }
  /// Adds one, whatever the type.
  @discardableResult
  public func increment() -> Tensor {
    Operators.addScalarInPlace(.tensor(self), .int(1))
  }
  /// Sets every element.
  @discardableResult
  public func fill(_ value: Double) -> Tensor {
    Operators.fillInPlace(.tensor(self), .double(value))
  }
}
