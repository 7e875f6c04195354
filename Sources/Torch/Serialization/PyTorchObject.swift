/// The content of a PyTorch checkpoint; `Leaf` represents its tensors.
public enum PyTorchObject<Leaf> {
  /// None.
  case none
  /// A Boolean.
  case bool(Bool)
  /// An integer.
  case integer(Int)
  /// A floating-point number.
  case number(Double)
  /// Text.
  case string(String)
  /// A list.
  case list([PyTorchObject])
  /// A tuple.
  case tuple([PyTorchObject])
  /// A dictionary, in the file's order, with unique keys.
  case dictionary([Entry])
  /// A tensor.
  case tensor(Leaf)
  /// A value of another type, of which only the type is known.
  case other(UnreadObject)

  /// A key with its value.
  public struct Entry {
    /// The key.
    public var key: PyTorchObject
    /// The value.
    public var value: PyTorchObject

    /// A key with its value.
    public init(_ key: PyTorchObject, _ value: PyTorchObject) {
      self.key = key
      self.value = value
    }
  }
}

/// A value without code that this library does not read.
public struct UnreadObject: Hashable, Sendable {
  /// Its type in Python, such as `set`, `argparse.Namespace` or `complex64 tensor`.
  public let type: String
  /// True if it is a tensor of an unsupported kind.
  public let isTensor: Bool

  init(_ type: String, isTensor: Bool = false) {
    self.type = type
    self.isTensor = isTensor
  }
}

extension PyTorchObject: Sendable where Leaf: Sendable {}
extension PyTorchObject.Entry: Sendable where Leaf: Sendable {}
extension PyTorchObject: Equatable where Leaf: Equatable {}
extension PyTorchObject.Entry: Equatable where Leaf: Equatable {}
extension PyTorchObject: Hashable where Leaf: Hashable {}
extension PyTorchObject.Entry: Hashable where Leaf: Hashable {}

extension PyTorchObject {
  /// The value for a text key of a dictionary; nil if there is none.
  public subscript(key: String) -> PyTorchObject? {
    guard case .dictionary(let entries) = self else { return nil }
    return entries.first { entry in
      if case .string(key) = entry.key { true } else { false }
    }?.value
  }

  /// The tensors by name in the file's order, each in its stored shape, if this is a dictionary of only tensors with text
  /// keys; else nil.
  public var tensors: [(name: String, tensor: Leaf)]? {
    guard case .dictionary(let entries) = self else { return nil }
    var tensors: [(name: String, tensor: Leaf)] = []
    for entry in entries {
      guard case .string(let name) = entry.key, case .tensor(let leaf) = entry.value else {
        return nil
      }
      tensors.append((name, leaf))
    }
    return tensors
  }
}

extension PyTorchObject {
  /// True if it is of another type, or a tuple with such a value.
  fileprivate var holdsOther: Bool {
    switch self {
    case .other: true
    case .tuple(let items): items.contains(where: \.holdsOther)
    default: false
    }
  }
}

extension PyTorchObject where Leaf: Hashable {
  /// Converts the root of a pickle.
  ///
  /// - Throws: ``Unsound`` if it is nested more deeply than any checkpoint, contains itself, or expands to far more data
  ///   than its pickle contains.
  init<Interpreter>(
    _ pickle: Pickle<Interpreter>, byteCount: Int, leaf: (_ object: Int) throws -> Leaf?
  ) throws {
    // A container may be referenced any number of times, also by others: limit the expanded size.
    var budget = byteCount + 1000
    func unfold(_ value: PickleValue, depth: Int) throws -> PyTorchObject {
      guard depth <= 100 else { throw Unsound("its containers are nested over 100 deep") }
      budget -= 1
      if case .string(let text) = value { budget -= text.utf8.count / 8 }
      guard budget >= 0 else {
        throw Unsound("its containers hold each other so often that they unfold without end")
      }
      switch value {
      case .none: return .none
      case .bool(let value): return .bool(value)
      case .integer(let value): return .integer(value)
      case .number(let value): return .number(value)
      case .string(let value): return .string(value)
      case .name(let name): return .other(UnreadObject(name))
      case .other(let object): return .other(object)
      case .object(let object):
        return try leaf(object).map { .tensor($0) } ?? .other(UnreadObject("torch storage"))
      case .container(let place):
        let container = pickle.containers[place]
        switch container.kind {
        case .list: return .list(try container.items.map { try unfold($0, depth: depth + 1) })
        case .tuple: return .tuple(try container.items.map { try unfold($0, depth: depth + 1) })
        case .dictionary:
          return .dictionary(try entries(container.items, depth: depth + 1))
        }
      }
    }
    func entries(_ items: [PickleValue], depth: Int) throws -> [Entry] {
      var seen = Set<PyTorchObject>()
      return try stride(from: 0, to: items.count, by: 2).map { index in
        let key = try unfold(items[index], depth: depth)
        // Values of other types cannot be compared.
        guard key.holdsOther || seen.insert(key).inserted else {
          if case .string(let name) = key {
            throw Unsound("one of its dictionaries has the key \(quoted(name)) twice")
          }
          throw Unsound("one of its dictionaries has a key twice")
        }
        return Entry(key, try unfold(items[index + 1], depth: depth))
      }
    }
    self = try unfold(pickle.root, depth: 0)
  }
}
