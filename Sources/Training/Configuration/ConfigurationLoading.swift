import Foundation
import SafeFiles
import Yams

/// A configuration that cannot be used: one sentence that names the key.
public enum ConfigurationError: Error, Sendable, CustomStringConvertible {
  case unreadable(path: String, problem: String)
  case unknownKey(key: String, nearest: String?, origin: String)
  case wrongType(key: String, expected: String, origin: String)
  case malformedSetting(String)
  case impossible(key: String, rule: String)

  public var description: String {
    switch self {
    case .unreadable(let path, let problem):
      "the configuration \(path) cannot be read: \(problem)"
    case .unknownKey(let key, let nearest, let origin):
      "\(origin): there is no key \(key)" + (nearest.map { "; did you mean \($0)?" } ?? "")
    case .wrongType(let key, let expected, let origin):
      "\(origin): \(key) must be \(expected)"
    case .malformedSetting(let setting):
      "--set \(setting): write key=value, as in --set optimizer.learning_rate=0.001"
    case .impossible(let key, let rule):
      "the configuration's \(key) \(rule)"
    }
  }
}

/// An enumeration that configurations name by its raw values; a wrong one is told the right ones.
public protocol ConfigurationChoice: RawRepresentable<String>, CaseIterable, Codable {}

extension ConfigurationChoice {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let name = try container.decode(String.self)
    guard let value = Self(rawValue: name) else {
      let choices = Self.allCases.map(\.rawValue).joined(separator: ", ")
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "one of \(choices), not \(name)")
    }
    self = value
  }
}

extension PretrainingConfiguration {
  /// The defaults, changed by a YAML file and then by settings `key=value` with dotted keys.
  ///
  /// - Throws: ``ConfigurationError`` for unknown keys (naming the nearest one), wrong types, impossible values.
  public init(file path: String? = nil, settings: [String] = []) throws {
    var tree = try ConfigurationTree(PretrainingConfiguration())
    if let path {
      try tree.merge(ConfigurationTree.parse(yaml: Self.text(of: path), path: path), origin: path)
    }
    for setting in settings { try tree.apply(setting: setting) }
    self = try tree.decoded()
    try check()
  }

  /// The configuration that ``yaml`` gave.
  ///
  /// - Parameters:
  ///   - yaml: the text; keys that it lacks have their defaults.
  ///   - origin: what errors call the text.
  public init(yaml: String, origin: String) throws {
    var tree = try ConfigurationTree(PretrainingConfiguration())
    try tree.merge(ConfigurationTree.parse(yaml: yaml, path: origin), origin: origin)
    self = try tree.decoded()
    try check()
  }

  /// Every key with its value.
  public var yaml: String {
    get throws { try ConfigurationTree(self).yaml }
  }

  /// The keys, dotted, in which the two differ.
  public func differences(from other: PretrainingConfiguration) throws -> [String] {
    let mine = try ConfigurationTree(self).leaves
    let theirs = try ConfigurationTree(other).leaves
    return mine.keys.filter { mine[$0] != theirs[$0] }.sorted()
  }

  private static func text(of path: String) throws -> String {
    guard let text = String(data: try readFile(at: path), encoding: .utf8) else {
      throw ConfigurationError.unreadable(path: path, problem: "it is no UTF-8 text")
    }
    return text
  }
}

/// A configuration as nested dictionaries, whose keys are all that there are.
struct ConfigurationTree {
  private var root: [String: Any]
  /// What is reported as the origin of a value that only decoding finds wrong.
  private var lastOrigin = "the configuration"

  init(_ configuration: PretrainingConfiguration) throws {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    let json = try encoder.encode(configuration)
    root = try JSONSerialization.jsonObject(with: json) as! [String: Any]
  }

  static func parse(yaml: String, path: String) throws -> [String: Any] {
    let value: Any?
    do {
      value = try Yams.load(yaml: yaml)
    } catch {
      let words = "\(error)".split(separator: "\n").first.map(String.init) ?? "it is no YAML"
      throw ConfigurationError.unreadable(path: path, problem: words)
    }
    switch value {
    case nil: return [:]
    case let tree as [String: Any]: return tree
    default:
      throw ConfigurationError.unreadable(path: path, problem: "it holds no keys and values")
    }
  }

