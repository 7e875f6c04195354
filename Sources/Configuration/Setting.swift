/// A group of settings: a structure that lists its keys.
///
/// ``settings`` is the only place where a key is declared. It determines how files, `--set` and metadata are read and
/// written, what `mosi config` explains, and which values are rejected.
public protocol Settings: Codable, Hashable, Sendable {
  /// All values at their defaults.
  init()

  /// The keys, in the order of files.
  static var settings: [Setting<Self>] { get }

  /// Checks values that depend on each other.
  ///
  /// - Parameter prefix: the prefix of its keys in error messages: empty, or a name and a dot.
  /// - Throws: ``ConfigurationError/impossible(key:rule:)``.
  func checkTogether(_ prefix: String) throws
}

extension Settings {
  /// Checks nothing.
  ///
  /// - Throws: nothing.
  public func checkTogether(_ prefix: String) throws {}
}

/// A key of `Root` with its name, its meaning, and the way its value is read, written and checked; or a group of keys.
public struct Setting<Root>: Sendable {
  /// The name in snake case, within its group.
  public let name: String
  /// The meaning in one line.
  public let help: String
  /// The names in earlier versions, the oldest first. They are read but never written.
  let formerNames: [String]
  let content: Content

  indirect enum Content: Sendable {
    case value(Value)
    case group(Group)
  }

  struct Value: Sendable {
    /// The expected form, for a sentence with "must be".
    let form: String
    let choices: [String]
    let isOptional: Bool
    /// The rule for the value, such as "must be at least 1"; nil if there is none.
    let rule: String?
    let obeys: @Sendable (Root) -> Bool
    let get: @Sendable (Root) -> PlainValue
    /// Sets the value. Returns false if it has another form.
    let set: @Sendable (PlainValue, inout Root) -> Bool
    /// The value that earlier versions wrote for null.
    let formerNull: PlainValue?
    let isNew: Bool
  }

  struct Group: Sendable {
    let settings: [Setting]
    /// Returns false if the other values of the root make this group unused.
    let isInUse: @Sendable (Root) -> Bool
    let checkTogether: @Sendable (Root, String) throws -> Void
  }
}

// MARK: - Declaring

extension Setting {
  /// Declares a key with a value.
  ///
  /// - Parameters:
  ///   - name: the key within its group.
  ///   - path: the property that holds the value.
  ///   - help: the meaning of the value, one sentence.
  ///   - rule: the rule for the value; nil for none.
  ///   - formerly: its former names.
  ///   - isNew: true for keys that version 0.1.0 did not have; see ``RunConfiguration/identity``.
  public static func value<Value: SettingValue>(
    _ name: String, _ path: WritableKeyPath<Root, Value> & Sendable, _ help: String,
    _ rule: Rule<Value>? = nil, formerly: String..., isNew: Bool = false
  ) -> Setting {
    Setting(
      name: name, help: help, formerNames: formerly,
      content: .value(
        .init(
          form: Value.form, choices: Value.choices, isOptional: false, rule: rule?.words,
          obeys: { rule?.holds($0[keyPath: path]) ?? true }, get: { $0[keyPath: path].plain },
          set: { plain, root in
            guard let value = Value(plain: plain) else { return false }
            root[keyPath: path] = value
            return true
          }, formerNull: nil, isNew: isNew)))
  }

