import Foundation

/// An entry of a folder.
public struct FolderEntry: Sendable {
  /// The name in the folder.
  public let name: String
  /// The kind of file; nil for a link, and if the file system does not report it.
  public let kind: FileKind?
}

/// The entries of a folder, in no particular order.
///
/// - Parameters:
///   - path: the path of the folder.
///   - hidden: true to include names that begin with a dot.
/// - Throws: ``FileError``.
public func entries(ofFolder path: String, hidden: Bool = false) throws(FileError) -> [FolderEntry]
{
  guard let folder = path.withPathBytes({ opendir($0) }) else {
    throw FileError(path: path, attempt: "cannot read the folder")
  }
  defer { closedir(folder) }
  var entries: [FolderEntry] = []
  while let entry = readdir(folder) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 1) { String(path: $0) }
    }
    guard name != ".", name != "..", hidden || !name.hasPrefix(".") else { continue }
    let kind: FileKind? =
      switch Int32(entry.pointee.d_type) {
      case Int32(DT_DIR): .folder
      case Int32(DT_REG): .file
      case Int32(DT_LNK), Int32(DT_UNKNOWN): nil
      default: .other
      }
    entries.append(FolderEntry(name: name, kind: kind))
  }
  return entries
}

/// Makes the folder at `path` and its parents if they do not exist.
///
/// - Throws: ``FileError``.
public func makeFolder(at path: String) throws(FileError) {
  func fail(_ reason: String) -> FileError {
    FileError(path: path, attempt: "cannot make the folder", reason: reason)
  }
  // The missing folders, the innermost first.
  var missing: [String] = []
  var folder = withoutTrailingSlashes(path)
  while !folder.isEmpty, !isFolder(at: folder) {
    guard !fileExists(at: folder) else { throw fail("\(folder) is a file") }
    missing.append(folder)
    let above = PathParts(folder).folder
    if above == folder { break }
    folder = above
  }
  for folder in missing.reversed() where folder.withPathBytes({ mkdir($0, 0o777) }) != 0 {
    let reason = String(cString: strerror(errno))
    // Another process may have made it in the meantime.
    guard isFolder(at: folder) else { throw fail(reason) }
  }
  if path.isEmpty { throw fail("its name is empty") }
}

/// Removes the file or folder at `path` with its content, as far as possible.
public func removeFolder(at path: String) {
  var status = stat()
  guard path.withPathBytes({ lstat($0, &status) }) == 0 else { return }
  guard FileKind(mode: status.st_mode) == .folder else { return removeFile(at: path) }
  for entry in (try? entries(ofFolder: path, hidden: true)) ?? [] {
    removeFolder(at: path + "/" + entry.name)
  }
  _ = path.withPathBytes { rmdir($0) }
}

/// `path` without slashes at its end, except for the root.
public func withoutTrailingSlashes(_ path: String) -> String {
  var path = path
  while path.count > 1, path.hasSuffix("/") { path.removeLast() }
  return path
}
