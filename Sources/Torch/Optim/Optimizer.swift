/// Changes parameters by their gradients.
public protocol Optimizer: AnyObject {
  var groups: [ParameterGroup] { get }

  /// One update with the gradients as they are; a parameter without one is left alone. Each group's rate is
  /// `learningRate` times its ``ParameterGroup/learningRateScale``.
  ///
  /// - Parameters:
  ///   - learningRate: of a group with the scale 1.
  ///   - skip: a single number on the parameters' device. Unless it is zero, nothing changes: neither parameters nor this
  ///     optimizer's state. The device decides that by itself, nothing waits for it. nil updates.
  func step(learningRate: Double, unless skip: Tensor?)

  /// What a checkpoint must hold to resume.
  var state: StateDictionary { get }
}

extension Optimizer {
  /// One update with the gradients as they are; a parameter without one is left alone.
  public func step(learningRate: Double) { step(learningRate: learningRate, unless: nil) }

  /// Takes over the tensors of ``state``.
  ///
  /// - Throws: ``StateMismatch`` if names or shapes differ; nothing is then changed.
  public func load(_ source: [String: Tensor]) throws(StateMismatch) { try state.load(source) }

  /// Forgets all gradients.
  public func clearGradients() {
    for group in groups {
      for parameter in group.parameters { parameter.tensor.gradient = nil }
    }
  }
}

/// Groups of parameters with the tensors of state, zero at first, that an optimizer keeps for each parameter.
struct OptimizedParameters {
  let groups: [ParameterGroup]
  private let momentNames: [String]
  /// By group, name and parameter.
  private let moments: [[[Tensor]]]

  init(_ groups: [ParameterGroup], moments names: [String]) {
    self.groups = groups
    momentNames = names
    moments = groups.map { group in
      names.map { _ in group.parameters.map { $0.tensor.detached().zerosLike() } }
    }
  }

  /// What a fused kernel updates at once: what has a gradient in a group.
  struct Update {
    let group: ParameterGroup
    fileprivate(set) var parameters: [Tensor] = []
    fileprivate(set) var gradients: [Tensor] = []
    /// By the names of the moments.
    fileprivate(set) var moments: [[Tensor]]
  }

  /// Of the groups in which anything has a gradient.
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

  /// The moments, each named `MOMENT.PARAMETER`: parameter by parameter.
  var state: [(name: String, tensor: Tensor)] {
    zip(groups, moments).flatMap { group, moments in
      group.parameters.enumerated().flatMap { place, parameter in
        zip(momentNames, moments).map { ("\($0).\(parameter.name)", $1[place]) }
      }
    }
  }

  /// The flag by which fused kernels skip an update: one if `skip` is anything but zero, float32 [].
  static func flag(_ skip: Tensor) -> Tensor {
    precondition(skip.count == 1, "one number says whether to skip, not the shape \(skip.shape)")
    return Operators.notEqualScalar(.tensor(skip.reshaped([])), .double(0)).to(.float32)
  }
}
