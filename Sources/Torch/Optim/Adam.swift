/// Adam (Kingma and Ba 2015) as PyTorch's `torch.optim.Adam`: weight decay is added to the gradient. The
/// update is libtorch's fused kernel, one pass over all parameters of a group.
public final class Adam: Optimizer {
  public let groups: [ParameterGroup]
  private let betas: (Double, Double)
  private let epsilon: Double
  private let firstMoments: [Moments]
  private let secondMoments: [Moments]
  /// The number of updates so far, float32 [], shared by all parameters.
  private let steps: Tensor

  public init(
    _ groups: [ParameterGroup], betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8
  ) {
    self.groups = groups
    self.betas = betas
    self.epsilon = epsilon
    firstMoments = groups.map { Moments(like: $0.parameters) }
    secondMoments = groups.map { Moments(like: $0.parameters) }
    steps = .zeros([], device: groups.first?.parameters.first?.tensor.device ?? .cpu)
  }

  public func step(learningRate: Double) {
    withoutGradients {
      steps.increment()
      for (index, group) in groups.enumerated() {
        var parameters: [Tensor] = []
        var gradients: [Tensor] = []
        var first: [Tensor] = []
        var second: [Tensor] = []
        for (position, parameter) in group.parameters.enumerated() {
          guard let gradient = parameter.tensor.gradient else { continue }
          parameters.append(parameter.tensor)
          gradients.append(gradient)
          first.append(firstMoments[index].tensors[position])
          second.append(secondMoments[index].tensors[position])
        }
        guard !parameters.isEmpty else { continue }
        Operators.fusedAdam.tensors([
          .tensors(parameters), .tensors(gradients), .tensors(first), .tensors(second),
          .tensors([]),
          .tensors(parameters.map { _ in steps }), .double(learningRate), .double(betas.0),
          .double(betas.1), .double(group.weightDecay), .double(epsilon), .bool(false),
          .bool(false),
        ])
      }
    }
  }

  public var state: [(name: String, tensor: Tensor)] {
    [("steps", steps)]
      + groups.indices.flatMap { index in
        groups[index].parameters.enumerated().flatMap { position, parameter in
          [
            ("first_moment.\(parameter.name)", firstMoments[index].tensors[position]),
            ("second_moment.\(parameter.name)", secondMoments[index].tensors[position]),
          ]
        }
      }
  }

  public func load(_ source: [String: Tensor]) throws {
    try loadState(source, into: state)
  }
}
