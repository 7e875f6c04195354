/// Stochastic gradient descent with momentum as in PyTorch's `torch.optim.SGD` (without dampening): weight decay is added
/// to the gradient. The update is libtorch's fused kernel.
public final class SGD: Optimizer {
  /// The groups of parameters.
  public var groups: [ParameterGroup] { optimized.groups }
  private let momentum: Double
  private let usesNesterov: Bool
  private let optimized: OptimizedParameters

  /// An optimizer of `groups`, whose parameters are on the same device.
  public init(_ groups: [ParameterGroup], momentum: Double = 0.9, nesterov: Bool = false) {
    self.momentum = momentum
    usesNesterov = nesterov
    optimized = OptimizedParameters(groups, moments: ["velocity"])
  }

  /// Updates all parameters; see ``Optimizer/step(learningRate:unless:)``. `skip` is a tensor of shape [].
  public func step(learningRate: Double, unless skip: Tensor?) {
    withoutGradients {
      let skip = skip.map(OptimizedParameters.flag)
      for update in optimized.updates {
        // Velocities start at zero, so that momentum times velocity plus gradient also gives PyTorch's first step.
        Operators.fusedSGD.tensors([
          .tensors(update.parameters), .tensors(update.gradients),
          .tensors(momentum > 0 ? update.moments[0] : []), .double(update.group.weightDecay),
          .double(momentum), .double(learningRate * update.group.learningRateScale), .double(0),
          .bool(usesNesterov), .bool(false), .bool(false), .none, .optionalTensor(skip),
        ])
      }
    }
  }

  /// The velocities, for checkpoints.
  public var state: StateDictionary { StateDictionary(optimized.state) }
}
