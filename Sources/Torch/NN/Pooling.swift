/// Max pooling. Input [N, C, T, H, W], output [N, C, T', H', W'].
public final class MaxPool3d: Layer {
  private let window: SlidingWindow
  /// The largest window of which the backward pass keeps the place of a maximum in a byte, and no inputs.
  private static let mostCompactPlaces = 256

  /// Pads with minus infinity, by default by half the kernel, which is the maximum in libtorch.
  ///
  /// - Parameters:
  ///   - kernel: the size of the window.
  ///   - stride: the distance between windows.
  ///   - padding: the number of cells added at both ends of each axis.
  ///   - roundsUp: true to pool what remains at the ends of axes, too, in smaller windows, as Caffe does and PyTorch with
  ///     `ceil_mode`.
  public init(
    kernel: Extent3, stride: Extent3, padding: Extent3? = nil, roundsUp: Bool = false
  ) {
    window = SlidingWindow(
      kernel: kernel, stride: stride, padding: padding ?? kernel.half, roundsUp: roundsUp)
  }

  public override func callAsFunction(_ input: Tensor) -> Tensor {
    if input.device == .meta { return window.metaOutput(input) }
    let (kernel, stride) = (Argument.ints(window.kernel.array), Argument.ints(window.stride.array))
    if hasKernel(for: input) {
      return Operators.compactMaxPool3d.tensors([
        .tensor(input), kernel, stride, .ints(window.paddings(input.shape)),
      ])[0]
    }
    return Operators.maxPool3d(
      .tensor(input), kernel, stride, .ints(window.padding.array), .ints(Extent3.one.array),
      .bool(window.roundsUp))
  }

  private func hasKernel(for input: Tensor) -> Bool {
    let isSupported =
      switch input.device {
      case .cpu: input.dtype == .float32
      case .cuda:
        Runtime.gpuKernels == .own && [.float32, .bfloat16, .float16].contains(input.dtype)
      case .meta: false
      }
    return isSupported && window.kernel.array.reduce(1, *) <= Self.mostCompactPlaces
  }
}

/// Average pooling, including the padding. Input [N, C, T, H, W], output [N, C, T', H', W'].
public final class AveragePool3d: Layer {
  private let window: SlidingWindow

  /// Pads with zeros; by default not at all.
  public init(kernel: Extent3, stride: Extent3, padding: Extent3 = .zero) {
    window = SlidingWindow(kernel: kernel, stride: stride, padding: padding)
  }

  public override func callAsFunction(_ input: Tensor) -> Tensor {
    if input.device == .meta { return window.metaOutput(input) }
    return Operators.averagePool3d(
      .tensor(input), .ints(window.kernel.array), .ints(window.stride.array),
      .ints(window.padding.array))
  }
}

extension SlidingWindow {
  /// The empty output for an input [N, C, T, H, W] on ``Device/meta``.
  fileprivate func metaOutput(_ input: Tensor) -> Tensor {
    .uninitialized(input.shape.prefix(2) + outputExtents(input.shape), device: .meta)
  }
}

extension Tensor {
  /// The mean over time, height and width: [N, C, T, H, W] to [N, C].
  public func globalAveragePool() -> Tensor { mean([2, 3, 4]) }
}
