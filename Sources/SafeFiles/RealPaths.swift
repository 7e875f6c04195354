import Foundation

/// The path without `.`, `..` and links, those of the last component too: two paths of one file give one text.
public func realPath(of path: String) -> String {
  URL(fileURLWithPath: path).resolvingSymlinksInPath().path
}

/// Tells files apart however their paths are spelled: relative or not, with `.` and `..`, through links to folders.
///
/// Each folder is looked up once; a link to a file is a file of its own.
public struct RealPaths {
  private var folders: [String: String] = [:]

  public init() {}

  /// The path of a file by the real path of its folder.
  public mutating func path(_ path: String) -> String {
    let folder = (path as NSString).deletingLastPathComponent
    let name = (path as NSString).lastPathComponent
    // ".." is no name in a folder.
    guard name != "..", name != "." else { return resolved(path) }
    if let known = folders[folder] { return known + "/" + name }
    let real = resolved(folder.isEmpty ? "." : folder)
    folders[folder] = real
    return real + "/" + name
  }

  /// Of what is not there the path itself.
  private func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }
}
