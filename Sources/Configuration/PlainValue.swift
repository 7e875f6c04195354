import Foundation
import Yams

/// A value in YAML or JSON.
///
/// YAML scalars stay text as they are written: the setting that reads one determines its meaning.
public enum PlainValue: Equatable, Sendable {
  /// No value.
  case null
  /// A truth value.
  case bool(Bool)
  /// A whole number.
  case integer(Int)
  /// A floating-point number.
  case number(Double)
  /// Text.
  case text(String)
  /// A list of values.
  case list([PlainValue])
  /// Keys with values, in the order of the file.
  case group([Entry])

  /// A key with its value.
  public struct Entry: Equatable, Sendable {
    /// The key.
    public let key: String
    /// The value.
    public let value: PlainValue

    /// A key with its value.
    public init(key: String, value: PlainValue) {
      self.key = key
      self.value = value
    }
  }

  /// The value on one line, for people to read.
  public var words: String {
    switch self {
    case .null: "none"
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .text(let value): value
    case .list(let values): "[\(values.map(\.words).joined(separator: ", "))]"
    case .group: "a group of keys"
    }
  }
}

// MARK: - YAML

extension PlainValue {
  /// The keys and values in YAML text.
  ///
  /// - Throws: ``UnusableYAML``.
  public static func entries(yaml: String) throws(UnusableYAML) -> [Entry] {
    let tooLong = UnusableYAML(problem: "it is too long")
    guard yaml.utf8.count <= 1 << 20 else { throw tooLong }
    let root: Node?
    do {
      root = try Yams.compose(yaml: yaml)
    } catch {
      throw UnusableYAML(
        problem: "\(error)".split(separator: "\n").first.map(String.init) ?? "it is not YAML")
    }
    guard let root else { return [] }
    // An alias repeats another node: a few bytes could expand to more than fits into memory.
    guard root.isSmall else { throw tooLong }
    switch PlainValue(root) {
    case .null: return []
    case .group(let entries): return entries
    default: throw UnusableYAML(problem: "it holds no keys and values")
    }
  }

  /// The value of a dotted key; nil if there is none.
  public subscript(key: String) -> PlainValue? {
    guard case .group(let entries) = self else { return nil }
    for entry in entries {
      if entry.key == key { return entry.value }
      guard key.hasPrefix(entry.key + ".") else { continue }
      if let value = entry.value[String(key.dropFirst(entry.key.count + 1))] { return value }
    }
    return nil
  }

  init(_ node: Node) {
    switch node {
    case .scalar(let scalar):
      self = node.tag.description == Tag.Name.null.rawValue ? .null : .text(scalar.string)
    case .sequence(let sequence): self = .list(sequence.map(PlainValue.init))
    case .mapping(let mapping):
      self = .group(mapping.map { Entry(key: $0.key.string ?? "?", value: PlainValue($0.value)) })
    case .alias: self = .null
    }
  }

  /// The value, which must not be a group, on one line of a file. All bits of a number are kept, so that a resumed run
  /// finds it unchanged.
  var yaml: String {
    switch self {
    case .null: "null"
    case .text(let text): Self.yaml(text)
    case .number(let number): Self.yaml(number)
    case .list(let values): "[\(values.map(\.yaml).joined(separator: ", "))]"
    case .bool, .integer, .group: words
    }
  }

  /// The number with a decimal point, which some YAML readers need to recognize 1e-05 as a number.
  static func yaml(_ number: Double) -> String {
    let text = "\(number)"
    return text.contains(".") ? text : text.replacingOccurrences(of: "e", with: ".0e")
  }

  private static func yaml(_ text: String) -> String {
    let isPlain =
      text.wholeMatch(of: #/[\p{L}\p{N}_/.](?:[\p{L}\p{N}_/.+~@=\-]|[: ](?=[\p{L}\p{N}_/.]))*/#)
      != nil
    // Quote text that would be read as a number, a truth value or a date.
    if isPlain, Node.scalar(Node.Scalar(text)).tag.description == Tag.Name.str.rawValue {
      return text
    }
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\t": quoted += "\\t"
      case "\0"..<" ", "\u{7F}"..."\u{A0}", "\u{2028}", "\u{2029}", "\u{FEFF}":
        quoted += "\\u" + String(format: "%04X", scalar.value)
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}

/// Why text does not contain keys and values: the end of a sentence.
public struct UnusableYAML: Error, Sendable {
  /// The problem, as the end of a sentence.
  public let problem: String
}

extension Node {
  /// True if there are at most 100,000 nodes below it. Nodes behind aliases count each time.
  fileprivate var isSmall: Bool {
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

// MARK: - JSON

extension PlainValue: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let values = try? container.decode([PlainValue].self) {
      self = .list(values)
    } else {
      // Decode a dictionary, because a decoder's key strategy does not change its keys.
      let values = try container.decode([String: PlainValue].self)
      self = .group(
        values.sorted { $0.key < $1.key }.map { Entry(key: $0.key, value: $0.value) })
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    case .list(let values): try container.encode(values)
    case .group(let entries):
      try container.encode(
        Dictionary(entries.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 }))
    }
  }
}
