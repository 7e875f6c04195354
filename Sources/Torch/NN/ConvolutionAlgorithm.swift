/// How a convolution in float32 on a CPU is computed.
public enum ConvolutionAlgorithm: String, Sendable {
  /// libtorch's direct convolution.
  case direct
  /// A product of the filters with patches of the input, the values that determine an output. Patches are gathered a few at
  /// a time, so that they stay in a cache.
  case patches
  /// Winograd's minimal filtering: tiles of four outputs in each direction with a kernel of 3, through six points. It
  /// multiplies less, and its rounding errors are larger: see ``errorBound``.
  case winograd

  /// The largest error of an output or a gradient, relative to the largest of its tensor, for inputs and weights from a
  /// normal distribution.
  public var errorBound: Double {
    switch self {
    case .direct, .patches: 1e-5
    case .winograd: 1e-4
    }
  }

  /// Winograd's algorithm pays if it saves at least this factor of the multiplications. Below, its transforms take longer.
  private static let leastSaving = 1.5
  /// With fewer channels, the transforms take longer than what they save.
  private static let fewestChannels = 8
  /// Output pictures for which gathering patches with several pixels pays.
  private static let mostPixelsOfPatches = 64

  /// The faster algorithm for an input [N, Cin, T, H, W] and a weight [Cout, Cin, kernel time, height, width].
  public static func fastest(input: [Int], weight: [Int], stride: Extent3, padding: Extent3)
    -> ConvolutionAlgorithm
  {
    let kernel = Extent3(weight[2], weight[3], weight[4])
    guard min(input[0], input[1], weight[0]) > 0, min(input[1], weight[0]) >= fewestChannels,
      max(input[1], weight[0]) <= 8192
    else { return .direct }
    let window = SlidingWindow(kernel: kernel, stride: stride, padding: padding)
    return window.stride == .one && padding == kernel.half
      && savingOfWinograd(input: input, kernel: kernel) >= leastSaving
      ? .winograd : patchesOrDirect(window, output: window.outputExtents(input))
  }

  /// Patches of large pictures overlap, and gathering them takes longer than libtorch's direct convolution.
  private static func patchesOrDirect(_ window: SlidingWindow, output: [Int])
    -> ConvolutionAlgorithm
  {
    // libtorch says what is wrong with an input that is smaller than the kernel.
    guard output.min()! > 0 else { return .direct }
    let isAlongTime = window.kernel.height * window.kernel.width == 1
    return isAlongTime || output[1] * output[2] <= mostPixelsOfPatches ? .patches : .direct
  }

  /// The factor of the multiplications that Winograd's algorithm saves; 0 for kernels that it does not compute.
  private static func savingOfWinograd(input: [Int], kernel: Extent3) -> Double {
    // What a direct convolution and the points of the tiles multiply for the outputs along the axes that are transformed.
    func cost(_ extent: Int) -> (direct: Int, points: Int) {
      // Direct convolutions skip products with the padding.
      (3 * extent - 2, (extent + 3) / 4 * 6)
    }
    switch kernel {
    case Extent3(1, 3, 3), Extent3(3, 3, 3):
      let (rows, columns) = (cost(input[3]), cost(input[4]))
      return Double(rows.direct * columns.direct) / Double(rows.points * columns.points)
    case Extent3(3, 1, 1):
      let times = cost(input[2])
      return Double(times.direct) / Double(times.points)
    default:
      return 0
    }
  }
}
