/// Stochastic gradient descent with momentum as PyTorch's `torch.optim.SGD` (no dampening): weight decay is
/// added to the gradient. The update is libtorch's fused kernel.
public final class SGD: Optimizer {
  public var groups: [ParameterGroup] { optimized.groups }
  private let momentum: Double
  private let usesNesterov: Bool
  private let optimized: OptimizedParameters

  public init(_ groups: [ParameterGroup], momentum: Double = 0.9, nesterov: Bool = false) {
    self.momentum = momentum
    usesNesterov = nesterov
    optimized = OptimizedParameters(groups, moments: ["velocity"])
  }

  public func step(learningRate: Double, unless skip: Tensor?) {
    withoutGradients {
      let skip = skip.map(OptimizedParameters.flag)
      for update in optimized.updates {
        // Velocities start at zero, where momentum times velocity plus gradient is PyTorch's first step too.
        Operators.fusedSGD.tensors([
          .tensors(update.parameters), .tensors(update.gradients),
          .tensors(momentum > 0 ? update.moments[0] : []), .double(update.group.weightDecay),
          .double(momentum), .double(learningRate * update.group.learningRateScale), .double(0),
          .bool(usesNesterov), .bool(false), .bool(false), .none, .optionalTensor(skip),
        ])
      }
    }
  }

  public var state: StateDictionary { StateDictionary(optimized.state) }
}
