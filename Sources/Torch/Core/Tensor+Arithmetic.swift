// Elementwise operations. Shapes broadcast as in NumPy: they are aligned at the last axis, and axes of size 1 are
// repeated.

extension Tensor {
  /// The elementwise sum; shapes broadcast.
  public static func + (a: Tensor, b: Tensor) -> Tensor { Operators.add(.tensor(a), .tensor(b)) }
  /// The elementwise difference; shapes broadcast.
  public static func - (a: Tensor, b: Tensor) -> Tensor {
    Operators.subtract(.tensor(a), .tensor(b))
  }
  /// The elementwise product; shapes broadcast.
  public static func * (a: Tensor, b: Tensor) -> Tensor {
    Operators.multiply(.tensor(a), .tensor(b))
  }
  /// The elementwise quotient; shapes broadcast.
  public static func / (a: Tensor, b: Tensor) -> Tensor { Operators.divide(.tensor(a), .tensor(b)) }

  /// Adds a number to each element, elementwise.
  public static func + (a: Tensor, b: Double) -> Tensor {
    Operators.addScalar(.tensor(a), .double(b))
  }
  /// Subtracts a number from each element, elementwise.
  public static func - (a: Tensor, b: Double) -> Tensor {
    Operators.subtractScalar(.tensor(a), .double(b))
  }
  /// Multiplies each element by a number, elementwise.
  public static func * (a: Tensor, b: Double) -> Tensor {
    Operators.multiplyScalar(.tensor(a), .double(b))
  }
  /// Divides each element by a number, elementwise.
  public static func / (a: Tensor, b: Double) -> Tensor {
    Operators.divideScalar(.tensor(a), .double(b))
  }
  /// The elementwise difference between a number and a tensor.
  public static func - (a: Double, b: Tensor) -> Tensor {
    Operators.reverseSubtractScalar(.tensor(b), .double(a))
  }
  /// The negative elements, in the same shape.
  public static prefix func - (a: Tensor) -> Tensor { Operators.negate(.tensor(a)) }

  /// The absolute value, elementwise.
  public func absolute() -> Tensor { Operators.absolute(.tensor(self)) }
  /// The exponential function, elementwise.
  public func exponential() -> Tensor { Operators.exponential(.tensor(self)) }
  /// The natural logarithm, elementwise.
  public func logarithm() -> Tensor { Operators.logarithm(.tensor(self)) }
  /// The square root, elementwise.
  public func squareRoot() -> Tensor { Operators.squareRoot(.tensor(self)) }
  /// The largest integer that is not greater, elementwise.
  public func floor() -> Tensor { Operators.floor(.tensor(self)) }
  /// The nearest integer (the even one if two are equally near), elementwise.
  public func round() -> Tensor { Operators.round(.tensor(self)) }

  /// The elementwise remainder with the sign of the divisor: in [0, divisor) for a positive divisor.
  public func remainder(_ divisor: Double) -> Tensor {
    Operators.remainder(.tensor(self), .double(divisor))
  }

  /// Elements below `lower` become `lower`, and those above `upper` become `upper`; elementwise.
  public func clamped(_ lower: Double, _ upper: Double) -> Tensor {
    Operators.clamp(.tensor(self), .double(lower), .double(upper))
  }

  /// The elementwise maximum; shapes broadcast.
  public func maximum(_ other: Tensor) -> Tensor {
    Operators.maximum(.tensor(self), .tensor(other))
  }
  /// The elementwise minimum; shapes broadcast.
  public func minimum(_ other: Tensor) -> Tensor {
    Operators.minimum(.tensor(self), .tensor(other))
  }

  /// `self + (end - self) * weight`, elementwise; shapes broadcast.
  public func interpolated(to end: Tensor, by weight: Tensor) -> Tensor {
    Operators.lerp(.tensor(self), .tensor(end), .tensor(weight))
  }

  /// The matrix product over the last two axes, or the product of vectors; the leading axes are a batch and broadcast.
  public func matmul(_ other: Tensor) -> Tensor { Operators.matmul(.tensor(self), .tensor(other)) }
}

// Comparisons return tensors of bool.
extension Tensor {
  /// True where elements are equal, elementwise; shapes broadcast. NaN equals nothing.
  public func equal(to other: Tensor) -> Tensor { Operators.equal(.tensor(self), .tensor(other)) }
  /// True where elements equal the number, elementwise.
  public func equal(to value: Double) -> Tensor {
    Operators.equalScalar(.tensor(self), .double(value))
  }
  /// True where elements are greater than those of `other`, elementwise; shapes broadcast.
  public func greater(than other: Tensor) -> Tensor {
    Operators.greater(.tensor(self), .tensor(other))
  }
  /// True where elements are not less than those of `other`, elementwise; shapes broadcast.
  public func greaterOrEqual(to other: Tensor) -> Tensor {
    Operators.greaterOrEqual(.tensor(self), .tensor(other))
  }
  /// True where elements are less than those of `other`, elementwise; shapes broadcast.
  public func less(than other: Tensor) -> Tensor { Operators.less(.tensor(self), .tensor(other)) }
  /// True where elements are neither infinite nor NaN, elementwise.
  public func finite() -> Tensor { Operators.isFinite(.tensor(self)) }
  /// True where both tensors of bool are true, elementwise; shapes broadcast.
  public func logicalAnd(_ other: Tensor) -> Tensor {
    Operators.logicalAnd(.tensor(self), .tensor(other))
  }
  /// True where this tensor of bool is false, elementwise.
  public func logicalNot() -> Tensor { Operators.logicalNot(.tensor(self)) }

  /// True if shape, type and all elements are equal; for tests. NaN equals nothing.
  package func isEqual(to other: Tensor) -> Bool {
    shape == other.shape && dtype == other.dtype && equal(to: other).all().item == 1
  }

  /// Selects elements by `self`, a tensor of bool: those of `a` where it is true, those of `b` where it is false; shapes
  /// broadcast.
  public func choose(_ a: Tensor, _ b: Tensor) -> Tensor {
    Operators.choose(.tensor(self), .tensor(a), .tensor(b))
  }
}

// In-place operations for gradients, statistics and buffers. Never use them on tensors that autograd has recorded.
extension Tensor {
  /// Overwrites this tensor with `source`, broadcast to this shape and converted to this type.
  @discardableResult
  public func copy(from source: Tensor) -> Tensor {
    Operators.copyInPlace(.tensor(self), .tensor(source))
  }
  /// Adds `other` times `scale` in place, broadcast to this shape.
  @discardableResult
  public func add(_ other: Tensor, scale: Double = 1) -> Tensor {
    Operators.addInPlace(.tensor(self), .tensor(other), .double(scale))
  }
  /// Multiplies each element by `factor` in place, elementwise.
  @discardableResult
  public func scale(by factor: Double) -> Tensor {
    Operators.multiplyScalarInPlace(.tensor(self), .double(factor))
  }
  /// Adds 1 to each element in place, elementwise, for any type.
  @discardableResult
  public func increment() -> Tensor {
    Operators.addScalarInPlace(.tensor(self), .int(1))
  }
  /// Sets all elements in place; the shape stays.
  @discardableResult
  public func fill(_ value: Double) -> Tensor {
    Operators.fillInPlace(.tensor(self), .double(value))
  }
}
