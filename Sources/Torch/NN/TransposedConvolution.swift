/// A transposed 3D convolution: the derivative of ``Conv3d`` with respect to its input. It enlarges its input by the
/// stride.
///
/// Input [N, Cin, T, H, W]; output [N, Cout, T', H', W'] with T' = (T - 1) stride + kernel - 2 padding.
public final class ConvTranspose3d: Layer {
  /// The weights, [Cin, Cout, kernel time, height, width].
  public let weight: Tensor
  /// The bias, [Cout]; nil for a layer without one.
  public let bias: Tensor?
  /// The size of the region to which one input cell contributes.
  public let kernel: Extent3
  /// The distance between these regions.
  public let stride: Extent3
  /// The number of cells removed at both ends of each axis of the output.
  public let padding: Extent3

  /// Initializes the weights with the normal distribution of He et al. (2015) for ReLU and fan-in (the number of products
  /// in an output cell), and the bias with zero.
  ///
  /// - Parameters:
  ///   - input: the number of input channels, Cin.
  ///   - output: the number of output channels, Cout.
  ///   - kernel: the size of the region to which one input cell contributes.
  ///   - stride: the distance between these regions.
  ///   - padding: the number of cells removed at both ends of each axis of the output.
  ///   - bias: true to add a learned number to each channel.
  ///   - generator: draws the weights. The layer is made on its device.
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
