/// A part of a network: its own parameters and buffers, and its named children.
///
/// Names are joined by dots from the root, as in PyTorch's state dicts.
open class Module {
  /// True during training: dropout is active, and batch normalization uses and tracks the statistics of the batch.
  public private(set) var isTraining = true
  /// True after ``freeze()`` was called for this module or a parent.
  public private(set) var isFrozen = false
  /// The generator of random layers (dropout) during training.
  public private(set) var generator: Generator?

  /// A module without children, parameters and buffers, for subclasses.
  public init() {}

  /// The direct children, by name.
  open var children: [(name: String, module: Module)] { [] }
  /// The parameters of this module, without its children.
  open var ownParameters: [Parameter] { [] }
  /// The tensors of this module, without its children, that are state but not trained (running statistics), each in its
  /// own shape.
  open var ownBuffers: [(name: String, tensor: Tensor)] { [] }

  /// A tensor that training changes. It requires a gradient unless it is frozen.
  public struct Parameter {
    /// The role of a parameter.
    public enum Role: Sendable {
      /// A weight.
      case weight
      /// A bias.
      case bias
      /// A scale or shift of a normalization, which training usually exempts from weight decay.
      case normalization
    }

    /// The name, from the module that was asked. The tensor's shape is that of the layer.
    public var name: String
    /// The tensor, in the shape that the layer gives it.
    public let tensor: Tensor
    /// The role.
    public let role: Role

    /// A parameter with a tensor in the layer's shape.
    public init(name: String, tensor: Tensor, role: Role) {
      self.name = name
      self.tensor = tensor
      self.role = role
    }
  }
}

extension Module {
  /// All parameters of this module and its descendants, named relative to this module.
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

  /// All buffers of this module and its descendants, named relative to this module, each in its own shape.
  public var buffers: [(name: String, tensor: Tensor)] {
    ownBuffers
      + children.flatMap { child in
        child.module.buffers.map { ("\(child.name).\($0.name)", $0.tensor) }
      }
  }

  /// All parameters and buffers by name, for checkpoints.
  public var state: StateDictionary {
    StateDictionary(parameters.map { ($0.name, $0.tensor) } + buffers)
  }

  /// The parameters that require a gradient. An optimizer made with them holds no state for frozen parameters.
  public var trainableParameters: [Parameter] { parameters.filter(\.tensor.requiresGradient) }

  /// The number of elements of all parameters, including frozen ones.
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.tensor.count } }

  /// Switches this module and its descendants to training or evaluation mode. Frozen modules stay in evaluation mode.
  public func train(_ isTraining: Bool = true) {
    self.isTraining = isTraining && !isFrozen
    for child in children { child.module.train(isTraining) }
  }

  /// Sets the generator of random layers (dropout) in this module and its descendants. A training loop makes one on the
  /// network's device and seeds it before each step by the step's key, so that the numbers depend neither on earlier
  /// steps nor on other threads.
  public func setGenerator(_ generator: Generator?) {
    self.generator = generator
    for child in children { child.module.setGenerator(generator) }
  }

  /// Freezes this module and its descendants permanently: their parameters no longer require gradients and lose those
  /// that they have, and they stay in evaluation mode regardless of ``train(_:)``, so that batch normalizations neither
  /// use the statistics of the batch nor change the running ones. Call it before making an optimizer.
  public func freeze() {
    isFrozen = true
    isTraining = false
    for parameter in ownParameters {
      parameter.tensor.requiresGradient = false
      parameter.tensor.gradient = nil
    }
    for child in children { child.module.freeze() }
  }

  /// Moves all parameters and buffers to `device`, the CPU or a CUDA device; the tensor objects keep their identity.
  public func move(to device: Device) {
    for (_, tensor) in state { tensor.setData(tensor.detached().to(device)) }
  }

  /// Copies the tensors of `source` into the parameters and buffers with the same names and shapes.
  ///
  /// - Throws: ``StateMismatch`` if names or shapes differ; nothing is copied then.
  public func load(
    _ source: [String: Tensor], keeping isKept: (_ name: String) -> Bool = { _ in false }
  ) throws(StateMismatch) {
    try state.load(source, keeping: isKept)
  }
}

/// A module that maps a tensor to a tensor.
open class Layer: Module {
  /// The output for `input`. Each layer documents the axes of both.
  open func callAsFunction(_ input: Tensor) -> Tensor {
    preconditionFailure("\(type(of: self)) does not implement its forward pass")
  }
}
