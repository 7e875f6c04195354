/// A transposed 3D convolution: the derivative of ``Conv3d`` by its input, which enlarges by the stride.
///
/// Input [N, Cin, T, H, W]; output [N, Cout, T', H', W'] with T' = (T - 1) stride + kernel - 2 padding.
public final class ConvTranspose3d: Layer {
  /// [Cin, Cout, kernel time, height, width].
  public let weight: Tensor
  /// [Cout]; nil for a layer without bias.
  public let bias: Tensor?
  public let kernel: Extent3
  public let stride: Extent3
  /// The cells that are cut from both ends of each axis of the output.
  public let padding: Extent3

  /// Weights from the normal distribution of He et al. (2015) with the gain of ReLU and the fan-in, which is the
  /// number of products in one cell of the output; zero bias.
  ///
  /// - Parameters:
  ///   - input: the number of channels, Cin.
  ///   - output: the number of channels, Cout.
  ///   - kernel: the extent of what one cell of the input adds to.
  ///   - stride: between these places in the output.
  ///   - padding: the cells that are cut from both ends of each axis of the output.
  ///   - bias: true for a number that is added to each channel.
  ///   - generator: draws the weights; the layer is made on its device.
  public init(
    _ input: Int, _ output: Int, kernel: Extent3, stride: Extent3 = .one,
    padding: Extent3 = .zero, bias: Bool = false, using generator: Generator
  ) {
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    let reach = zip(kernel.array, stride.array).map { Double($0) / Double($1) }.reduce(1, *)
    let deviation = (2 / (Double(input) * reach)).squareRoot()
    weight = Tensor.normal([input, output] + kernel.array, using: generator) * deviation
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
    let (inputShape, weightShape) = (input.shape, weight.shape)
    OperationCounter.current?.add(input.count * weightShape[1...].reduce(1, *))
    if input.device == .meta {
      let extents = zip(
        zip(inputShape.suffix(3), kernel.array), zip(stride.array, padding.array)
      ).map { ($0.0 - 1) * $1.0 + $0.1 - 2 * $1.1 }
      return .uninitialized([inputShape[0], weightShape[1]] + extents, device: .meta)
    }
    return Operators.convTranspose3d(
      .tensor(input), .tensor(weight), .optionalTensor(bias), .ints(stride.array),
      .ints(padding.array))
  }
}
