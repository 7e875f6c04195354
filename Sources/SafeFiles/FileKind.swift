import Foundation

/// The kind of file at a path, after following links.
public enum FileKind: Sendable {
  /// A folder.
  case folder
  /// A regular file.
  case file
  /// A device, a pipe or the like.
  case other
}

/// The kind of file at `path`; nil if there is none or it is not accessible.
public func fileKind(at path: String) -> FileKind? { fileStatus(at: path)?.kind }

/// True if `path` is a folder or a link to one.
public func isFolder(at path: String) -> Bool { fileKind(at: path) == .folder }

/// True if there is a file of any kind at `path`, after following links.
public func fileExists(at path: String) -> Bool { fileKind(at: path) != nil }

/// The properties of a file.
public struct FileStatus: Equatable, Sendable {
  /// The kind of file.
  public let kind: FileKind
  /// The size in bytes.
  public let size: Int
  /// The time of the last modification, in seconds since 1970.
  public let modified: Double
}

/// The properties of the file at `path`, after following links; nil if there is none or it is not accessible, and `errno`
/// has the reason.
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
