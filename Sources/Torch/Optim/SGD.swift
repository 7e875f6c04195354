/// Stochastic gradient descent with momentum as PyTorch's `torch.optim.SGD` (no dampening): weight decay is
/// added to the gradient. The update is libtorch's fused kernel.
public final class SGD: Optimizer {
  public let groups: [ParameterGroup]
  private let momentum: Double
  private let usesNesterov: Bool
  private let velocities: [Moments]

  public init(_ groups: [ParameterGroup], momentum: Double = 0.9, nesterov: Bool = false) {
    self.groups = groups
    self.momentum = momentum
    usesNesterov = nesterov
    velocities = groups.map { Moments(like: $0.parameters) }
  }

  public func step(learningRate: Double) {
    withoutGradients {
      for (index, group) in groups.enumerated() {
        var parameters: [Tensor] = []
        var gradients: [Tensor] = []
        var moving: [Tensor] = []
        for (position, parameter) in group.parameters.enumerated() {
          guard let gradient = parameter.tensor.gradient else { continue }
          parameters.append(parameter.tensor)
          gradients.append(gradient)
          moving.append(velocities[index].tensors[position])
        }
        guard !parameters.isEmpty else { continue }
        // Velocities start at zero, where momentum times velocity plus gradient is PyTorch's first step too.
        Operators.fusedSGD.tensors([
          .tensors(parameters), .tensors(gradients), .tensors(momentum > 0 ? moving : []),
          .double(group.weightDecay), .double(momentum), .double(learningRate), .double(0),
          .bool(usesNesterov), .bool(false), .bool(false),
        ])
      }
    }
  }

  public var state: [(name: String, tensor: Tensor)] {
    groups.indices.flatMap { index in
      groups[index].parameters.enumerated().map { position, parameter in
        ("velocity.\(parameter.name)", velocities[index].tensors[position])
      }
    }
  }

  public func load(_ source: [String: Tensor]) throws {
    try loadState(source, into: state)
  }
}