  /// Declares a key whose value may be absent: null.
  ///
  /// - Parameters:
  ///   - name: the key within its group.
  ///   - path: the property that holds the value.
  ///   - help: the meaning of the value, one sentence.
  ///   - rule: the rule for the value; nil for none.
  ///   - formerly: its former names.
  ///   - absent: the value that earlier versions wrote for null, which is still read.
  ///   - isNew: true for keys that version 0.1.0 did not have; see ``RunConfiguration/identity``.
  public static func value<Value: SettingValue>(
    _ name: String, _ path: WritableKeyPath<Root, Value?> & Sendable, _ help: String,
    _ rule: Rule<Value>? = nil, formerly: String..., absent: Value? = nil, isNew: Bool = false
  ) -> Setting {
    Setting(
      name: name, help: help, formerNames: formerly,
      content: .value(
        .init(
          form: Value.form, choices: Value.choices, isOptional: true, rule: rule?.words,
          obeys: { root in root[keyPath: path].map { rule?.holds($0) ?? true } ?? true },
          get: { $0[keyPath: path]?.plain ?? .null },
          set: { plain, root in
            guard plain != .null else {
              root[keyPath: path] = nil
              return true
            }
            guard let value = Value(plain: plain) else { return false }
            root[keyPath: path] = value == absent ? nil : value
            return true
          }, formerNull: absent?.plain, isNew: isNew)))
  }

  /// Declares a group of keys.
  ///
  /// - Parameters:
  ///   - name: the key within its group.
  ///   - path: the property that holds the group.
  ///   - help: the meaning of the group, one sentence.
  ///   - formerly: its former names.
  ///   - isInUse: returns false if the other values make the group unused. An unused group is kept but not checked, and
  ///     it is only written if it was changed.
  public static func group<Inner: Settings>(
    _ name: String, _ path: WritableKeyPath<Root, Inner> & Sendable, _ help: String,
    formerly: String..., isInUse: @escaping @Sendable (Root) -> Bool = { _ in true }
  ) -> Setting {
    Setting(
      name: name, help: help, formerNames: formerly,
      content: .group(
        .init(
          settings: Inner.settings.map { $0.within(path) }, isInUse: isInUse,
          checkTogether: { try $0[keyPath: path].checkTogether($1) })))
  }

  /// The same key for a structure that contains the root.
  private func within<Outer>(_ path: WritableKeyPath<Outer, Root> & Sendable) -> Setting<Outer> {
    let content: Setting<Outer>.Content =
      switch self.content {
      case .value(let value):
        .value(
          .init(
            form: value.form, choices: value.choices, isOptional: value.isOptional,
            rule: value.rule, obeys: { value.obeys($0[keyPath: path]) },
            get: { value.get($0[keyPath: path]) },
            set: { value.set($0, &$1[keyPath: path]) }, formerNull: value.formerNull,
            isNew: value.isNew))
      case .group(let group):
        .group(
          .init(
            settings: group.settings.map { $0.within(path) },
            isInUse: { group.isInUse($0[keyPath: path]) },
            checkTogether: { try group.checkTogether($0[keyPath: path], $1) }))
      }
    return Setting<Outer>(name: name, help: help, formerNames: formerNames, content: content)
  }
}

/// A rule for values, in addition to their type.
public struct Rule<Value>: Sendable {
  /// The rule, for a sentence that begins with the key: "must be at least 1".
  let words: String
  let holds: @Sendable (Value) -> Bool

  /// The rule `words`, which a value fulfills if `holds` returns true.
  public init(_ words: String, _ holds: @escaping @Sendable (Value) -> Bool) {
    self.words = words
    self.holds = holds
  }
}

