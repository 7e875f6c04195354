import Foundation
import SafeFiles

/// A text file that names videos or classes.
struct ListFile {
  let path: String
  let text: Substring

  /// Reads a list.
  ///
  /// - Parameter expected: a description of the file, for the error if it does not exist.
  /// - Throws: ``DatasetError``.
  init(_ path: String, expected: String) throws {
    self.path = path
    do {
      text = try listText(at: path)
    } catch .missing {
      throw DatasetError.missing(path: path, expected: expected)
    } catch .noFile {
      throw DatasetError.unreadable(path: path, reason: "it is not a file; \(expected)")
    } catch {
      throw DatasetError.unreadable(path: path, reason: error.reason)
    }
  }

  /// The lines that are not empty, without spaces around them. They end in LF or CRLF.
  var lines: [(place: Place, text: Substring)] {
    var lines: [(Place, Substring)] = []
    var number = 0
    for line in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      let text = trimmed(Substring(line))
      if !text.isEmpty { lines.append((Place(path: path, line: number), text)) }
    }
    return lines
  }

  /// A line of a list.
  struct Place: CustomStringConvertible {
    let path: String
    /// The number of the line, from 1; nil if the place is a folder.
    let line: Int?

    /// An error at this place. `problem` may contain text of the list: it is truncated, and control characters are
    /// removed.
    func error(_ problem: String) -> DatasetError {
      var problem = String(problem.unicodeScalars.prefix(500))
      problem.unicodeScalars.removeAll { $0.properties.generalCategory == .control }
      guard let line else { return .unsuitable(path: path, problem: problem) }
      return .malformed(path: path, line: line, problem: problem)
    }

    var description: String { line.map { "\(path), line \($0)" } ?? path }

    /// `path` without empty, `.` and `..` components. A backslash counts as a slash: lists from Windows are more common
    /// than names with a backslash.
    ///
    /// - Throws: ``DatasetError`` if the path leads out of the folder that it is relative to.
    func checked(_ path: some StringProtocol) throws -> String {
      // Compare bytes, as the file system does: in Swift, a slash with a combining accent differs from a slash.
      let isSlash = { (byte: UInt8) in byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\") }
      let bytes = Array(path.utf8)
      if bytes.count > 2, bytes[1] == UInt8(ascii: ":"), bytes[2] == UInt8(ascii: "\\") {
        throw error(
          "the name \"\(path)\" begins with a Windows drive: paths must be relative to the videos folder"
        )
      }
      var parts: [String] = []
      for part in bytes.split(whereSeparator: isSlash).map({ String(decoding: $0, as: UTF8.self) })
      where part != "." {
        if part != ".." {
          parts.append(part)
        } else if parts.popLast() == nil {
          throw error("the name \"\(path)\" leads out of the videos folder")
        }
      }
      guard let first = bytes.first, !isSlash(first), !parts.isEmpty else {
        throw error("the name \"\(path)\" leads out of the videos folder")
      }
      return try checkedText(parts.joined(separator: "/"))
    }

    /// `path` unchanged if it is absolute, else ``checked(_:)``: a list may refer to other folders, but only explicitly.
    func checkedPath(_ path: some StringProtocol) throws -> String {
      path.hasPrefix("/") ? try checkedText(String(path)) : try checked(path)
    }

    /// `name`, if it can be the name of a file or folder.
    func checkedComponent(_ name: some StringProtocol) throws -> String {
      guard !name.isEmpty, name != ".", name != "..", !name.utf8.contains(UInt8(ascii: "/")) else {
        throw error("\"\(name)\" cannot be a part of a file's name")
      }
      return try checkedText(String(name))
    }

    /// `text`, if it has no control characters and can be printed.
    func checkedText(_ text: String) throws -> String {
      guard !text.hasControlCharacters else {
        throw error("the name \"\(text)\" has control characters in it")
      }
      return text
    }
  }
}

/// The text of a list, with paths as ``String/init(path:)`` makes them and without a byte order mark. The file is
/// untrusted input, so its size is limited.
func listText(at path: String) throws(UnreadableList) -> Substring {
  let status = try checkList(at: path)
  guard status.size <= sizeLimit else {
    throw .other("it is larger than the \(sizeLimit >> 20) MiB allowed for a list")
  }
  guard let data = try? readFile(at: path) else {
    throw .other("there is no permission to read it")
  }
  // File names are bytes and do not need to be UTF-8. UTF-16 contains zeros.
  guard !data.contains(0) else { throw .other("it is not UTF-8 text") }
  let text = String(path: data)
  let mark = text.unicodeScalars.first == "\u{FEFF}"
  return Substring(text.unicodeScalars.dropFirst(mark ? 1 : 0))
}

private let sizeLimit = 256 << 20

/// Checks that the list at `path` is a file, and returns its properties.
@discardableResult
func checkList(at path: String) throws(UnreadableList) -> FileStatus {
  guard let status = fileStatus(at: path) else {
    guard errno == ENOENT || errno == ENOTDIR else {
      throw .other(String(cString: strerror(errno)))
    }
    throw .missing
  }
  guard status.kind == .file else { throw .noFile }
  return status
}

/// Why a list cannot be read.
enum UnreadableList: Error {
  case missing
  /// It is a folder or a device.
  case noFile
  case other(String)

  var reason: String {
    switch self {
    case .missing: "it does not exist"
    case .noFile: "it is not a file"
    case .other(let reason): reason
    }
  }
}

/// `text` without spaces, tabs and carriage returns around it.
func trimmed(_ text: Substring) -> Substring {
  func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
  var bytes = text.utf8
  while let first = bytes.first, isSpace(first) { bytes.removeFirst() }
  while let last = bytes.last, isSpace(last) { bytes.removeLast() }
  return Substring(bytes)
}
