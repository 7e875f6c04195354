/// What there is to say about a key.
public struct Explanation: Encodable, Sendable {
  /// Dotted.
  public let key: String
  public let description: String
  /// "a whole number or null".
  public let type: String
  /// The rule that values obey, "must be at least 1".
  public let rule: String?
  /// All values, if they can be listed; else empty.
  public let choices: [String]
  public let defaultValue: PlainValue
  /// Names that older versions gave it; they are still read.
  public let formerNames: [String]

  private enum CodingKeys: String, CodingKey {
    case key, description, type, rule, choices
    case defaultValue = "default"
    case formerNames = "former_names"
  }
}

extension RunConfiguration {
  /// Every key, in the order of their declaration.
  public static var explanations: [Explanation] { explanations(of: leaves) }

  /// Every key that this configuration reads.
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

  /// The key `name`, current or older, or all keys of the group with that name.
  ///
  /// - Throws: ``ConfigurationError/unknownKey(key:nearest:origin:)``.
  public static func explanation(of name: String) throws -> [Explanation] {
    let name = try currentName(of: name, origin: "")
    return explanations.filter { $0.key == name || $0.key.hasPrefix(name + ".") }
  }
}
