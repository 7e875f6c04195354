/// `x W^T + b`. Input [..., in], output [..., out].
public final class Linear: Layer {
  /// [out, in].
  public let weight: Tensor
  /// [out].
  public let bias: Tensor

  /// Weights from the normal distribution of deviation 0.01, drawn by `generator`, on whose device the layer is made; zero
  /// bias.
  public init(_ input: Int, _ output: Int, using generator: Generator) {
    weight = Tensor.normal([output, input], using: generator) * 0.01
    bias = .zeros([output], device: generator.device)
    weight.requiresGradient = true
    bias.requiresGradient = true
  }

  public override var ownParameters: [Parameter] {
    [
      Parameter(name: "weight", tensor: weight, role: .weight),
      Parameter(name: "bias", tensor: bias, role: .bias),
    ]
  }

  public override func callAsFunction(_ input: Tensor) -> Tensor {
    if let counter = OperationCounter.current {
      counter.add(input.count / weight.shape[1] * weight.count)
    }
    return Operators.linear(.tensor(input), .tensor(weight), .tensor(bias))
  }
}
