/// The differences between the tensors of a checkpoint and those of a module.
public struct StateMismatch: Error, Hashable, CustomStringConvertible {
  /// A tensor whose shape differs.
  public struct Reshaped: Hashable, Sendable {
    /// The name of the tensor.
    public let name: String
    /// The shape in the module.
    public let expected: [Int]
    /// The shape in the checkpoint.
    public let found: [Int]

    /// A tensor of shape `found` in place of `expected`.
    public init(name: String, expected: [Int], found: [Int]) {
      self.name = name
      self.expected = expected
      self.found = found
    }
  }

  /// Names in the module but not in the checkpoint.
  public let missing: [String]
  /// Names in the checkpoint but not in the module.
  public let leftOver: [String]
  /// Tensors with the same name but different shapes.
  public let reshaped: [Reshaped]

  /// The differences with these names.
  public init(missing: [String] = [], leftOver: [String] = [], reshaped: [Reshaped] = []) {
    self.missing = missing
    self.leftOver = leftOver
    self.reshaped = reshaped
  }

  /// Compares shapes by name.
  public init(expected: [(name: String, shape: [Int])], found: [String: [Int]]) {
    self.init(
      missing: expected.filter { found[$0.name] == nil }.map(\.name),
      leftOver: Set(found.keys).subtracting(expected.map(\.name)).sorted(),
      reshaped: expected.compactMap { name, shape in
        guard let other = found[name], other != shape else { return nil }
        return Reshaped(name: name, expected: shape, found: other)
      })
  }

  /// The number of tensors that differ.
  public var count: Int { missing.count + leftOver.count + reshaped.count }

  /// True if there are no differences.
  public var isEmpty: Bool { count == 0 }

  public var description: String {
    var parts: [String] = []
    if !missing.isEmpty { parts.append("missing \(Self.list(missing))") }
    if !leftOver.isEmpty { parts.append("left over \(Self.list(leftOver))") }
    if !reshaped.isEmpty {
      let words = reshaped.map { "\($0.name) (\($0.found), but \($0.expected) in the model)" }
      parts.append("with another shape \(Self.list(words))")
    }
    return "the tensors do not fit the model: " + parts.joined(separator: "; ")
  }

  private static func list(_ words: [String]) -> String {
    let shown = words.prefix(3).joined(separator: ", ")
    return words.count > 3 ? "\(shown) and \(words.count - 3) more" : shown
  }
}
