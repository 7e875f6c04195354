// Views and rearrangements. Axes may be negative: -1 is the last. Unless said otherwise the results
// share the memory of `self`.

extension Tensor {
  /// The elements in another shape, at most one extent being -1; a copy where strides forbid a view.
  public func reshaped(_ shape: [Int]) -> Tensor { Operators.reshape(.tensor(self), .ints(shape)) }

  /// The axes in the order of `axes`.
  public func permuted(_ axes: [Int]) -> Tensor { Operators.permute(.tensor(self), .ints(axes)) }

  /// A new axis of extent 1 before `axis`.
  public func unsqueezed(_ axis: Int) -> Tensor { Operators.unsqueeze(.tensor(self), .int(axis)) }

  /// Without `axis`, which has extent 1.
  public func squeezed(_ axis: Int) -> Tensor { Operators.squeeze(.tensor(self), .int(axis)) }

  /// Axes of extent 1 stretched to `shape` without copying; -1 keeps an extent.
  public func expanded(_ shape: [Int]) -> Tensor { Operators.expand(.tensor(self), .ints(shape)) }

  /// The axes `from` to `through` as one.
  public func flattened(from: Int = 0, through: Int = -1) -> Tensor {
    Operators.flatten(.tensor(self), .int(from), .int(through))
  }

  /// The slice at `index` of `axis`, without that axis.
  public func selected(_ axis: Int, _ index: Int) -> Tensor {
    Operators.select(.tensor(self), .int(axis), .int(index))
  }

  /// The range of `axis`.
  public func sliced(_ axis: Int, _ range: Range<Int>) -> Tensor {
    Operators.narrow(.tensor(self), .int(axis), .int(range.lowerBound), .int(range.count))
  }

  /// The parts of extent `size` along `axis`, in order; the last one is smaller if `size` does not divide the
  /// extent.
  public func split(size: Int, axis: Int = 0) -> [Tensor] {
    Operators.split.tensors([.tensor(self), .int(size), .int(axis)])
  }

  /// At most `count` parts along `axis`, in order, all but the last of one extent.
  public func chunked(_ count: Int, axis: Int = 0) -> [Tensor] {
    Operators.chunk.tensors([.tensor(self), .int(count), .int(axis)])
  }

  /// The elements in reverse order along the axes; a copy.
  public func flipped(_ axes: [Int]) -> Tensor { Operators.flip(.tensor(self), .ints(axes)) }

  /// All windows of `size` elements along `axis`, `step` apart: `axis` counts the windows, and a new
  /// last axis of extent `size` runs inside them.
  public func unfolded(_ axis: Int, size: Int, step: Int) -> Tensor {
    Operators.unfold(.tensor(self), .int(axis), .int(size), .int(step))
  }

  /// The slices of `axis` that `indices` (int64 [M]) names, in its order; a copy.
  public func selected(_ axis: Int, indices: Tensor) -> Tensor {
    Operators.indexSelect(.tensor(self), .int(axis), .tensor(indices))
  }

  /// The elements at the index tensors (int64, broadcast against each other, an axis each from the
  /// first on; nil takes a whole axis), as in NumPy's advanced indexing; a copy.
  public func gathered(_ indices: [Tensor?]) -> Tensor {
    Operators.index(.tensor(self), .optionalTensors(indices))
  }

  /// Writes `values` into the slices of `axis` that `indices` (int64 [M]) names, in place.
  @discardableResult
  public func setSlices(_ axis: Int, indices: Tensor, to values: Tensor) -> Tensor {
    Operators.indexCopyInPlace(.tensor(self), .int(axis), .tensor(indices), .tensor(values))
  }

  /// The tensors one after another along `axis`; a copy.
  public static func concatenated(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
    Operators.concatenate(.tensors(tensors), .int(axis))
  }

  /// The tensors, of one shape, along a new axis; a copy.
  public static func stacked(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
    Operators.stack(.tensors(tensors), .int(axis))
  }
}
