/// Updates parameters according to their gradients.
public protocol Optimizer: AnyObject {
  /// The groups of parameters.
  var groups: [ParameterGroup] { get }

  /// Updates the parameters with their current gradients; parameters without a gradient stay unchanged. The learning rate
  /// of a group is
  /// `learningRate` times its ``ParameterGroup/learningRateScale``.
  ///
  /// - Parameters:
  ///   - learningRate: the learning rate of groups with a scale of 1.
  ///   - skip: a tensor [] on the parameters' device. If it is not zero, nothing changes, neither the parameters nor the
  ///     optimizer's state. The device decides this without synchronization. Nil always updates.
  func step(learningRate: Double, unless skip: Tensor?)

  /// The state for checkpoints.
  var state: StateDictionary { get }
}

extension Optimizer {
  /// Updates the parameters with their current gradients; parameters without a gradient stay unchanged.
  public func step(learningRate: Double) { step(learningRate: learningRate, unless: nil) }

  /// Copies the tensors of a saved ``state``, each in its shape.
  ///
  /// - Throws: ``StateMismatch`` if names or shapes differ; nothing is changed then.
  public func load(_ source: [String: Tensor]) throws(StateMismatch) { try state.load(source) }

  /// Clears all gradients.
  public func clearGradients() {
    for group in groups {
      for parameter in group.parameters { parameter.tensor.gradient = nil }
    }
  }
}

/// Groups of parameters, and the state tensors that an optimizer keeps for each parameter; they are zero at first.
struct OptimizedParameters {
  let groups: [ParameterGroup]
  private let momentNames: [String]
  /// The state tensors by group, name and parameter.
  private let moments: [[[Tensor]]]

  init(_ groups: [ParameterGroup], moments names: [String]) {
    self.groups = groups
    momentNames = names
    moments = groups.map { group in
      names.map { _ in group.parameters.map { $0.tensor.detached().zerosLike() } }
    }
  }

  /// What a fused kernel updates at once: the parameters of a group that have gradients.
  struct Update {
    let group: ParameterGroup
    fileprivate(set) var parameters: [Tensor] = []
    fileprivate(set) var gradients: [Tensor] = []
    /// The state tensors, by the order of the moments' names.
    fileprivate(set) var moments: [[Tensor]]
  }

  /// The updates of the groups with at least one gradient.
  var updates: [Update] {
    zip(groups, moments).compactMap { group, moments in
      var update = Update(group: group, moments: moments.map { _ in [] })
      for (place, parameter) in group.parameters.enumerated() {
        guard let gradient = parameter.tensor.gradient else { continue }
        update.parameters.append(parameter.tensor)
        update.gradients.append(gradient)
        for index in moments.indices { update.moments[index].append(moments[index][place]) }
      }
      return update.parameters.isEmpty ? nil : update
    }
  }

  /// The state tensors, named `MOMENT.PARAMETER`, in the order of the parameters.
  var state: [(name: String, tensor: Tensor)] {
    zip(groups, moments).flatMap { group, moments in
      group.parameters.enumerated().flatMap { place, parameter in
        zip(momentNames, moments).map { ("\($0).\(parameter.name)", $1[place]) }
      }
    }
  }

  /// The flag that makes fused kernels skip an update, float32 []: 1 if `skip` is not zero.
  static func flag(_ skip: Tensor) -> Tensor {
    precondition(skip.count == 1, "one number says whether to skip, not the shape \(skip.shape)")
    return Operators.notEqualScalar(.tensor(skip.reshaped([])), .double(0)).to(.float32)
  }
}
