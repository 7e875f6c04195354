import Foundation

/// What is at a path, after links.
public enum FileKind: Sendable {
  case folder
  case file
  /// A device, a pipe and the like.
  case other
}

/// What is at `path`; nil if there is nothing, or if it cannot be seen.
public func fileKind(at path: String) -> FileKind? { fileStatus(at: path)?.kind }

/// Whether there is a folder at `path`, or a link to one.
public func isFolder(at path: String) -> Bool { fileKind(at: path) == .folder }

/// Whether there is anything at `path`, or a link to it.
public func fileExists(at path: String) -> Bool { fileKind(at: path) != nil }

/// What the system says about a file.
public struct FileStatus: Equatable, Sendable {
  public let kind: FileKind
  /// In bytes.
  public let size: Int
  /// When it was last written, in seconds since 1970.
  public let modified: Double
}

/// The status of what is at `path`, after links; nil if there is nothing, or if it cannot be seen. `errno` then says why.
public func fileStatus(at path: String) -> FileStatus? {
  var status = stat()
  guard path.withPathBytes({ stat($0, &status) }) == 0 else { return nil }
  #if canImport(Darwin)
    let time = status.st_mtimespec
  #else
    let time = status.st_mtim
  #endif
  return FileStatus(
    kind: FileKind(mode: status.st_mode), size: Int(status.st_size),
    modified: Double(time.tv_sec) + Double(time.tv_nsec) / 1e9)
}

extension FileKind {
  init(mode: mode_t) {
    self =
      switch mode & S_IFMT {
      case S_IFDIR: .folder
      case S_IFREG: .file
      default: .other
      }
  }
}
