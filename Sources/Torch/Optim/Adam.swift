/// Adam (Kingma and Ba 2015) as in PyTorch's `torch.optim.Adam`: weight decay is added to the gradient. The update is
/// libtorch's fused kernel, one pass over all parameters of a group.
public final class Adam: Optimizer {
  /// The groups of parameters.
  public var groups: [ParameterGroup] { optimized.groups }
  private let betas: (Double, Double)
  private let epsilon: Double
  private let optimized: OptimizedParameters
  /// The number of updates, float32 [], shared by all parameters.
  private let steps: Tensor

  /// An optimizer of `groups`, whose parameters are on the same device.
  public init(
    _ groups: [ParameterGroup], betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8
  ) {
    self.betas = betas
    self.epsilon = epsilon
    optimized = OptimizedParameters(groups, moments: ["first_moment", "second_moment"])
    steps = .zeros([], device: groups.first?.parameters.first?.tensor.device ?? .cpu)
  }

  /// Updates all parameters; see ``Optimizer/step(learningRate:unless:)``. `skip` is a tensor of shape [].
  public func step(learningRate: Double, unless skip: Tensor?) {
    withoutGradients {
      let skip = skip.map(OptimizedParameters.flag)
      steps.increment()
      for update in optimized.updates {
        Operators.fusedAdam.tensors([
          .tensors(update.parameters), .tensors(update.gradients), .tensors(update.moments[0]),
          .tensors(update.moments[1]), .tensors([]),
          .tensors(update.parameters.map { _ in steps }),
          .double(learningRate * update.group.learningRateScale), .double(betas.0),
          .double(betas.1), .double(update.group.weightDecay), .double(epsilon), .bool(false),
          .bool(false), .none, .optionalTensor(skip),
        ])
      }
      // The kernels need the number of this update. They do not change it, even if they skip.
      if let skip { steps.add(skip, scale: -1) }
    }
  }

  /// The number of updates and the moments, for checkpoints.
  public var state: StateDictionary {
    StateDictionary([("steps", steps)] + optimized.state)
  }
}
