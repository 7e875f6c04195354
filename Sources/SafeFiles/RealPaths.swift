import Foundation

/// The path without `.`, `..` and links, including a link in the last component: two paths of the same file give the same
/// text. The file does not need to exist.
public func realPath(of path: String) -> String { resolved(path, links: 40) }

private func resolved(_ path: String, links: Int) -> String {
  if let real = path.withPathBytes({ realpath($0, nil) }) {
    defer { free(real) }
    return String(path: real)
  }
  let path = withoutTrailingSlashes(path)
  let (folder, name) = separated(path)
  guard !path.isEmpty, name != "..", links > 0 else { return absolutePath(of: path) }
  if let target = linkTarget(at: path) {
    return resolved(target.hasPrefix("/") ? target : folder + "/" + target, links: links - 1)
  }
  let real = resolved(folder, links: links - 1)
  return real == "/" ? real + name : real + "/" + name
}

/// The absolute path, with its links.
public func absolutePath(of path: String) -> String {
  guard !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
  defer { free(folder) }
  return path.isEmpty ? String(path: folder) : String(path: folder) + "/" + path
}

/// The target of the link at `path`; nil if it is not a link.
private func linkTarget(at path: String) -> String? {
  let bytes = [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { buffer, count in
    count = buffer.withMemoryRebound(to: CChar.self) { buffer in
      max(path.withPathBytes { readlink($0, buffer.baseAddress!, buffer.count) }, 0)
    }
  }
  return bytes.isEmpty ? nil : String(path: bytes)
}

/// The folder, "." if the path has none, and the name in it.
private func separated(_ path: String) -> (folder: String, name: String) {
  let parts = PathParts(path)
  return (parts.folder.isEmpty ? "." : parts.folder, parts.name)
}

/// Identifies files by any of their paths: relative or absolute, with `.` and `..`, or through links to folders.
///
/// Each folder is looked up once. A link to a file counts as a file of its own.
public struct RealPaths {
  private var folders: [String: String] = [:]

  /// Has not looked up any folder yet.
  public init() {}

  /// The path of a file with the real path of its folder.
  public mutating func path(_ path: String) -> String {
    let (folder, name) = separated(path)
    // ".." is not a name in a folder.
    guard name != "..", name != "." else { return realPath(of: path) }
    if let known = folders[folder] { return known + "/" + name }
    let real = realPath(of: folder)
    folders[folder] = real
    return real + "/" + name
  }
}
