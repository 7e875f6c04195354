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

  /// The error that `errno` tells of.
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
    let url = URL(fileURLWithPath: path).resolvingSymlinksInPath()
    target = url.path
    folder = url.deletingLastPathComponent().path
    let name = ".\(url.deletingPathExtension().lastPathComponent).\(getpid()).partial"
    // Writers that choose a format by the name see the same ending.
    let ending = url.pathExtension.isEmpty ? "" : ".\(url.pathExtension)"
    temporaryPath = "\(folder)/\(name)\(ending)"
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
      guard rename(temporaryPath, target) == 0 else {
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
    if isOpen { unlink(temporaryPath) }
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
    try content.write(to: URL(fileURLWithPath: replacement.temporaryPath))
  } catch {
    replacement.abandon()
    throw FileError(path: path, attempt: "cannot write", reason: reason(of: error))
  }
  try replacement.commit()
}

/// Makes the folder at `path` and those above it; one that is there already is fine.
///
/// - Throws: ``FileError``.
public func makeFolder(at path: String) throws {
  do {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  } catch {
    throw FileError(
      path: path, attempt: "cannot make the folder",
      reason: fileInTheWay(of: path).map { "\($0) is a file" } ?? reason(of: error))
  }
}

/// The first of `path` and the folders above it that is there, where that is no folder; Foundation does not tell.
private func fileInTheWay(of path: String) -> String? {
  var part = URL(fileURLWithPath: path)
  while part.path != "/" {
    if FileManager.default.fileExists(atPath: part.path) {
      return isFolder(at: part.path) ? nil : part.path
    }
    part.deleteLastPathComponent()
  }
  return nil
}

/// The content of the file at `path`.
///
/// - Throws: ``FileError``.
public func readFile(at path: String) throws -> Data {
  do {
    return try Data(contentsOf: URL(fileURLWithPath: path))
  } catch {
    throw FileError(path: path, attempt: "cannot read", reason: reason(of: error))
  }
}

/// A device or pipe, `/dev/null` for one, would become a file.
private func checkReplaceable(_ path: String) throws(FileError) {
  var status = stat()
  guard stat(path, &status) == 0 else { return }
  let kind = status.st_mode & S_IFMT
  guard kind == S_IFREG || kind == S_IFDIR else {
    throw FileError(
      path: path, attempt: "cannot write", reason: "it is a device or a pipe, no file")
  }
}

private func synchronize(_ file: String, for path: String) throws(FileError) {
  let descriptor = open(file, O_RDONLY)
  guard descriptor >= 0 else { throw FileError(path: path, attempt: "cannot write") }
  defer { close(descriptor) }
  guard fsync(descriptor) == 0 else { throw FileError(path: path, attempt: "cannot write") }
}

/// The system's own words where Foundation wraps them.
private func reason(of error: any Error) -> String {
  let error = error as NSError
  if let underlying = error.userInfo[NSUnderlyingErrorKey] as? NSError,
    underlying.domain == NSPOSIXErrorDomain
  {
    return String(cString: strerror(Int32(underlying.code)))
  }
  if error.domain == NSCocoaErrorDomain {
    switch error.code {
    case 4, 260: return String(cString: strerror(ENOENT))
    case 257, 513: return "no permission"
    case 640: return "the disk is full"
    case 642: return "the volume is read-only"
    default: break
    }
  }
  return error.localizedDescription
}
