/// Adam (Kingma and Ba 2015) as PyTorch's `torch.optim.Adam`: weight decay is added to the gradient. The
/// update is libtorch's fused kernel, one pass over all parameters of a group.
public final class Adam: Optimizer {
  public var groups: [ParameterGroup] { optimized.groups }
  private let betas: (Double, Double)
  private let epsilon: Double
  private let optimized: OptimizedParameters
  /// The number of updates so far, float32 [], shared by all parameters.
  private let steps: Tensor

  public init(
    _ groups: [ParameterGroup], betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8
  ) {
    self.betas = betas
    self.epsilon = epsilon
    optimized = OptimizedParameters(groups, moments: ["first_moment", "second_moment"])
    steps = .zeros([], device: groups.first?.parameters.first?.tensor.device ?? .cpu)
  }

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
      // The kernels need the count of this update and leave it as it is, whether they skip or not.
      if let skip { steps.add(skip, scale: -1) }
    }
  }

  public var state: StateDictionary {
    StateDictionary([("steps", steps)] + optimized.state)
  }
}
