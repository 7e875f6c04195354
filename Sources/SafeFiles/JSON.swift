import Foundation

/// The JSON that mosi writes and reads, with keys in snake_case and alphabetical order.
public enum JSON {
  /// Writes JSON on one line: keys in snake_case, sorted; slashes are not escaped.
  public static var lineEncoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    return encoder
  }

  /// `value` as indented JSON.
  ///
  /// - Throws: `EncodingError`.
  public static func data(_ value: some Encodable) throws -> Data {
    let encoder = lineEncoder
    encoder.outputFormatting.insert(.prettyPrinted)
    return try encoder.encode(value)
  }

  /// `value` as indented JSON.
  ///
  /// - Throws: `EncodingError`.
  public static func text(_ value: some Encodable) throws -> String {
    String(decoding: try data(value), as: UTF8.self)
  }

  /// Reads JSON with keys in snake_case, or in camelCase, which earlier versions wrote.
  ///
  /// - Parameters:
  ///   - type: the type to read.
  ///   - data: the JSON.
  ///   - renamedKeys: the current name of each key that had another name in earlier versions.
  /// - Throws: `DecodingError`.
  public static func decode<Value: Decodable>(
    _ type: Value.Type, from data: Data, renamedKeys: [String: String] = [:]
  ) throws -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .custom { path in
      let key = path[path.count - 1]
      guard key.intValue == nil else { return key }
      return Key(stringValue: camelCase(renamedKeys[key.stringValue] ?? key.stringValue))
    }
    return try decoder.decode(type, from: data)
  }

  /// Converts "embedding_png" to "embeddingPNG".
  private static func camelCase(_ key: String) -> String {
    let words = key.split(separator: "_")
    guard words.count > 1 else { return key }
    return words[0]
      + words.dropFirst().map { acronyms.contains($0) ? $0.uppercased() : $0.capitalizedFirst }
      .joined()
  }

  private static let acronyms: Set<Substring> = ["png", "svg"]

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }

    init?(intValue: Int) { return nil }
  }
}

extension Substring {
  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
