/// A 3D convolution.
///
/// Input [N, Cin, T, H, W], output [N, Cout, T', H', W'].
public final class Conv3d: Layer {
  /// [Cout, Cin, kernel time, height, width].
  public let weight: Tensor
  /// [Cout]; nil for a convolution without bias.
  public let bias: Tensor?
  private let window: SlidingWindow

  public var kernel: Extent3 { window.kernel }
  public var stride: Extent3 { window.stride }
  /// The zeros that are added at both ends of each axis.
  public var padding: Extent3 { window.padding }

  /// Weights from the normal distribution of He et al. (2015) with the gain of ReLU and the fan-out. The bias is zero
  /// (PyTorch draws it), so that a layer with a bias draws what one without draws.
  ///
  /// - Parameters:
  ///   - input: the number of channels, Cin.
  ///   - output: the number of channels, Cout.
  ///   - kernel: the extent of a window.
  ///   - stride: from window to window.
  ///   - padding: by default half the kernel.
  ///   - bias: true for a number that is added to each channel.
  ///   - generator: draws the weights; the layer is made on its device.
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
      : Operators.conv3d(
        .tensor(input), .tensor(weight), .optionalTensor(bias), .ints(stride.array),
        .ints(padding.array))
    if let counter = OperationCounter.current {
      let shape = weight.shape
      counter.add(output.count * shape[1...].reduce(1, *))
    }
    return output
  }
}
