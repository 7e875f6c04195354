/// Adam (Kingma and Ba 2015) as in PyTorch's `torch.optim.Adam`: weight decay is added to the gradient; or AdamW (Loshchilov
/// and Hutter 2019) as in `torch.optim.AdamW`: decay shrinks the parameters before each update, by the learning rate times
/// the decay. The update is libtorch's fused kernel, one pass over all parameters of a group.
public final class Adam: Optimizer {
  /// The groups of parameters.
  public var groups: [ParameterGroup] { optimized.groups }
  private let betas: (Double, Double)
  private let epsilon: Double
  private let isDecayDecoupled: Bool
  private let optimized: OptimizedParameters
  /// The number of updates, float32 [], shared by all parameters.
  private let steps: Tensor

  /// An optimizer of `groups`, whose parameters are on the same device.
  ///
  /// - Parameters:
  ///   - groups: the parameters.
  ///   - betas: the decays of both moments, each in 0..<1.
  ///   - epsilon: added to the root of the second moment.
  ///   - isDecayDecoupled: true for AdamW.
  public init(
    _ groups: [ParameterGroup], betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8,
    isDecayDecoupled: Bool = false
  ) {
    self.isDecayDecoupled = isDecayDecoupled
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
      let kernel = isDecayDecoupled ? Operators.fusedAdamW : Operators.fusedAdam
      for update in optimized.updates {
        kernel.tensors([
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
