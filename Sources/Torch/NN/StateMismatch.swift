/// How the tensors of a checkpoint differ from those of a module.
public struct StateMismatch: Error, Hashable, CustomStringConvertible {
  public struct Reshaped: Hashable, Sendable {
    public let name: String
    public let expected: [Int]
    public let found: [Int]

    public init(name: String, expected: [Int], found: [Int]) {
      self.name = name
      self.expected = expected
      self.found = found
    }
  }

  /// Names that the module has and the checkpoint lacks.
  public let missing: [String]
  /// Names that the checkpoint has and the module lacks.
  public let leftOver: [String]
  /// Tensors of the same name and another shape.
  public let reshaped: [Reshaped]

  public init(missing: [String] = [], leftOver: [String] = [], reshaped: [Reshaped] = []) {
    self.missing = missing
    self.leftOver = leftOver
    self.reshaped = reshaped
  }

  /// How the shapes by name that were found differ from those that were expected.
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

  public var isEmpty: Bool { count == 0 }

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
