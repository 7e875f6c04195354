/// What a checkpoint of PyTorch holds; `Leaf` stands for its tensors.
public enum PyTorchObject<Leaf> {
  case none
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case list([PyTorchObject])
  case tuple([PyTorchObject])
  /// In the file's order; no key comes twice.
  case dictionary([Entry])
  case tensor(Leaf)
  /// A value of another type, of which nothing but the type is known.
  case other(UnreadObject)

  public struct Entry {
    public var key: PyTorchObject
    public var value: PyTorchObject

    public init(_ key: PyTorchObject, _ value: PyTorchObject) {
      self.key = key
      self.value = value
    }
  }
}

/// A value of a checkpoint that `torch.load(weights_only=True)` reads and that has no counterpart here.
public struct UnreadObject: Hashable, Sendable {
  /// What it is in Python, as `set`, `torch.device` or `complex64 tensor`.
  public let type: String
  /// Whether it is a tensor, of a kind that is not read.
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
  /// The dictionary's value for a key of text, or nil if there is none.
  public subscript(key: String) -> PyTorchObject? {
    guard case .dictionary(let entries) = self else { return nil }
    return entries.first { entry in
      if case .string(key) = entry.key { true } else { false }
    }?.value
  }

  /// The tensors by name in the file's order, if this is a dictionary of nothing but tensors by text.
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
  /// Whether it is of another type, or a tuple with such a value.
  fileprivate var holdsOther: Bool {
    switch self {
    case .other: true
    case .tuple(let items): items.contains(where: \.holdsOther)
    default: false
    }
  }
}

extension PyTorchObject where Leaf: Hashable {
  /// The root of a pickle.
  ///
  /// - Throws: ``Unsound`` if it is nested deeper than any checkpoint, contains itself, or unfolds to far more than
  ///   its pickle holds.
  init<Interpreter>(
    _ pickle: Pickle<Interpreter>, byteCount: Int, leaf: (_ object: Int) throws -> Leaf?
  ) throws {
    // A container may be recalled any number of times, each in the next: what is counted is what unfolds.
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
        // Of other types it is not known which are equal.
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
