/// The window of a convolution or pooling over [..., T, H, W].
struct SlidingWindow {
  let kernel: Extent3
  let stride: Extent3
  /// The number of cells added at both ends of each axis.
  let padding: Extent3
  /// True if a last window that begins inside the input may end behind it.
  var roundsUp = false

  /// The sizes [T', H', W'] of the output for an input [..., T, H, W]. libtorch does not compute them on the meta device.
  func outputExtents(_ input: [Int]) -> [Int] {
    axes(input).map { extent, kernel, stride, padding in
      let room = extent + 2 * padding - kernel
      guard roundsUp else { return room / stride + 1 }
      return min((room + stride - 1) / stride, (extent + padding - 1) / stride) + 1
    }
  }

  /// The number of cells added at the begin of each axis, then the numbers at their ends, which complete the last windows.
  func paddings(_ input: [Int]) -> [Int] {
    guard roundsUp else { return padding.array }
    return padding.array
      + zip(axes(input), outputExtents(input)).map { axis, count in
        let (extent, kernel, stride, padding) = axis
        return max(0, (count - 1) * stride + kernel - extent - padding)
      }
  }

  private func axes(_ input: [Int]) -> [(extent: Int, kernel: Int, stride: Int, padding: Int)] {
    zip(zip(input.suffix(3), kernel.array), zip(stride.array, padding.array)).map {
      ($0.0, $0.1, $1.0, $1.1)
    }
  }
}
