import Foundation
import VideoSamples

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

  /// The source by such a path.
  public mutating func source(_ source: VideoSource) -> VideoSource {
    switch source {
    case .picture(let path): .picture(path: self.path(path))
    case .video(let path): .video(path: self.path(path))
    case .frameFolder(let path, let rate):
      .frameFolder(path: self.path(path), framesPerSecond: rate)
    case .deadLeaves: source
    }
  }

  /// Of what is not there the path itself.
  private func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }
}
