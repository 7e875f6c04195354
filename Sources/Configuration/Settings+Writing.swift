import Yams

extension Settings {
  /// All keys with their values, as a nested group.
  func plain(_ settings: [Setting<Self>]) -> PlainValue {
    .group(
      settings.map { setting in
        switch setting.content {
        case .value(let value): .init(key: setting.name, value: value.get(self))
        case .group(let group): .init(key: setting.name, value: plain(group.settings))
        }
      })
  }

  /// True if a file must contain the key: it is in use or was changed.
  func isShown(_ leaf: Leaf<Self>, besides defaults: Self) -> Bool {
    leaf.isInUse(self) || leaf.value.get(self) != leaf.value.get(defaults)
  }

  /// YAML of the keys with their values, in the order of their declaration, from which the same values can be read.
  ///
  /// - Parameter isCommented: true for an explanation above each key.
  func yaml(isCommented: Bool) -> String {
    let defaults = Self()
    let shown = Set(Self.leaves.filter { isShown($0, besides: defaults) }.map(\.name))
    var lines: [String] = []
    func write(_ settings: [Setting<Self>], _ prefix: String, _ indent: String) {
      for setting in settings {
        let name = prefix + setting.name
        switch setting.content {
        case .group(let group):
          guard shown.contains(where: { $0.hasPrefix(name + ".") }) else { continue }
          if isCommented {
            lines += [indent.isEmpty ? "" : nil, "\(indent)# \(setting.help)"].compactMap { $0 }
          }
          lines.append("\(indent)\(setting.name):")
          write(group.settings, name + ".", indent + "  ")
        case .value(let value):
          guard shown.contains(name) else { continue }
          if isCommented {
            lines.append("\(indent)# \(setting.help)")
            if !value.choices.isEmpty {
              lines += wrapped("One of \(value.choices.joined(separator: ", ")).", at: 110)
                .map { "\(indent)# \($0)" }
            }
          }
          let plain = value.get(self)
          if case .list(let texts) = plain, case .text = texts.first {
            // Write one path per line.
            lines.append("\(indent)\(setting.name):")
            lines += texts.map { "\(indent)- \($0.yaml)" }
          } else {
            lines.append("\(indent)\(setting.name): \(plain.yaml)")
          }
        }
      }
    }
    write(Self.settings, "", "")
    return lines.joined(separator: "\n") + "\n"
  }
}

/// The words of a text in lines of at most `length` characters.
private func wrapped(_ text: String, at length: Int) -> [String] {
  text.split(separator: " ").reduce(into: [String]()) { lines, word in
    if let last = lines.last, last.count + 1 + word.count <= length {
      lines[lines.count - 1] += " \(word)"
    } else {
      lines.append(String(word))
    }
  }
}

// MARK: - The format of version 0.1.0

extension RunConfiguration {
  /// Text that is equal for configurations that compute the same. The names of runs in `mosi reproduce` are derived from
  /// it.
  ///
  /// It is the YAML of version 0.1.0 with its names in alphabetical order, so that runs of that version keep their names.
  /// Keys that were added later are included only if they differ from their defaults.
  public var identity: String {
    get throws {
      let defaults = Self()
      var root = Tree()
      for leaf in Self.leaves {
        let plain = leaf.value.get(self)
        guard !leaf.value.isNew || plain != leaf.value.get(defaults) else { continue }
        let name = Self.firstName(leaf.formerName)
        root.insert(
          plain == .null ? leaf.value.formerNull ?? .null : plain,
          at: name.split(separator: ".").map(String.init)[...])
      }
      return try Yams.serialize(node: root.node, allowUnicode: true)
    }
  }

  /// `name` with the first name of its group.
  static func firstName(_ name: String) -> String {
    for (old, place) in movedGroups where name.hasPrefix(place + ".") {
      return old + name.dropFirst(place.count)
    }
    return name
  }
}

/// Values by their names, nested.
private struct Tree {
  private var groups: [String: Tree] = [:]
  private var values: [String: PlainValue] = [:]

  mutating func insert(_ value: PlainValue, at path: ArraySlice<String>) {
    if path.count == 1 {
      values[path.first!] = value
    } else if let first = path.first {
      groups[first, default: Tree()].insert(value, at: path.dropFirst())
    }
  }

  var node: Node {
    let entries =
      groups.map { ($0.key, $0.value.node) } + values.map { ($0.key, Self.node($0.value)) }
    return Node(entries.sorted { $0.0 < $1.0 }.map { (Node($0.0), $0.1) })
  }

  private static func node(_ value: PlainValue) -> Node {
    switch value {
    case .list(let values):
      let areTexts = values.contains { if case .text = $0 { true } else { false } }
      return Node(values.map(node), .implicit, areTexts ? .any : .flow)
    case .number(let number): return Node(PlainValue.yaml(number))
    case .text(let text): return Node.scalar(text.represented())
    default: return Node(value.words)
    }
  }
}
