import Foundation
import Media
import VideoSamples

/// Finds videos by the names that lists give them. Each folder is listed once, when something is first looked for
/// in it; no file is touched.
final class VideoFinder {
  private let frameRate: Double
  private var listings: [String: Listing?] = [:]

  init(frameRate: Double) { self.frameRate = frameRate }

  /// What a folder holds.
  struct Listing {
    /// The names as they are on the disk, which may be composed otherwise than the lists' (é).
    fileprivate(set) var files: [String: String] = [:]
    fileprivate(set) var folders: [String: String] = [:]
    /// The videos by their names without extension, the first in order where there are several.
    fileprivate var videos: [String: String] = [:]
  }

  /// The video `name` in the first of `folders` that has it: the file of that name or with another extension of
  /// videos, or the folder with that name, with or without extension, whose content is taken for its frames.
  func footage(_ name: String, in folders: [String]) throws -> VideoSource? {
    let stem = videoStem(name)
    for folder in folders {
      guard let listing = try listing(of: folder) else { continue }
      if let file = listing.files[name] ?? listing.videos[stem] {
        return .video(path: folder + "/" + file)
      }
      if let frames = listing.folders[name] ?? listing.folders[stem] {
        return .frameFolder(path: folder + "/" + frames, framesPerSecond: frameRate)
      }
    }
    return nil
  }

  /// What `folder` holds, hidden names aside; nil where there is no such folder.
  ///
  /// - Throws: ``DatasetError`` where it cannot be read.
  func listing(of folder: String) throws -> Listing? {
    if let known = listings[folder] { return known }
    let listing = try readListing(folder)
    listings[folder] = .some(listing)
    return listing
  }

  private func readListing(_ folder: String) throws -> Listing? {
    guard let stream = opendir(folder) else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw DatasetError.unreadable(path: folder, reason: String(cString: strerror(errno)))
    }
    defer { closedir(stream) }
    var listing = Listing()
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
      }
      guard !name.hasPrefix(".") else { continue }
      switch Int32(entry.pointee.d_type) {
      case Int32(DT_DIR): listing.folders[name] = name
      case Int32(DT_REG): listing.files[name] = name
      default:
        // A link, or a file system that does not tell.
        var status = stat()
        guard stat(folder + "/" + name, &status) == 0 else { continue }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: listing.folders[name] = name
        case S_IFREG: listing.files[name] = name
        default: continue
        }
      }
    }
    for name in listing.files.keys where MediaKind(path: name) == .video {
      let stem = videoStem(name)
      if listing.videos[stem].map({ name < $0 }) ?? true { listing.videos[stem] = name }
    }
    return listing
  }
}

/// `name` without its extension, where that is one of videos.
func videoStem(_ name: String) -> String {
  guard MediaKind(path: name) == .video,
    let dot = name.utf8.lastIndex(of: UInt8(ascii: "."))
  else { return name }
  return String(name[..<dot])
}
