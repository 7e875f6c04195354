/// How the window of a convolution or pooling moves over [..., T, H, W].
struct SlidingWindow {
  let kernel: Extent3
  let stride: Extent3
  /// Cells added at both ends of each axis.
  let padding: Extent3

  /// The extents [T', H', W'] of the output for an input [..., T, H, W]. On the device
  /// ``Device/meta`` libtorch does not compute them.
  func outputExtents(_ input: [Int]) -> [Int] {
    zip(input.suffix(3), zip(kernel.array, zip(stride.array, padding.array))).map {
      extent, axis in
      let (kernel, (stride, padding)) = axis
      return (extent + 2 * padding - kernel) / stride + 1
    }
  }
}
