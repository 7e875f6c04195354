/// An explanation of a key.
public struct Explanation: Encodable, Sendable {
  /// The dotted key.
  public let key: String
  /// The meaning of the value, one sentence.
  public let description: String
  /// The type of the value, such as "a whole number or null".
  public let type: String
  /// The rule for the value, such as "must be at least 1"; nil if there is none.
  public let rule: String?
  /// All possible values if they can be listed, else empty.
  public let choices: [String]
  /// The default value.
  public let defaultValue: PlainValue
  /// Names in earlier versions, which are still read.
  public let formerNames: [String]

  private enum CodingKeys: String, CodingKey {
    case key, description, type, rule, choices
    case defaultValue = "default"
    case formerNames = "former_names"
  }
}

extension RunConfiguration {
  /// All keys, in the order of their declaration.
  public static var explanations: [Explanation] { explanations(of: leaves) }

  /// All keys that this configuration uses.
  public var explanations: [Explanation] {
    Self.explanations(of: Self.leaves.filter { $0.isInUse(self) })
  }

  private static func explanations(of leaves: [Leaf<Self>]) -> [Explanation] {
    let defaults = Self()
    return leaves.map { leaf in
      Explanation(
        key: leaf.name, description: leaf.help,
        type: leaf.value.form + (leaf.value.isOptional ? " or null" : ""), rule: leaf.value.rule,
        choices: leaf.value.choices, defaultValue: leaf.value.get(defaults),
        formerNames: [firstName(leaf.formerName)].filter { $0 != leaf.name })
    }
  }

  /// The key `name`, current or former, or all keys of the group with that name.
  ///
  /// - Throws: ``ConfigurationError/unknownKey(key:nearest:origin:)``.
  public static func explanation(of name: String) throws -> [Explanation] {
    let name = try currentName(of: name, origin: "")
    return explanations.filter { $0.key == name || $0.key.hasPrefix(name + ".") }
  }
}
