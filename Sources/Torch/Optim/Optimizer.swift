/// Parameters that are trained with the same weight decay.
public struct ParameterGroup {
  public let parameters: [Module.Parameter]
  public let weightDecay: Double

  public init(_ parameters: [Module.Parameter], weightDecay: Double) {
    self.parameters = parameters
    self.weightDecay = weightDecay
  }

  /// All parameters, those of normalizations without decay.
  public static func sparingNormalization(_ parameters: [Module.Parameter], weightDecay: Double)
    -> [ParameterGroup]
  {
    [
      ParameterGroup(parameters.filter { $0.role != .normalization }, weightDecay: weightDecay),
      ParameterGroup(parameters.filter { $0.role == .normalization }, weightDecay: 0),
    ].filter { !$0.parameters.isEmpty }
  }
}

/// Changes parameters by their gradients.
public protocol Optimizer: AnyObject {
  var groups: [ParameterGroup] { get }
  /// One update with the gradients as they are; a parameter without one is left alone.
  func step(learningRate: Double)
  /// What a checkpoint must hold to go on, by name.
  var state: [(name: String, tensor: Tensor)] { get }
  /// Takes over the tensors of ``state``.
  ///
  /// - Throws: ``StateMismatch`` where names or shapes differ; nothing is then changed.
  func load(_ source: [String: Tensor]) throws
}

extension Optimizer {
  /// Forgets all gradients.
  public func clearGradients() {
    for group in groups {
      for parameter in group.parameters { parameter.tensor.gradient = nil }
    }
  }
}

/// A tensor of optimizer state for every parameter, zero at first.
struct Moments {
  let tensors: [Tensor]

  init(like parameters: [Module.Parameter]) {
    tensors = parameters.map { $0.tensor.detached().zerosLike() }
  }
}

/// Copies `source` into `state` by name.
func loadState(_ source: [String: Tensor], into state: [(name: String, tensor: Tensor)]) throws {
  let holder = StateHolder(state)
  try holder.load(source)
}

/// Lends a list of tensors the checks of ``Module/load(_:)``.
private final class StateHolder: Module {
  private let tensors: [(name: String, tensor: Tensor)]
  init(_ tensors: [(name: String, tensor: Tensor)]) { self.tensors = tensors }
  override var ownBuffers: [(name: String, tensor: Tensor)] { tensors }
}
