import Foundation

/// A file or folder that could not be written, read or made.
public struct FileError: Error, Sendable, CustomStringConvertible {
  /// The path of the file or folder.
  public let path: String
  /// What was tried, as "cannot write".
  public let attempt: String
  /// The system's reason.
  public let reason: String

  public init(path: String, attempt: String, reason: String) {
    self.path = path
    self.attempt = attempt
    self.reason = reason
  }

  /// The error that `errno` names.
  public init(path: String, attempt: String) {
    self.init(path: path, attempt: attempt, reason: String(cString: strerror(errno)))
  }

  public var description: String {
    path.isEmpty ? "\(attempt) \"\": the path is empty" : "\(attempt) \(path): \(reason)"
  }
}

/// A file that is written aside, to take its place whole or not at all.
///
/// The new content is written to ``temporaryPath``, of the same folder, by whatever means. Until
/// ``commit()`` the file at ``path`` stays as it was; without that nothing is left of the new one.
public final class FileReplacement {
  /// The file that is made or replaced.
  public let path: String
  /// Where the new content goes meanwhile; its ending is that of `path`.
  public let temporaryPath: String
  /// What is replaced: where `path` is a link, it stays, and what it leads to is replaced.
  private let target: String
  private let folder: String
  private var isOpen = true

  /// Touches no file yet.
  public init(of path: String) {
    self.path = path
    target = realPath(of: path)
    let parts = PathParts(target)
    folder = parts.folder
    // Writers that choose a format by the name see the same ending.
    let ending = parts.ending.isEmpty ? "" : ".\(parts.ending)"
    temporaryPath = "\(folder)/.\(parts.stem).\(getpid()).partial\(ending)"
  }

  deinit { abandon() }

  /// Forces the new content, written and closed, to the disk and renames it into place.
  ///
  /// - Throws: ``FileError``; the new content is then gone, the old file stays.
  public func commit() throws(FileError) {
    precondition(isOpen, "a replacement is committed or abandoned once")
    // An error names the file that was asked for, not the temporary one.
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
    // The rename itself is safe on disk only when the folder is; some file systems cannot sync folders.
    try? synchronize(folder, for: path)
  }

  /// Removes what has been written; the file at ``path`` stays as it was. Nothing after a commit.
  public func abandon() {
    if isOpen { removeFile(at: temporaryPath) }
    isOpen = false
  }
}

/// Makes or replaces the file at `path` whole or not at all.
///
/// `write` makes the new content at a path of its own in the same folder; that file is then forced to
/// the disk and renamed over `path`. Where anything fails, a full disk included, the old file stays as
/// it was and nothing is left beside it.
///
/// - Throws: ``FileError``, or what `write` throws.
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

/// Makes or replaces the file at `path` with `content`, whole or not at all.
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

/// Opens the file at `path`, for this process alone.
///
/// - Parameters:
///   - path: the path of the file.
///   - flags: those of `open`.
/// - Returns: the descriptor; below 0 if it cannot be opened, and `errno` then says why.
public func openFile(at path: String, _ flags: Int32) -> Int32 {
  path.withPathBytes { open($0, flags | O_CLOEXEC, 0o666) }
}

/// Removes the file or the link at `path`, if it is there.
public func removeFile(at path: String) { _ = path.withPathBytes { unlink($0) } }

/// Gives a file or folder another name.
///
/// - Returns: false if that fails, and `errno` then says why.
public func renameFile(at path: String, to newPath: String) -> Bool {
  path.withPathBytes { old in newPath.withPathBytes { rename(old, $0) } } == 0
}

/// Whether files can be made in the folder at `path`; if not, `errno` says why.
public func isWritableFolder(at path: String) -> Bool {
  path.withPathBytes { access($0, W_OK | X_OK) } == 0
}

/// A device or pipe, `/dev/null` for one, would become a file.
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
