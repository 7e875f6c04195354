/// A path, split at its last slash. The corresponding functions of Foundation crash for paths with one letter.
public struct PathParts: Sendable {
  /// The path of the folder; empty if the path has none.
  public let folder: String
  /// The name in the folder, with its extension.
  public let name: String

  /// Splits a path.
  ///
  /// - Parameter path: the path; slashes at its end are ignored.
  public init(_ path: String) {
    // Compare bytes, as the system does: in Swift, a slash with a combining accent differs from a slash.
    let bytes = Array(withoutTrailingSlashes(path).utf8)
    guard let slash = bytes.lastIndex(of: 0x2F), bytes.count > 1 else {
      (folder, name) = bytes == [0x2F] ? ("/", "") : ("", String(decoding: bytes, as: UTF8.self))
      return
    }
    folder =
      slash == 0
      ? "/" : withoutTrailingSlashes(String(decoding: bytes[..<slash], as: UTF8.self))
    name = String(decoding: bytes[(slash + 1)...], as: UTF8.self)
  }

  /// The extension: the part after the last dot of the name; empty if there is no dot, or only one at the start.
  public var ending: String { dot.map { String(name[name.index(after: $0)...]) } ?? "" }

  /// The name without its extension and dot.
  public var stem: String { dot.map { String(name[..<$0]) } ?? name }

  private var dot: String.Index? {
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex,
      name.index(after: dot) != name.endIndex
    else { return nil }
    return dot
  }
}
