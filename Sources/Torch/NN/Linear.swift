/// A linear layer, `x W^T + b`. Input [..., in], output [..., out].
public final class Linear: Layer {
  /// The weights W, [out, in].
  public let weight: Tensor
  /// The bias b, [out].
  public let bias: Tensor

  /// Initializes the weights with a normal distribution of standard deviation 0.01 from `generator`, on whose device the
  /// layer is made, and the bias with zero.
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
