/// A path taken apart at its last slash. Foundation's functions for this end the program for a path of one letter.
public struct PathParts: Sendable {
  /// The path of the folder; empty if the path names none.
  public let folder: String
  /// The name in the folder, with its ending.
  public let name: String

  /// - Parameter path: the path; slashes at its end do not count.
  public init(_ path: String) {
    // By bytes, as the system reads it: to Swift a slash with an accent is not a slash.
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

  /// What follows the last dot of the name; empty for a name without one, or with one at its start alone.
  public var ending: String { dot.map { String(name[name.index(after: $0)...]) } ?? "" }

  /// The name without its ending and the dot before that.
  public var stem: String { dot.map { String(name[..<$0]) } ?? name }

  private var dot: String.Index? {
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex,
      name.index(after: dot) != name.endIndex
    else { return nil }
    return dot
  }
}
