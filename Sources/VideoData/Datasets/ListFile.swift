import Foundation
import SafeFiles

/// A text file that names videos or classes.
struct ListFile {
  let path: String
  let text: Substring

  /// - Parameter expected: what the file should be, for the error if there is none.
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

  /// The lines with something in them, without spaces around; they end in LF or CRLF.
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
    /// From 1; nil where it is a folder that was looked through.
    let line: Int?

    /// What the list says may stand in `problem`: it is cut where endless, and commands to a terminal are taken out.
    func error(_ problem: String) -> DatasetError {
      var problem = String(problem.unicodeScalars.prefix(500))
      problem.unicodeScalars.removeAll { $0.properties.generalCategory == .control }
      guard let line else { return .unsuitable(path: path, problem: problem) }
      return .malformed(path: path, line: line, problem: problem)
    }

    var description: String { line.map { "\(path), line \($0)" } ?? path }

    /// `path` without empty, `.` and `..` components. A backslash is taken for a slash: lists come from Windows more often
    /// than names have one.
    ///
    /// - Throws: where it would lead out of the folder that it is relative to.
    func checked(_ path: some StringProtocol) throws -> String {
      // By bytes, as the file system reads it: to Swift a slash with an accent is no slash.
      let isSlash = { (byte: UInt8) in byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\") }
      let bytes = Array(path.utf8)
      if bytes.count > 2, bytes[1] == UInt8(ascii: ":"), bytes[2] == UInt8(ascii: "\\") {
        throw error(
          "the name \"\(path)\" begins with a drive of Windows: paths are to be relative to the videos folder"
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

    /// `path` as it is if it is absolute, else ``checked(_:)``: whoever wrote a list may point elsewhere, but openly.
    func checkedPath(_ path: some StringProtocol) throws -> String {
      path.hasPrefix("/") ? try checkedText(String(path)) : try checked(path)
    }

    /// `name`, which is to be a file's or folder's.
    func checkedComponent(_ name: some StringProtocol) throws -> String {
      guard !name.isEmpty, name != ".", name != "..", !name.utf8.contains(UInt8(ascii: "/")) else {
        throw error("\"\(name)\" cannot be a part of a file's name")
      }
      return try checkedText(String(name))
    }

    /// `text`, which is to be printed.
    func checkedText(_ text: String) throws -> String {
      guard !text.hasControlCharacters else {
        throw error("the name \"\(text)\" has control characters in it")
      }
      return text
    }
  }
}

/// The text of a list, a path as ``String/init(path:)`` makes it, without the mark that some editors put first. It comes
/// from outside: its size is bounded.
func listText(at path: String) throws(UnreadableList) -> Substring {
  guard let status = fileStatus(at: path) else {
    guard errno == ENOENT || errno == ENOTDIR else {
      throw .other(String(cString: strerror(errno)))
    }
    throw .missing
  }
  guard status.kind == .file else { throw .noFile }
  guard status.size <= sizeLimit else {
    throw .other("it is larger than the \(sizeLimit >> 20) MiB allowed for a list")
  }
  guard let data = try? readFile(at: path) else {
    throw .other("there is no permission to read it")
  }
  // Names of files are bytes and need not be UTF-8. UTF-16 has zeros.
  guard !data.contains(0) else { throw .other("it is not UTF-8 text") }
  let text = String(path: data)
  let mark = text.unicodeScalars.first == "\u{FEFF}"
  return Substring(text.unicodeScalars.dropFirst(mark ? 1 : 0))
}

private let sizeLimit = 256 << 20

/// Why a list cannot be read.
enum UnreadableList: Error {
  case missing
  /// A folder or a device.
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
