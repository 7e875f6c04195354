/// A part of a network: parameters and buffers of its own, and parts below it, each with a name.
///
/// Names are joined by dots from the root, as in PyTorch's state dicts.
open class Module {
  /// True while training: dropout drops, batch normalization uses and tracks the batch's statistics.
  public private(set) var isTraining = true

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
  public var state: [(name: String, tensor: Tensor)] {
    parameters.map { ($0.name, $0.tensor) } + buffers
  }

  /// The number of trained numbers.
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.tensor.count } }

  /// Switches this part and all below between training and evaluation.
  public func train(_ isTraining: Bool = true) {
    self.isTraining = isTraining
    for child in children { child.module.train(isTraining) }
  }

  /// Moves every parameter and buffer to `device`, the CPU or a CUDA device; the tensors keep their identity.
  public func move(to device: Device) {
    for (_, tensor) in state { tensor.setData(tensor.detached().to(device)) }
  }

  /// Copies the tensors of `source` into those of the same names.
  ///
  /// - Throws: ``StateMismatch``, before anything is copied, where names or shapes differ.
  public func load(_ source: [String: Tensor]) throws {
    let own = state
    let mismatch = StateMismatch(
      missing: own.filter { source[$0.name] == nil }.map(\.name),
      leftOver: Set(source.keys).subtracting(own.map(\.name)).sorted(),
      reshaped: own.compactMap { name, tensor in
        guard let found = source[name], found.shape != tensor.shape else { return nil }
        return .init(name: name, expected: tensor.shape, found: found.shape)
      })
    guard mismatch.isEmpty else { throw mismatch }
    withoutGradients {
      for (name, tensor) in own { tensor.copy(from: source[name]!) }
    }
  }
}

/// How the tensors of a checkpoint differ from those of a module.
public struct StateMismatch: Error, Sendable, CustomStringConvertible {
  public struct Reshaped: Sendable {
    public let name: String
    public let expected: [Int]
    public let found: [Int]
  }

  /// Names that the module has and the checkpoint lacks.
  public let missing: [String]
  /// Names that the checkpoint has and the module lacks.
  public let leftOver: [String]
  /// Tensors of the same name and another shape.
  public let reshaped: [Reshaped]

  var isEmpty: Bool { missing.isEmpty && leftOver.isEmpty && reshaped.isEmpty }

  public var description: String {
    var parts: [String] = []
    if !missing.isEmpty { parts.append("missing \(Self.list(missing))") }
    if !leftOver.isEmpty { parts.append("left over \(Self.list(leftOver))") }
    if !reshaped.isEmpty {
      let words = reshaped.map { "\($0.name) (\($0.found) where the model has \($0.expected))" }
      parts.append("of another shape \(Self.list(words))")
    }
    return "the tensors do not fit the model: " + parts.joined(separator: "; ")
  }

  private static func list(_ words: [String]) -> String {
    let shown = words.prefix(3).joined(separator: ", ")
    return words.count > 3 ? "\(shown) and \(words.count - 3) more" : shown
  }
}

/// A module that maps one tensor to one tensor.
open class Layer: Module {
  open func callAsFunction(_ input: Tensor) -> Tensor {
    preconditionFailure("\(type(of: self)) does not say what it computes")
  }
}