  mutating func merge(_ changes: [String: Any], origin: String) throws {
    root = try Self.merged(root, changes, prefix: "", origin: origin, all: Array(leaves.keys))
    lastOrigin = origin
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

  func decoded() throws -> PretrainingConfiguration {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
      return try decoder.decode(
        PretrainingConfiguration.self, from: JSONSerialization.data(withJSONObject: root))
    } catch let error as DecodingError {
      let (context, expected): (DecodingError.Context, String) =
        switch error {
        case .typeMismatch(let type, let context): (context, "of type \(type)")
        case .valueNotFound(let type, let context): (context, "of type \(type)")
        case .keyNotFound(_, let context): (context, "complete")
        case .dataCorrupted(let context):
          (
            context,
            context.debugDescription.hasPrefix("one of")
              ? context.debugDescription : "a whole number in range"
          )
        @unknown default: (.init(codingPath: [], debugDescription: ""), "readable")
        }
      throw ConfigurationError.wrongType(
        key: context.codingPath.map(\.stringValue).map(Self.snakeCase).joined(separator: "."),
        expected: expected, origin: lastOrigin)
    }
  }

  var yaml: String {
    get throws { try Yams.dump(object: Self.plain(root), sortKeys: true) }
  }

  /// Every value by its dotted key, as text.
  var leaves: [String: String] {
    var found: [String: String] = [:]
    func walk(_ tree: [String: Any], _ prefix: String) {
      for (key, value) in tree {
        if let below = value as? [String: Any] {
          walk(below, "\(prefix)\(key).")
        } else {
          found[prefix + key] = "\(Self.plain(value))"
        }
      }
    }
    walk(root, "")
    return found
  }

  private static func merged(
    _ tree: [String: Any], _ changes: [String: Any], prefix: String, origin: String, all: [String]
  ) throws -> [String: Any] {
    var tree = tree
    for (key, value) in changes {
      let name = prefix + key
      guard let present = tree[key] else {
        throw ConfigurationError.unknownKey(
          key: name, nearest: nearest(to: name, among: all), origin: origin)
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
  private static func converted(_ value: Any, like present: Any, key: String, origin: String) throws
    -> Any
  {
    func fail(_ expected: String) -> ConfigurationError {
      .wrongType(key: key, expected: "\(expected), not \(value)", origin: origin)
    }
    if let present = present as? [Any] {
      // One value stands for a list of one.
      let list = value as? [Any] ?? [value]
      guard let first = present.first else { return list.map { "\($0)" } }
      return try list.map { try converted($0, like: first, key: key, origin: origin) }
    }
    if isBoolean(present) {
      guard isBoolean(value) else { throw fail("true or false") }
      return value
    }
    if present is String {
      guard !(value is [Any]), !(value is [String: Any]), !(value is NSNull) else {
        throw fail("a text")
      }
      return "\(value)"
    }
    if let number = value as? NSNumber, !isBoolean(value) { return number }
    if let number = value as? Int { return number }
    if let number = value as? Double, number.isFinite { return number }
    // YAML takes 1e-3 for a text; a person does not.
    if let text = value as? String, let number = Double(text), number.isFinite { return number }
    throw fail("a number")
  }

  private static func isBoolean(_ value: Any) -> Bool {
    if let number = value as? NSNumber { return String(cString: number.objCType) == "c" }
    return value is Bool
  }

  /// Swift's own types in place of Foundation's, as Yams needs them.
  private static func plain(_ value: Any) -> Any {
    if let tree = value as? [String: Any] { return tree.mapValues(plain) }
    if let list = value as? [Any] { return list.map(plain) }
    if isBoolean(value), let flag = value as? Bool { return flag }
    if let number = value as? NSNumber {
      let real = number.doubleValue
      return real == real.rounded() && abs(real) < 1e15 ? number.intValue : real
    }
    return value
  }

  /// The key closest to `key` by edits, where it is close enough to be meant.
  private static func nearest(to key: String, among keys: [String]) -> String? {
    let last = key.split(separator: ".").last.map(String.init) ?? key
    func distance(_ candidate: String) -> Int {
      let tail = candidate.split(separator: ".").last.map(String.init) ?? candidate
      return min(editDistance(key, candidate), editDistance(last, tail) + 1)
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
