import Foundation

/// The error if a file or folder cannot be written, read or made.
public struct FileError: Error, Sendable, CustomStringConvertible {
  /// The path of the file or folder.
  public let path: String
  /// The attempted operation, such as "cannot write".
  public let attempt: String
  /// The reason, usually from the system.
  public let reason: String
  /// The system's error number, such as `ENOSPC`; nil if the reason is not an error of the system.
  public let code: Int32?

  /// An error with this reason.
  public init(path: String, attempt: String, reason: String, code: Int32? = nil) {
    self.path = path
    self.attempt = attempt
    self.reason = reason
    self.code = code
  }

  /// The error with the reason in `errno`.
  public init(path: String, attempt: String) {
    let code = errno
    self.init(path: path, attempt: attempt, reason: String(cString: strerror(code)), code: code)
  }

  /// True if the disk or the user's quota is full.
  public var isForWantOfRoom: Bool { code == ENOSPC || code == EDQUOT }

  public var description: String {
    path.isEmpty ? "\(attempt) \"\": the path is empty" : "\(attempt) \(path): \(reason)"
  }
}

/// Writes a new file and then replaces an old one with it, so that the file is always complete.
///
/// Write the new content to ``temporaryPath``, in the same folder, in any way. Until ``commit()``, the file at ``path``
/// stays unchanged; without a commit, the new content is removed.
public final class FileReplacement {
  /// The path of the file to make or replace.
  public let path: String
  /// The path for the new content, with the extension of `path`.
  public let temporaryPath: String
  /// The file to replace: if `path` is a link, the link stays, and its target is replaced.
  private let target: String
  private let folder: String
  private var isOpen = true

  /// Does not touch any file yet.
  public init(of path: String) {
    self.path = path
    target = realPath(of: path)
    let parts = PathParts(target)
    folder = parts.folder
    // Writers that choose a format by the name need the same extension.
    let ending = parts.ending.isEmpty ? "" : ".\(parts.ending)"
    temporaryPath = "\(folder)/.\(parts.stem).\(getpid()).partial\(ending)"
  }

  deinit { abandon() }

  /// Flushes the new content, which must be written and closed, to the disk and renames it to ``path``.
  ///
  /// - Throws: ``FileError``; the new content is removed then, and the old file stays.
  public func commit() throws(FileError) {
    precondition(isOpen, "a replacement is committed or abandoned once")
    // An error names the requested file, not the temporary one.
    do throws(FileError) {
      try synchronize(temporaryPath, for: path)
      try checkReplaceable(path)
      guard renameFile(at: temporaryPath, to: target) else {
        throw FileError(path: path, attempt: "cannot write")
      }
    } catch {
      abandon()
      throw error
    }
    isOpen = false
    // The rename is only safe once the folder is on disk; some file systems cannot sync folders.
    try? synchronize(folder, for: path)
  }

  /// Removes the new content; the file at ``path`` stays unchanged. Does nothing after a commit.
  public func abandon() {
    if isOpen { removeFile(at: temporaryPath) }
    isOpen = false
  }
}

/// Makes or replaces the file at `path` atomically.
///
/// `write` writes the new content to another path in the same folder. That file is then flushed to the disk and renamed
/// to `path`. If anything fails, for example because the disk is full, the old file stays unchanged and no other file is
/// left.
///
/// - Throws: ``FileError``, or errors of `write`.
public func replaceFile(at path: String, writing write: (_ temporaryPath: String) throws -> Void)
  throws
{
  try checkReplaceable(path)
  let replacement = FileReplacement(of: path)
  do {
    try write(replacement.temporaryPath)
  } catch {
    replacement.abandon()
    throw error
  }
  try replacement.commit()
}

/// Makes or replaces the file at `path` with `content`, atomically.
///
/// - Throws: ``FileError``.
public func replaceFile(at path: String, with content: Data) throws(FileError) {
  let replacement = FileReplacement(of: path)
  do {
    try write(content, to: replacement.temporaryPath, for: path)
  } catch {
    replacement.abandon()
    throw error
  }
  try replacement.commit()
}

private func write(_ content: Data, to file: String, for path: String) throws(FileError) {
  let descriptor = openFile(at: file, O_WRONLY | O_CREAT | O_TRUNC)
  guard descriptor >= 0 else { throw FileError(path: path, attempt: "cannot write") }
  defer { close(descriptor) }
  let isWritten = content.withUnsafeBytes { bytes in
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Foundation.write(
        descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
  guard isWritten else { throw FileError(path: path, attempt: "cannot write") }
}

/// The content of the file at `path`.
///
/// - Throws: ``FileError``.
public func readFile(at path: String) throws(FileError) -> Data {
  let descriptor = openFile(at: path, O_RDONLY)
  guard descriptor >= 0 else { throw FileError(path: path, attempt: "cannot read") }
  defer { close(descriptor) }
  var (data, buffer) = (Data(), [UInt8](repeating: 0, count: 1 << 16))
  while true {
    let count = read(descriptor, &buffer, buffer.count)
    if count < 0, errno == EINTR { continue }
    guard count >= 0 else { throw FileError(path: path, attempt: "cannot read") }
    guard count > 0 else { return data }
    data.append(contentsOf: buffer[..<count])
  }
}

/// Opens the file at `path`; child processes do not inherit it.
///
/// - Parameters:
///   - path: the path of the file.
///   - flags: the flags of `open`.
/// - Returns: the descriptor; negative if it cannot be opened, and `errno` has the reason.
public func openFile(at path: String, _ flags: Int32) -> Int32 {
  path.withPathBytes { open($0, flags | O_CLOEXEC, 0o666) }
}

/// Removes the file or link at `path`, if there is one.
public func removeFile(at path: String) { _ = path.withPathBytes { unlink($0) } }

/// Renames a file or folder.
///
/// - Returns: false if that fails, and `errno` has the reason.
public func renameFile(at path: String, to newPath: String) -> Bool {
  path.withPathBytes { old in newPath.withPathBytes { rename(old, $0) } } == 0
}

/// Creates a hard link `path` to a file; the name must be free.
///
/// - Returns: false on failure, with the reason in `errno`; some file systems have no hard links.
public func linkFile(at path: String, to newPath: String) -> Bool {
  path.withPathBytes { old in newPath.withPathBytes { link(old, $0) } } == 0
}

/// True if files can be made in the folder at `path`; if not, `errno` has the reason.
public func isWritableFolder(at path: String) -> Bool {
  path.withPathBytes { access($0, W_OK | X_OK) } == 0
}

/// Replacing a device or pipe, such as `/dev/null`, would make it a file.
private func checkReplaceable(_ path: String) throws(FileError) {
  guard fileKind(at: path) == .other else { return }
  throw FileError(
    path: path, attempt: "cannot write", reason: "it is a device or a pipe, not a file")
}

private func synchronize(_ file: String, for path: String) throws(FileError) {
  let descriptor = openFile(at: file, O_RDONLY)
  guard descriptor >= 0 else { throw FileError(path: path, attempt: "cannot write") }
  defer { close(descriptor) }
  guard fsync(descriptor) == 0 else { throw FileError(path: path, attempt: "cannot write") }
}
