// Views and rearrangements. Axes may be negative: -1 is the last. Results share the memory of `self` unless stated
// otherwise.

extension Tensor {
  /// The elements in another shape, in which at most one size may be -1; a copy if a view is impossible.
  public func reshaped(_ shape: [Int]) -> Tensor { Operators.reshape(.tensor(self), .ints(shape)) }

  /// Reorders the axes: axis i of the result is axis `axes[i]`.
  public func permuted(_ axes: [Int]) -> Tensor { Operators.permute(.tensor(self), .ints(axes)) }

  /// Inserts an axis of size 1 before `axis`.
  public func unsqueezed(_ axis: Int) -> Tensor { Operators.unsqueeze(.tensor(self), .int(axis)) }

  /// Removes `axis`, whose size must be 1.
  public func squeezed(_ axis: Int) -> Tensor { Operators.squeeze(.tensor(self), .int(axis)) }

  /// Repeats axes of size 1 to the given shape without copying; -1 keeps a size.
  public func expanded(_ shape: [Int]) -> Tensor { Operators.expand(.tensor(self), .ints(shape)) }

  /// Merges the axes `from` to `through` into one.
  public func flattened(from: Int = 0, through: Int = -1) -> Tensor {
    Operators.flatten(.tensor(self), .int(from), .int(through))
  }

  /// The slice at `index` along `axis`, without that axis.
  public func selected(_ axis: Int, _ index: Int) -> Tensor {
    Operators.select(.tensor(self), .int(axis), .int(index))
  }

  /// The given range along `axis`.
  public func sliced(_ axis: Int, _ range: Range<Int>) -> Tensor {
    Operators.narrow(.tensor(self), .int(axis), .int(range.lowerBound), .int(range.count))
  }

  /// Parts of size `size` along `axis`, in order. The last one is smaller if `size` does not divide the axis.
  public func split(size: Int, axis: Int = 0) -> [Tensor] {
    Operators.split.tensors([.tensor(self), .int(size), .int(axis)])
  }

  /// At most `count` parts along `axis`, in order, all of the same size except the last.
  public func chunked(_ count: Int, axis: Int = 0) -> [Tensor] {
    Operators.chunk.tensors([.tensor(self), .int(count), .int(axis)])
  }

  /// Reverses the order of the elements along the given axes; a copy.
  public func flipped(_ axes: [Int]) -> Tensor { Operators.flip(.tensor(self), .ints(axes)) }

  /// All windows of `size` elements along `axis` at a distance of `step`. `axis` becomes the axis of windows, and a new
  /// last axis of size `size` runs within them.
  public func unfolded(_ axis: Int, size: Int, step: Int) -> Tensor {
    Operators.unfold(.tensor(self), .int(axis), .int(size), .int(step))
  }

  /// The slices along `axis` at `indices` (int64 [M]), in that order; a copy.
  public func selected(_ axis: Int, indices: Tensor) -> Tensor {
    Operators.indexSelect(.tensor(self), .int(axis), .tensor(indices))
  }

  /// The elements at the given indices, as in NumPy's advanced indexing: one index tensor (int64, broadcast against each
  /// other) for each axis from the first one; nil takes a whole axis. A copy.
  public func gathered(_ indices: [Tensor?]) -> Tensor {
    Operators.index(.tensor(self), .optionalTensors(indices))
  }

  /// Writes `values` in place into the slices along `axis` at `indices` (int64 [M]).
  @discardableResult
  public func setSlices(_ axis: Int, indices: Tensor, to values: Tensor) -> Tensor {
    Operators.indexCopyInPlace(.tensor(self), .int(axis), .tensor(indices), .tensor(values))
  }

  /// Joins tensors along `axis`; a copy.
  public static func concatenated(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
    Operators.concatenate(.tensors(tensors), .int(axis))
  }

  /// Stacks tensors of the same shape along a new axis; a copy.
  public static func stacked(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
    Operators.stack(.tensors(tensors), .int(axis))
  }
}
