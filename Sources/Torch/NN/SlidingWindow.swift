/// The window of a convolution or pooling over [..., T, H, W].
struct SlidingWindow {
  let kernel: Extent3
  let stride: Extent3
  /// The number of cells added at both ends of each axis.
  let padding: Extent3

  /// The sizes [T', H', W'] of the output for an input [..., T, H, W]. libtorch does not compute them on the meta device.
  func outputExtents(_ input: [Int]) -> [Int] {
    zip(input.suffix(3), zip(kernel.array, zip(stride.array, padding.array))).map {
      extent, axis in
      let (kernel, (stride, padding)) = axis
      return (extent + 2 * padding - kernel) / stride + 1
    }
  }
}
