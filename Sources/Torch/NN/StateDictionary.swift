/// Tensors by name, in order: what a checkpoint holds of a module, an optimizer or an average.
///
/// They are the tensors in use, not copies.
public struct StateDictionary: RandomAccessCollection {
  private let entries: [(name: String, tensor: Tensor)]

  /// - Parameter entries: no name occurs twice.
  public init(_ entries: [(name: String, tensor: Tensor)]) { self.entries = entries }

  public var startIndex: Int { entries.startIndex }
  public var endIndex: Int { entries.endIndex }
  public subscript(position: Int) -> (name: String, tensor: Tensor) { entries[position] }

  /// The tensors by name, without their order.
  public var byName: [String: Tensor] {
    Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.tensor) })
  }

  /// Copies the tensors of `source` into those of the same names, converting their types.
  ///
  /// - Parameters:
  ///   - source: tensors by name.
  ///   - isKept: whether a tensor stays as it is; what `source` has by such a name is ignored.
  /// - Throws: ``StateMismatch``, before anything is copied, if names or shapes differ.
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
