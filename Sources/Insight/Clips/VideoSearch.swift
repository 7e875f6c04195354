import Foundation
import KeyedRandom
import Media
import SafeFiles
import VideoData
import VideoSamples

/// The videos at the given paths: files, and all videos in folders and their subfolders. A folder with pictures but
/// without videos counts as a video whose frames they are.
public struct VideoSearch: Sendable {
  /// The videos with their names: the path within the searched folder, or the name of the file.
  public let videos: [(name: String, footage: VideoSource)]

  /// Searches the paths.
  ///
  /// - Parameters:
  ///   - paths: files and folders.
  ///   - frameRate: the frame rate of folders of frames, in frames per second.
  ///   - limit: the maximum number of videos, evenly spaced over those found; nil for all.
  /// - Throws: `FileError` if a path does not exist or cannot be read, ``NoVideosFound``.
  public init(at paths: [String], frameRate: Double, limit: Int? = nil) throws {
    var found: [(name: String, footage: VideoSource)] = []
    // Links may form cycles.
    var entered: Set<String> = []
    func search(_ folder: String, _ prefix: String) throws {
      guard entered.insert(realPath(of: folder)).inserted
      else { return }
      guard let names = try? entries(ofFolder: folder).map(\.name) else {
        throw FileError(path: folder, attempt: "cannot read", reason: "the folder cannot be listed")
      }
      var hasPictures = false
      var hasVideos = false
      for name in names.sorted(by: naturallyPrecedes) where !name.hasPrefix(".") {
        let path = folder + "/" + name
        if isFolder(at: path) {
          try search(path, prefix + name + "/")
        } else if MediaKind(path: name) == .video {
          hasVideos = true
          found.append((prefix + name, .video(path: path)))
        } else if MediaKind(path: name) == .picture {
          hasPictures = true
        }
      }
      if hasPictures, !hasVideos {
        let name =
          prefix.isEmpty ? PathParts(folder).name : String(prefix.dropLast())
        found.append((name, .frameFolder(path: folder, framesPerSecond: frameRate)))
      }
    }
    for path in paths {
      guard fileExists(at: path) else {
        throw FileError(path: path, attempt: "cannot read", reason: "it does not exist")
      }
      if isFolder(at: path) {
        try search(withoutTrailingSlashes(path), "")
      } else {
        found.append((PathParts(path).name, .video(path: path)))
      }
    }
    guard !found.isEmpty else { throw NoVideosFound(paths: paths) }
    videos = evenlySpaced(limit ?? found.count, of: found.count).map { found[$0] }
  }
}

/// The error if the paths contain no video.
public struct NoVideosFound: Error, CustomStringConvertible {
  /// The paths.
  public let paths: [String]
  public var description: String {
    "no video was found in \(paths.joined(separator: ", ")): name videos, or a folder that holds some"
  }
}