extension Rule where Value: Comparable & Sendable {
  /// The number, without a decimal point if it is a whole number.
  private static func text(_ value: Value) -> String {
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// From `lower` to `upper`, inclusive; `unit` appears in the message.
  public static func from(_ lower: Value, to upper: Value, _ unit: String = "") -> Self {
    Self("must be from \(text(lower)) to \(text(upper))\(unit.isEmpty ? "" : " \(unit)")") {
      lower <= $0 && $0 <= upper
    }
  }

  /// At least `lower` and less than `upper`.
  public static func from(_ lower: Value, below upper: Value) -> Self {
    Self("must be at least \(text(lower)) and below \(text(upper))") { lower <= $0 && $0 < upper }
  }

  /// Greater than `lower` and at most `upper`.
  public static func above(_ lower: Value, to upper: Value) -> Self {
    Self("must be above \(text(lower)) and at most \(text(upper))") { lower < $0 && $0 <= upper }
  }

  /// Greater than `lower` and less than `upper`.
  public static func above(_ lower: Value, below upper: Value) -> Self {
    Self("must be above \(text(lower)) and below \(text(upper))") { lower < $0 && $0 < upper }
  }

  /// At least `lower`.
  public static func atLeast(_ lower: Value) -> Self {
    Self("must be at least \(text(lower))") { lower <= $0 }
  }
}

extension Rule<Double> {
  /// Greater than 0.
  public static var positive: Self { Self("must be positive") { $0 > 0 } }
}

// MARK: - Listing

/// A key with a value, by its full name.
struct Leaf<Root> {
  /// The dotted name.
  let name: String
  /// The name in version 0.1.0.
  let formerName: String
  let help: String
  let value: Setting<Root>.Value
  /// Returns true if all groups that contain the key are in use.
  let isInUse: @Sendable (Root) -> Bool
}

extension Setting {
  static func leaves(
    of settings: [Setting], below prefix: String = "", formerly formerPrefix: String = "",
    isInUse: @escaping @Sendable (Root) -> Bool = { _ in true }
  ) -> [Leaf<Root>] {
    settings.flatMap { setting in
      let name = prefix + setting.name
      let formerName = formerPrefix + (setting.formerNames.first ?? setting.name)
      switch setting.content {
      case .value(let value):
        return [
          Leaf(
            name: name, formerName: formerName, help: setting.help, value: value, isInUse: isInUse)
        ]
      case .group(let group):
        return leaves(
          of: group.settings, below: name + ".", formerly: formerName + ".",
          isInUse: { isInUse($0) && group.isInUse($0) })
      }
    }
  }

  /// All names, former and current, of keys and groups, with their current names.
  static func names(
    of settings: [Setting], below prefixes: [String] = [""], now: String = ""
  ) -> [(name: String, now: String)] {
    settings.flatMap { setting in
      let own = prefixes.flatMap { prefix in
        ([setting.name] + setting.formerNames).map { prefix + $0 }
      }
      let today = now + setting.name
      let names = own.map { (name: $0, now: today) }
      guard case .group(let group) = setting.content else { return names }
      return names
        + self.names(of: group.settings, below: own.map { $0 + "." }, now: today + ".")
    }
  }
}

extension Settings {
  static var leaves: [Leaf<Self>] { Setting.leaves(of: settings) }
}

// MARK: - Checking

extension Settings {
  /// Checks all values.
  ///
  /// - Parameter name: the name of the group in error messages; nil for a whole configuration.
  /// - Throws: ``ConfigurationError/impossible(key:rule:)``.
  public func check(as name: String? = nil) throws {
    let prefix = name.map { $0 + "." } ?? ""
    for leaf in Self.leaves {
      guard let rule = leaf.value.rule, !leaf.value.obeys(self) else { continue }
      throw ConfigurationError.impossible(
        key: prefix + leaf.name, rule: "\(rule), not \(leaf.value.get(self).words)")
    }
    func checkTogether(_ settings: [Setting<Self>], _ prefix: String) throws {
      for setting in settings {
        guard case .group(let group) = setting.content, group.isInUse(self) else { continue }
        try checkTogether(group.settings, prefix + setting.name + ".")
        try group.checkTogether(self, prefix + setting.name + ".")
      }
    }
    try checkTogether(Self.settings, prefix)
    try self.checkTogether(prefix)
  }

  /// Throws an error unless `holds` is true.
  ///
  /// - Throws: ``ConfigurationError/impossible(key:rule:)``.
  package func require(_ holds: Bool, _ key: String, _ rule: String) throws {
    guard holds else { throw ConfigurationError.impossible(key: key, rule: rule) }
  }
}
