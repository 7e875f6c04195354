// Reductions over all axes, or over the given ones; `keepingAxes` leaves them with extent 1.

extension Tensor {
  public func sum() -> Tensor { Operators.sum(.tensor(self)) }
  public func mean() -> Tensor { Operators.mean(.tensor(self)) }
  public func sum(_ axes: [Int], keepingAxes: Bool = false) -> Tensor {
    Operators.sumAxes(.tensor(self), .ints(axes), .bool(keepingAxes))
  }
  public func mean(_ axes: [Int], keepingAxes: Bool = false) -> Tensor {
    Operators.meanAxes(.tensor(self), .ints(axes), .bool(keepingAxes))
  }
  /// The greatest element over the axes.
  public func max(_ axes: [Int], keepingAxes: Bool = false) -> Tensor {
    Operators.amax(.tensor(self), .ints(axes), .bool(keepingAxes))
  }
  /// The smallest element over the axes.
  public func min(_ axes: [Int], keepingAxes: Bool = false) -> Tensor {
    Operators.amin(.tensor(self), .ints(axes), .bool(keepingAxes))
  }
  /// The index (int64) of the greatest element along `axis`.
  public func argmax(_ axis: Int) -> Tensor { Operators.argmax(.tensor(self), .int(axis)) }
  /// True (bool []) where every element is.
  public func all() -> Tensor { Operators.all(.tensor(self)) }
  /// True if every element is finite; waits for the device.
  public var isFinite: Bool { finite().all().item == 1 }
  /// The Euclidean norm of all elements, as a number.
  public var norm: Double { (self * self).sum().item.squareRoot() }

  /// Exponentials divided by their sum along `axis`.
  public func softmax(_ axis: Int) -> Tensor { Operators.softmax(.tensor(self), .int(axis)) }
  /// The logarithm of ``softmax(_:)``.
  public func logSoftmax(_ axis: Int) -> Tensor { Operators.logSoftmax(.tensor(self), .int(axis)) }
}
