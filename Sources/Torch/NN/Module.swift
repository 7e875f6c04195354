/// A part of a network: parameters and buffers of its own, and parts below it, each with a name.
///
/// Names are joined by dots from the root, as in PyTorch's state dicts.
open class Module {
  /// True while training: dropout drops, batch normalization uses and tracks the batch's statistics.
  public private(set) var isTraining = true
  /// True once ``freeze()`` has been called here or above.
  public private(set) var isFrozen = false
  /// What this part draws from while training, if it is random (dropout).
  public private(set) var generator: Generator?

  public init() {}

  /// The parts directly below, by name.
  open var children: [(name: String, module: Module)] { [] }
  /// The parameters of this part alone.
  open var ownParameters: [Parameter] { [] }
  /// The tensors of this part alone that are state and not trained (running statistics).
  open var ownBuffers: [(name: String, tensor: Tensor)] { [] }

  /// A tensor that training changes where it requires a gradient, as layers make it; a frozen one does not.
  public struct Parameter {
    public enum Role: Sendable {
      case weight
      case bias
      /// A scale or shift of a normalization, which recipes exempt from weight decay.
      case normalization
    }

    public var name: String
    public let tensor: Tensor
    public let role: Role

    public init(name: String, tensor: Tensor, role: Role) {
      self.name = name
      self.tensor = tensor
      self.role = role
    }
  }
}

extension Module {
  /// Every parameter at or below this part, named from here.
  public var parameters: [Parameter] {
    ownParameters
      + children.flatMap { child in
        child.module.parameters.map { parameter in
          var parameter = parameter
          parameter.name = "\(child.name).\(parameter.name)"
          return parameter
        }
      }
  }

  /// Every buffer at or below this part, named from here.
  public var buffers: [(name: String, tensor: Tensor)] {
    ownBuffers
      + children.flatMap { child in
        child.module.buffers.map { ("\(child.name).\($0.name)", $0.tensor) }
      }
  }

  /// Every parameter and buffer by name: what a checkpoint holds.
  public var state: StateDictionary {
    StateDictionary(parameters.map { ($0.name, $0.tensor) } + buffers)
  }

  /// The parameters that training changes: those that require a gradient. Optimizers made of these hold
  /// nothing for frozen ones.
  public var trainableParameters: [Parameter] { parameters.filter(\.tensor.requiresGradient) }

  /// The number of numbers in all parameters, frozen ones included.
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.tensor.count } }

  /// Switches this part and all below between training and evaluation; what is frozen stays in evaluation.
  public func train(_ isTraining: Bool = true) {
    self.isTraining = isTraining && !isFrozen
    for child in children { child.module.train(isTraining) }
  }

  /// Sets what this part and all below draw from while training (dropout). Whoever trains makes one on the device of
  /// the network, and seeds it before each step by what the step is called: so the numbers depend neither on the
  /// steps before nor on other threads.
  public func setGenerator(_ generator: Generator?) {
    self.generator = generator
    for child in children { child.module.setGenerator(generator) }
  }

  /// Fixes this part and all below for good: the parameters stop requiring gradients and lose those they have,
  /// and the parts stay in evaluation mode whatever ``train(_:)`` says, so that batch normalizations neither
  /// use the batch's statistics nor change the running ones. Call it before an optimizer is made.
  public func freeze() {
    isFrozen = true
    isTraining = false
    for parameter in ownParameters {
      parameter.tensor.requiresGradient = false
      parameter.tensor.gradient = nil
    }
    for child in children { child.module.freeze() }
  }

  /// Moves every parameter and buffer to `device`, the CPU or a CUDA device; the tensors keep their identity.
  public func move(to device: Device) {
    for (_, tensor) in state { tensor.setData(tensor.detached().to(device)) }
  }

  /// Copies the tensors of `source` into those of the same names.
  ///
  /// - Throws: ``StateMismatch``, before anything is copied, if names or shapes differ.
  public func load(
    _ source: [String: Tensor], keeping isKept: (_ name: String) -> Bool = { _ in false }
  ) throws(StateMismatch) {
    try state.load(source, keeping: isKept)
  }
}

/// A module that maps one tensor to one tensor.
open class Layer: Module {
  open func callAsFunction(_ input: Tensor) -> Tensor {
    preconditionFailure("\(type(of: self)) does not say what it computes")
  }
}
