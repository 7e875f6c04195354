/// A JSON value.
indirect enum JSONValue {
  case text(String)
  /// A number as it is written.
  case number(String)
  case list([JSONValue])
  case object([String: JSONValue])
  /// true, false or null.
  case word(String)

  /// A text, or a number as it is written: lists use both for ids.
  var words: String? {
    switch self {
    case .text(let text), .number(let text): text
    case .list, .object, .word: nil
    }
  }

  /// A whole number, with or without quotes.
  var integer: Int? { words.flatMap { Int($0) } }
}

extension ListFile {
  /// Calls `body` with each entry of a JSON list, which must be an object, and its place.
  ///
  /// Entries are read one by one: the list may be long, but an entry is small.
  ///
  /// - Throws: ``DatasetError`` if the file is not valid JSON or not such a list; errors of `body`.
  func forEachJSONEntry(_ body: (_ place: Place, _ entry: [String: JSONValue]) throws -> Void)
    throws
  {
    var reader = JSONReader(self)
    try reader.forEachElement { place, value in
      guard case .object(let entry) = value else {
        throw place.error("an entry of the list must be an object, as in: {\"id\": \"1\"}")
      }
      try body(place, entry)
    }
  }

  /// Calls `body` with each element of a JSON list and its place.
  ///
  /// - Throws: as ``forEachJSONEntry(_:)``.
  func forEachJSONElement(_ body: (_ place: Place, _ value: JSONValue) throws -> Void) throws {
    var reader = JSONReader(self)
    try reader.forEachElement(body)
  }

  /// Calls `body` with each member of a JSON object and its place.
  ///
  /// - Throws: as ``forEachJSONEntry(_:)``.
  func forEachJSONMember(
    _ body: (_ place: Place, _ name: String, _ value: JSONValue) throws -> Void
  ) throws {
    var reader = JSONReader(self)
    try reader.forEachMember(body)
  }
}

/// Reads JSON (RFC 8259) sequentially and knows the current line.
private struct JSONReader {
  private let path: String
  private let bytes: [UInt8]
  private var index = 0
  private var line = 1
  /// The number of values that the current element may still contain.
  private var freeValues = 0

  /// The maximum depth of nested lists and objects.
  private static let depthLimit = 16
  /// The maximum number of values in an element of the outermost list or object.
  private static let valueLimit = 10_000

  init(_ list: ListFile) {
    path = list.path
    bytes = Array(list.text.utf8)
  }

  private var place: ListFile.Place { ListFile.Place(path: path, line: line) }

  private func error(_ expected: String) -> DatasetError {
    guard index < bytes.count else {
      return place.error("it is incomplete JSON: \(expected) expected, but the file ends")
    }
    let rest = Substring(decoding: bytes[index..<min(index + 24, bytes.count)], as: UTF8.self)
    return place.error("it is not JSON: \(expected) expected, found \(rest.prefix(1))")
  }

  // MARK: The outermost list or object

  mutating func forEachElement(_ body: (ListFile.Place, JSONValue) throws -> Void) throws {
    try expect("[", "a list in [ ]")
    try separated(by: "]") { reader in
      reader.freeValues = Self.valueLimit
      let place = reader.place
      try body(place, try reader.value(depth: 1))
    }
    try end()
  }

  mutating func forEachMember(_ body: (ListFile.Place, String, JSONValue) throws -> Void) throws {
    try expect("{", "an object in { }")
    try separated(by: "}") { reader in
      reader.freeValues = Self.valueLimit
      let place = reader.place
      let (name, value) = try reader.member(depth: 1)
      try body(place, name, value)
    }
    try end()
  }

  private mutating func end() throws {
    skipBlanks()
    guard index == bytes.count else { throw error("the end of the file") }
  }

  /// Elements separated by commas, up to `close`.
  private mutating func separated(
    by close: Unicode.Scalar, _ element: (inout JSONReader) throws -> Void
  ) throws {
    guard !skip(close) else { return }
    repeat {
      skipBlanks()
      try element(&self)
    } while skip(",")
    try expect(close, "a comma or \(close)")
  }

  // MARK: Values

  private mutating func value(depth: Int) throws -> JSONValue {
    freeValues -= 1
    guard freeValues >= 0, depth <= Self.depthLimit else {
      throw place.error("an entry has too many values in it for a list of videos")
    }
    skipBlanks()
    if skip("{") {
      var members: [String: JSONValue] = [:]
      try separated(by: "}") { reader in
        let (name, value) = try reader.member(depth: depth + 1)
        members[name] = value
      }
      return .object(members)
    }
    if skip("[") {
      var elements: [JSONValue] = []
      try separated(by: "]") { elements.append(try $0.value(depth: depth + 1)) }
      return .list(elements)
    }
    if index < bytes.count, bytes[index] == UInt8(ascii: "\"") { return .text(try text()) }
    let start = index
    while index < bytes.count, Self.isOfWords(bytes[index]) { index += 1 }
    let word = String(decoding: bytes[start..<index], as: UTF8.self)
    if ["true", "false", "null"].contains(word) { return .word(word) }
    guard word.utf8.count <= 64, Double(word)?.isFinite == true, word.first != "+" else {
      index = start
      throw error("a value")
    }
    return .number(word)
  }

  private mutating func member(depth: Int) throws -> (String, JSONValue) {
    skipBlanks()
    guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else {
      throw error("a name in quotes")
    }
    let name = try text()
    try expect(":", "a colon")
    return (name, try value(depth: depth))
  }

  private mutating func text() throws -> String {
    index += 1
    var content: [UInt8] = []
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: content, as: UTF8.self)
      case UInt8(ascii: "\\"):
        content += Array(String(Character(try escaped())).utf8)
      case UInt8(ascii: "\n"):
        index -= 1
        throw error("a quote before the end of the line")
      default: content.append(byte)
      }
    }
    throw error("a quote")
  }

  /// The character that an escape sequence stands for.
  private mutating func escaped() throws -> Unicode.Scalar {
    guard index < bytes.count else { throw error("a character after the backslash") }
    let byte = bytes[index]
    index += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      var unit = try hexadecimal()
      // A surrogate pair: the first half must be followed by a second one.
      if (0xD800..<0xDC00).contains(unit), index + 1 < bytes.count,
        bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u")
      {
        index += 2
        let second = try hexadecimal()
        guard (0xDC00..<0xE000).contains(second) else { throw error("the second half of \\u") }
        unit = 0x10000 + (unit - 0xD800) << 10 + (second - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(unit) else { throw error("both halves of \\u") }
      return scalar
    default:
      index -= 1
      throw error("one of \" \\ / b f n r t u after a backslash")
    }
  }

  private mutating func hexadecimal() throws -> UInt32 {
    guard index + 4 <= bytes.count,
      bytes[index..<index + 4].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let value = UInt32(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16)
    else { throw error("four hexadecimal digits") }
    index += 4
    return value
  }

  // MARK: Bytes

  private static func isOfWords(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"),
      UInt8(ascii: "."):
      true
    default: false
    }
  }

  private mutating func skipBlanks() {
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "\n"): line += 1
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
      default: return
      }
      index += 1
    }
  }

  /// Skips blanks, and `character` if it follows.
  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    skipBlanks()
    guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
    index += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar, _ expected: String) throws {
    guard skip(character) else { throw error(expected) }
  }
}
