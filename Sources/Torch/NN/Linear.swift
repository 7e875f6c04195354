/// A linear layer, `x W^T + b`. Input [..., in], output [..., out].
public final class Linear: Layer {
  /// The weights W, [out, in].
  public let weight: Tensor
  /// The bias b, [out]; nil for a layer without one.
  public let bias: Tensor?

  /// The distributions of initial weights.
  public enum Initialization {
    /// Normal, with this standard deviation.
    case normal(Double)
    /// Uniform, with the bound √(6 / (in + out)) (Glorot and Bengio 2010).
    case glorot
    /// Uniform, with the bound 1 / √in, as layers of PyTorch are made.
    case fanIn
  }

  /// Draws the weights from `generator`, on whose device the layer is made. The bias is zero.
  ///
  /// - Parameters:
  ///   - input: the number of inputs.
  ///   - output: the number of outputs.
  ///   - bias: false for a layer without bias.
  ///   - weights: the distribution of the weights.
  ///   - generator: draws the weights.
  public init(
    _ input: Int, _ output: Int, bias: Bool = true, weights: Initialization = .normal(0.01),
    using generator: Generator
  ) {
    weight = weights.drawn([output, input], using: generator)
    self.bias = bias ? .zeros([output], device: generator.device) : nil
    weight.requiresGradient = true
    self.bias?.requiresGradient = true
  }

  public override var ownParameters: [Parameter] {
    [Parameter(name: "weight", tensor: weight, role: .weight)]
      + (bias.map { [Parameter(name: "bias", tensor: $0, role: .bias)] } ?? [])
  }

  public override func callAsFunction(_ input: Tensor) -> Tensor {
    input.linear(weight, bias)
  }
}

extension Tensor {
  /// `x W^T + b` for weights W [out, in] and a bias b [out], nil for none: [..., in] to [..., out].
  public func linear(_ weight: Tensor, _ bias: Tensor?) -> Tensor {
    OperationCounter.current?.add(count / weight.shape[1] * weight.count)
    return Operators.linear(.tensor(self), .tensor(weight), .optionalTensor(bias))
  }
}

extension Linear.Initialization {
  /// Weights in the shape [out, ...], all axes after the first being inputs.
  public func drawn(_ shape: [Int], using generator: Generator) -> Tensor {
    let inputs = shape.dropFirst().reduce(1, *)
    func uniform(_ bound: Double) -> Tensor {
      (Tensor.uniform(shape, using: generator) - 0.5) * (2 * bound)
    }
    return switch self {
    case .normal(let deviation): Tensor.normal(shape, using: generator) * deviation
    case .glorot: uniform((6 / Double(inputs + shape[0])).squareRoot())
    case .fanIn: uniform(1 / Double(inputs).squareRoot())
    }
  }
}
