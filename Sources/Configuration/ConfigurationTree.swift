import Foundation
import Yams

/// A configuration as nested dictionaries, whose keys are all that there are.
package struct ConfigurationTree {
  private var root: [String: Any]
  /// What can be chosen for a key.
  private let choices: [String: [String]]

  init<Configuration: RunConfiguration>(_ configuration: Configuration) {
    root = Self.tree(of: configuration) as! [String: Any]
    choices = Configuration.choices
  }

  /// A value of the configuration as dictionaries, lists, texts, numbers and Booleans of Swift's own types: they tell whole
  /// numbers from others.
  private static func tree(of value: Any) -> Any {
    switch value {
    case is Bool, is Int, is Double, is String: value
    case let list as [Any]: list.map(tree)
    case let choice as any RawRepresentable<String>: choice.rawValue
    default:
      Dictionary(
        uniqueKeysWithValues: Mirror(reflecting: value).children.map {
          (snakeCase($0.label!), tree(of: $0.value))
        })
    }
  }

  package static func parse(yaml: String, path: String) throws -> [String: Any] {
    let value: Any?
    do {
      // An alias stands for all that it names: few bytes could unfold into more than any memory holds.
      guard yaml.utf8.count <= 1 << 20, try Yams.compose(yaml: yaml)?.isSmall ?? true else {
        throw ConfigurationError.unreadable(
          path: path, problem: "it holds more than a configuration can")
      }
      value = try Yams.load(yaml: yaml)
    } catch let error as ConfigurationError {
      throw error
    } catch {
      let words = "\(error)".split(separator: "\n").first.map(String.init) ?? "it is no YAML"
      throw ConfigurationError.unreadable(path: path, problem: words)
    }
    switch value {
    case nil, is NSNull: return [:]
    case let tree as [String: Any]: return tree
    default:
      throw ConfigurationError.unreadable(path: path, problem: "it holds no keys and values")
    }
  }

  mutating func merge(_ changes: [String: Any], origin: String) throws {
    root = try merged(root, changes, prefix: "", origin: origin, all: names)
  }

  mutating func apply(setting: String) throws {
    guard let equals = setting.firstIndex(of: "="), equals != setting.startIndex else {
      throw ConfigurationError.malformedSetting(setting)
    }
    let text = String(setting[setting.index(after: equals)...])
    let value = (try? Yams.load(yaml: text)) ?? text
    let changes = setting[..<equals].split(separator: ".", omittingEmptySubsequences: false)
      .reversed().reduce(value) { [String($1): $0] }
    try merge(changes as! [String: Any], origin: "--set \(setting)")
  }

  /// Kinds, keys and choices have been checked on the way in: decoding cannot fail.
  func decoded<Configuration: RunConfiguration>() throws -> Configuration {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(
      Configuration.self, from: JSONEncoder().encode(EncodableTree(value: root)))
  }

  var yaml: String {
    get throws { try Yams.serialize(node: Self.node(root), allowUnicode: true) }
  }

  /// Every value by its dotted key, as text.
  var leaves: [String: String] { Self.leaves(of: root) }

  /// Every value of `tree` by its dotted key, as text.
  package static func leaves(of tree: [String: Any]) -> [String: String] {
    var found: [String: String] = [:]
    func walk(_ tree: [String: Any], _ prefix: String) {
      for (key, value) in tree {
        if let below = value as? [String: Any] {
          walk(below, "\(prefix)\(key).")
        } else {
          found[prefix + key] = "\(value)"
        }
      }
    }
    walk(tree, "")
    return found
  }

  /// The keys of all values and of all groups, dotted.
  private var names: [String] {
    let values = leaves.keys.map { $0.split(separator: ".") }
    return Set(
      values.flatMap { key in (1...key.count).map { key.prefix($0).joined(separator: ".") } }
    )
    .sorted()
  }

  private func merged(
    _ tree: [String: Any], _ changes: [String: Any], prefix: String, origin: String, all: [String]
  ) throws -> [String: Any] {
    var tree = tree
    // In the order of the names: of several mistakes the same one is told each time.
    for (key, value) in changes.sorted(by: { $0.key < $1.key }) {
      let name = prefix + key
      guard let present = tree[key] else {
        throw ConfigurationError.unknownKey(
          key: name, nearest: Self.nearest(to: name, among: all), origin: origin)
      }
      if let below = present as? [String: Any] {
        guard let value = value as? [String: Any] else {
          throw ConfigurationError.wrongType(
            key: name, expected: "a group of keys (\(below.keys.sorted().joined(separator: ", ")))",
            origin: origin)
        }
        tree[key] = try merged(below, value, prefix: name + ".", origin: origin, all: all)
      } else {
        tree[key] = try converted(value, like: present, key: name, origin: origin)
      }
    }
    return tree
  }

  /// `value` where it has the kind of `present`, the value that it replaces.
  private func converted(_ value: Any, like present: Any, key: String, origin: String) throws
    -> Any
  {
    func fail(_ expected: String) -> ConfigurationError {
      .wrongType(key: key, expected: "\(expected), not \(value)", origin: origin)
    }
    if let present = present as? [Any] {
      // One value stands for a list of one.
      let list = value as? [Any] ?? [value]
      // The lists that are empty by default are of texts.
      let first = present.first ?? ""
      return try list.map { try converted($0, like: first, key: key, origin: origin) }
    }
    if present is Bool {
      guard value is Bool else { throw fail("true or false") }
      return value
    }
    if present is String {
      guard !(value is [Any]), !(value is [AnyHashable: Any]), !(value is NSNull) else {
        throw fail("a text")
      }
      if let choices = choices[key], !choices.contains("\(value)") {
        throw fail("one of \(choices.joined(separator: ", "))")
      }
      return "\(value)"
    }
    // YAML takes 1e-3 for a text; a person does not.
    let number: Double? =
      switch value {
      case is Bool: nil
      case let integer as Int: Double(integer)
      case let real as Double: real
      case let text as String: Double(text)
      default: nil
      }
    guard let number, number.isFinite else { throw fail("a number") }
    guard present is Int else { return number }
    // Not through Double, which loses the end of large whole numbers.
    if let integer = value as? Int { return integer }
    guard let integer = Int(exactly: number) else { throw fail("a whole number in range") }
    return integer
  }

  /// `value` as YAML. Yams itself writes numbers as 5e-1 and rounds them: a resumed run would
  /// find them changed.
  private static func node(_ value: Any) throws -> Node {
    switch value {
    case let tree as [String: Any]:
      return Node(
        try tree.sorted { $0.key < $1.key }.map { (Node($0.key), try node($0.value)) })
    case let list as [Any]:
      return Node(
        try list.map(node), .implicit, list.allSatisfy { $0 is Double || $0 is Int } ? .flow : .any)
    case let real as Double:
      // With a point, which other readers of YAML need to see a number in 1e-05.
      let text = "\(real)"
      return Node(text.contains(".") ? text : text.replacingOccurrences(of: "e", with: ".0e"))
    case let text as String:
      return Node.scalar(text.represented())
    default:
      return Node("\(value)")
    }
  }

  /// The key closest to `key` by edits, where it is close enough to be meant.
  package static func nearest(to key: String, among keys: [String]) -> String? {
    let last = key.split(separator: ".").last.map(String.init) ?? key
    func distance(_ candidate: String) -> Int {
      let tail = candidate.split(separator: ".").last.map(String.init) ?? candidate
      return min(
        editDistance(key.lowercased(), candidate), editDistance(last.lowercased(), tail) + 1)
    }
    let best = keys.min { (distance($0), $0) < (distance($1), $1) }
    return best.flatMap { distance($0) <= max(3, last.count / 3) ? $0 : nil }
  }

  private static func editDistance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a), Array(b))
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        let cost = x == y ? diagonal : 1 + min(diagonal, row[j], row[j + 1])
        diagonal = row[j + 1]
        row[j + 1] = cost
      }
    }
    return row[b.count]
  }

  private static func snakeCase(_ name: String) -> String {
    name.reduce(into: "") { $0 += $1.isUppercase ? "_\($1.lowercased())" : "\($1)" }
  }
}

/// A tree of ``ConfigurationTree`` for an encoder.
private struct EncodableTree: Encodable {
  let value: Any

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch value {
    case let group as [String: Any]: try container.encode(group.mapValues(EncodableTree.init))
    case let list as [Any]: try container.encode(list.map(EncodableTree.init))
    case let scalar as any Encodable: try container.encode(scalar)
    default: preconditionFailure("a configuration holds no \(type(of: value))")
    }
  }
}

extension Node {
  /// True where it has no more than 100,000 nodes below it, those behind aliases counted each time.
  package var isSmall: Bool {
    var waiting = [self]
    var count = 0
    while let node = waiting.popLast() {
      count += 1
      guard count + waiting.count <= 100_000 else { return false }
      switch node {
      case .mapping(let mapping): for (key, value) in mapping { waiting += [key, value] }
      case .sequence(let sequence): waiting += Array(sequence)
      case .scalar, .alias: break
      }
    }
    return true
  }
}
