// Reductions over all axes or over the given ones. `keepingAxes` keeps them with size 1.

extension Tensor {
  /// The sum of all elements, [].
  public func sum() -> Tensor { Operators.sum(.tensor(self)) }
  /// The mean of all elements, [].
  public func mean() -> Tensor { Operators.mean(.tensor(self)) }
  /// The sum over the given axes.
  public func sum(_ axes: [Int], keepingAxes: Bool = false) -> Tensor {
    Operators.sumAxes(.tensor(self), .ints(axes), .bool(keepingAxes))
  }
  /// The mean over the given axes.
  public func mean(_ axes: [Int], keepingAxes: Bool = false) -> Tensor {
    Operators.meanAxes(.tensor(self), .ints(axes), .bool(keepingAxes))
  }
  /// The maximum over the given axes.
  public func max(_ axes: [Int], keepingAxes: Bool = false) -> Tensor {
    Operators.amax(.tensor(self), .ints(axes), .bool(keepingAxes))
  }
  /// The minimum over the given axes.
  public func min(_ axes: [Int], keepingAxes: Bool = false) -> Tensor {
    Operators.amin(.tensor(self), .ints(axes), .bool(keepingAxes))
  }
  /// The index (int64) of the maximum along `axis`.
  public func argmax(_ axis: Int) -> Tensor { Operators.argmax(.tensor(self), .int(axis)) }
  /// True (bool []) if all elements are true.
  public func all() -> Tensor { Operators.all(.tensor(self)) }
  /// True if every element is finite; waits for the device.
  public var isFinite: Bool { finite().all().item == 1 }
  /// The Euclidean norm of all elements, as a number.
  public var norm: Double { (self * self).sum().item.squareRoot() }

  /// The softmax along `axis`: exponentials divided by their sum.
  public func softmax(_ axis: Int) -> Tensor { Operators.softmax(.tensor(self), .int(axis)) }
  /// The logarithm of the softmax along `axis`.
  public func logSoftmax(_ axis: Int) -> Tensor { Operators.logSoftmax(.tensor(self), .int(axis)) }

  /// A sum that almost surely differs for tensors of other bits, int64 [] on this tensor's device: to compare tensors of several
  /// processes.
  public var bitSum: Tensor {
    switch dtype {
    case .float32: Operators.viewAsType(.tensor(self), .dtype(.int32)).to(.int64).sum()
    case .float64: Operators.viewAsType(.tensor(self), .dtype(.int64)).sum()
    case .float16, .bfloat16: Operators.viewAsType(.tensor(self), .dtype(.int16)).to(.int64).sum()
    default: to(.int64).sum()
    }
  }
}
