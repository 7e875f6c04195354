/// A 3D convolution.
///
/// Input [N, Cin, T, H, W], output [N, Cout, T', H', W'].
public final class Conv3d: Layer {
  /// The weights, [Cout, Cin / groups, kernel time, height, width].
  public let weight: Tensor
  /// The bias, [Cout]; nil for a convolution without one.
  public let bias: Tensor?
  private let window: SlidingWindow
  /// The number of equal parts of the channels, of which each part of the output sees one part of the input.
  public let groups: Int

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
  ///   - groups: the number of equal parts of the channels, which must divide both numbers of channels.
  ///   - bias: true to add a learned number to each channel.
  ///   - generator: draws the weights. The layer is made on its device.
  public init(
    _ input: Int, _ output: Int, kernel: Extent3, stride: Extent3 = .one, padding: Extent3? = nil,
    groups: Int = 1, bias: Bool = false, using generator: Generator
  ) {
    precondition(
      input % groups == 0 && output % groups == 0,
      "\(groups) groups do not divide \(input) and \(output) channels")
    window = SlidingWindow(kernel: kernel, stride: stride, padding: padding ?? kernel.half)
    self.groups = groups
    let fanOut = output / groups * kernel.time * kernel.height * kernel.width
    let deviation = (2 / Double(fanOut)).squareRoot()
    weight = (Tensor.normal([output, input / groups] + kernel.array, using: generator) * deviation)
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
    counted(
      input.device == .meta
        ? Tensor.uninitialized(
          [input.shape[0], weight.shape[0]] + window.outputExtents(input.shape), device: .meta)
        : convolve(input))
  }

  /// `activation(convolution * scale + shift + residual)` with a scale and a shift for each channel of the output, which the
  /// convolution applies itself: [N, Cin, T, H, W] to [N, Cout, T', H', W']. For inference: autograd does not record it.
  ///
  /// - Parameters:
  ///   - input: [N, Cin, T, H, W], not on ``Device/meta``.
  ///   - scale: [Cout].
  ///   - shift: [Cout].
  ///   - residual: [N, Cout, T', H', W']; nil for none.
  ///   - relu: true for a ReLU at the end.
  public func callAsFunction(
    _ input: Tensor, scale: Tensor, shift: Tensor, adding residual: Tensor?, relu: Bool
  ) -> Tensor {
    withoutGradients {
      let shift = bias.map { $0 * scale + shift } ?? shift
      switch algorithm(for: input) {
      case .direct:
        let output = counted(
          directly(input, weight * scale.reshaped([-1, 1, 1, 1, 1]), shift))
        if let residual { output.add(residual) }
        return relu ? output.reluInPlace() : output
      case .patches:
        return counted(
          Operators.normalizedPatchConvolution(
            .tensor(input), .tensor(weight), .ints(stride.array), .ints(padding.array),
            .tensor(scale), .tensor(shift), .optionalTensor(residual), .bool(relu)))
      case .winograd:
        return counted(
          Operators.normalizedWinograd(
            .tensor(input), .tensor(weight), .tensor(scale), .tensor(shift),
            .optionalTensor(residual), .bool(relu)))
      }
    }
  }

  private func convolve(_ input: Tensor) -> Tensor {
    switch algorithm(for: input) {
    case .direct:
      return directly(input, weight, bias)
    case .patches:
      return biased(
        Operators.patchConvolution(
          .tensor(input), .tensor(weight), .ints(stride.array), .ints(padding.array)))
    case .winograd:
      return biased(Operators.winograd(.tensor(input), .tensor(weight)))
    }
  }

  private func biased(_ output: Tensor) -> Tensor {
    bias.map { output.add($0.reshaped([1, -1, 1, 1, 1])) } ?? output
  }

  private func directly(_ input: Tensor, _ weight: Tensor, _ bias: Tensor?) -> Tensor {
    guard input.device == .cpu, groups == 1 else {
      return Operators.conv3d(
        .tensor(input), .tensor(weight), .optionalTensor(bias), .ints(stride.array),
        .ints(padding.array), .ints(Extent3.one.array), .int(groups))
    }
    // Ours need not keep its input, and autocast does not know it. It has no groups.
    let type = autocastType(on: .cpu)
    func cast(_ tensor: Tensor) -> Tensor { type.map { tensor.to($0) } ?? tensor }
    return Operators.convolution(
      .tensor(cast(input)), .tensor(cast(weight)), .optionalTensor(bias.map(cast)),
      .ints(stride.array), .ints(padding.array))
  }

  private func counted(_ output: Tensor) -> Tensor {
    if let counter = OperationCounter.current {
      counter.add(
        output.count * weight.shape[1...].reduce(1, *), convolutionOutputs: output.count)
    }
    return output
  }

  /// The algorithm for an input [N, Cin, T, H, W]. Only ``Runtime/convolutions``, shapes, type and device determine it.
  public func algorithm(for input: Tensor) -> ConvolutionAlgorithm {
    guard Runtime.convolutions == .fastest, groups == 1, input.device == .cpu,
      input.dtype == .float32,
      weight.dtype == .float32, !isAutocasting(on: .cpu)
    else { return .direct }
    return .fastest(input: input.shape, weight: weight.shape, stride: stride, padding: padding)
  }
}
