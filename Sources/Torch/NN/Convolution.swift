/// A 3D convolution.
///
/// Input [N, Cin, T, H, W], output [N, Cout, T', H', W'].
public final class Conv3d: Layer {
  /// The weights, [Cout, Cin, kernel time, height, width].
  public let weight: Tensor
  /// The bias, [Cout]; nil for a convolution without one.
  public let bias: Tensor?
  private let window: SlidingWindow

  /// The size of the window.
  public var kernel: Extent3 { window.kernel }
  /// The distance between windows.
  public var stride: Extent3 { window.stride }
  /// The number of zeros added at both ends of each axis.
  public var padding: Extent3 { window.padding }

  /// Initializes the weights with the normal distribution of He et al. (2015) for ReLU and fan-out. The bias is zero,
  /// unlike in PyTorch, so that layers with and without bias draw the same weights.
  ///
  /// - Parameters:
  ///   - input: the number of input channels, Cin.
  ///   - output: the number of output channels, Cout.
  ///   - kernel: the size of the window.
  ///   - stride: the distance between windows.
  ///   - padding: the number of zeros at both ends of each axis; by default half the kernel.
  ///   - bias: true to add a learned number to each channel.
  ///   - generator: draws the weights. The layer is made on its device.
  public init(
    _ input: Int, _ output: Int, kernel: Extent3, stride: Extent3 = .one, padding: Extent3? = nil,
    bias: Bool = false, using generator: Generator
  ) {
    window = SlidingWindow(kernel: kernel, stride: stride, padding: padding ?? kernel.half)
    let fanOut = output * kernel.time * kernel.height * kernel.width
    let deviation = (2 / Double(fanOut)).squareRoot()
    weight = (Tensor.normal([output, input] + kernel.array, using: generator) * deviation)
      .contiguous(.video)
    weight.requiresGradient = true
    self.bias = bias ? .zeros([output], device: generator.device) : nil
    self.bias?.requiresGradient = true
  }

  public override var ownParameters: [Parameter] {
    let weight = Parameter(name: "weight", tensor: weight, role: .weight)
    guard let bias else { return [weight] }
    return [weight, Parameter(name: "bias", tensor: bias, role: .bias)]
  }

  public override func callAsFunction(_ input: Tensor) -> Tensor {
    let output =
      input.device == .meta
      ? Tensor.uninitialized(
        [input.shape[0], weight.shape[0]] + window.outputExtents(input.shape), device: .meta)
      : convolve(input)
    if let counter = OperationCounter.current {
      let shape = weight.shape
      counter.add(
        output.count * shape[1...].reduce(1, *), convolutionOutputs: output.count)
    }
    return output
  }

  private func convolve(_ input: Tensor) -> Tensor {
    switch algorithm(for: input) {
    case .direct:
      return Operators.conv3d(
        .tensor(input), .tensor(weight), .optionalTensor(bias), .ints(stride.array),
        .ints(padding.array))
    case .winograd:
      let output = Operators.winograd(.tensor(input), .tensor(weight))
      return bias.map { output.add($0.reshaped([1, -1, 1, 1, 1])) } ?? output
    }
  }

  /// The algorithm for an input [N, Cin, T, H, W]. Only ``Runtime/convolutions``, shapes, type and device determine it.
  public func algorithm(for input: Tensor) -> ConvolutionAlgorithm {
    guard Runtime.convolutions == .fastest, input.device == .cpu, input.dtype == .float32,
      weight.dtype == .float32, !isAutocasting(on: .cpu)
    else { return .direct }
    return .fastest(input: input.shape, weight: weight.shape, stride: stride, padding: padding)
  }
}
