/// Named tensors in order: the state of a module, an optimizer or an average in a checkpoint.
///
/// The tensors are those in use, not copies. Each has the shape that its owner gives it.
public struct StateDictionary: RandomAccessCollection {
  private let entries: [(name: String, tensor: Tensor)]

  /// Takes named tensors of any shape.
  ///
  /// - Parameter entries: the tensors; names must be unique.
  public init(_ entries: [(name: String, tensor: Tensor)]) { self.entries = entries }

  /// 0.
  public var startIndex: Int { entries.startIndex }
  /// The number of entries.
  public var endIndex: Int { entries.endIndex }
  /// The name and the tensor, of any shape, at `position`.
  public subscript(position: Int) -> (name: String, tensor: Tensor) { entries[position] }

  /// The tensors, of any shape, by name and without order.
  public var byName: [String: Tensor] {
    Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.tensor) })
  }

  /// Copies the tensors of `source` into those with the same names, and converts their types.
  ///
  /// - Parameters:
  ///   - source: the tensors by name.
  ///   - isKept: returns true for the names of tensors that keep their values; entries of `source` with such names are
  ///     ignored.
  /// - Throws: ``StateMismatch`` if names or shapes differ; nothing is copied then.
  public func load(
    _ source: [String: Tensor], keeping isKept: (_ name: String) -> Bool = { _ in false }
  ) throws(StateMismatch) {
    let entries = entries.filter { !isKept($0.name) }
    let source = source.filter { !isKept($0.key) }
    let mismatch = StateMismatch(
      expected: entries.map { ($0.name, $0.tensor.shape) }, found: source.mapValues(\.shape))
    guard mismatch.isEmpty else { throw mismatch }
    withoutGradients {
      for (name, tensor) in entries { tensor.copy(from: source[name]!) }
    }
  }
}
