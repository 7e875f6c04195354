import Foundation
import Media
import SafeFiles
import VideoSamples

/// Finds videos by their names in lists. Each folder is listed once, when it is first needed; no file is opened.
final class VideoFinder {
  private let frameRate: Double
  private var listings: [String: Listing?] = [:]
  private var smallLetters: [String: SmallLetters?] = [:]
  private var foldersInOtherCase: [String: String?] = [:]

  init(frameRate: Double) { self.frameRate = frameRate }

  /// The content of a folder.
  struct Listing {
    /// The names on the disk, which may use another Unicode composition than the lists (é), by the composed name.
    fileprivate(set) var files: [String: String] = [:]
    fileprivate(set) var folders: [String: String] = [:]
    /// The names of hidden folders, which are ignored otherwise.
    fileprivate(set) var hiddenFolders: [String] = []
    /// The videos by their names without extension; the first one if there are several.
    fileprivate var videos: [String: String] = [:]
  }

  /// The video in the first place that contains it: a file with one of the names or with another video extension, or a
  /// folder of that name, with or without extension, whose files are taken as frames.
  func footage(_ places: VideoPlaces) throws -> VideoSource? {
    for name in places.names {
      let stem = videoStem(name)
      for folder in places.folders {
        guard let listing = try listing(of: folder) else { continue }
        if let file = listing.files[name] ?? listing.videos[stem] {
          return .video(path: folder + "/" + file)
        }
        if let frames = listing.folders[name] ?? listing.folders[stem] {
          return .frameFolder(path: folder + "/" + frames, framesPerSecond: frameRate)
        }
      }
    }
    return nil
  }

  /// As ``footage(_:)``, for names that differ only in case, including those of folders below `root`. Nil if there are
  /// several.
  func footageInOtherCase(_ places: VideoPlaces, below root: String) throws -> VideoSource? {
    for name in places.names {
      let stem = videoStem(name)
      for place in places.folders {
        guard let folder = try folderInOtherCase(place, below: root),
          let names = try namesInSmallLetters(of: folder)
        else { continue }
        if let file = names.file(name, stem: stem) {
          return .video(path: folder + "/" + file)
        }
        if let frames = names.folder(name) ?? names.folder(stem) {
          return .frameFolder(path: folder + "/" + frames, framesPerSecond: frameRate)
        }
      }
    }
    return nil
  }

  /// The existing folder for `path`, under its own name or one that differs in case.
  private func folderInOtherCase(_ path: String, below root: String) throws -> String? {
    if let known = foldersInOtherCase[path] { return known }
    var found: String?
    if try listing(of: path) != nil {
      found = path
    } else if path.hasPrefix(root + "/"), let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")),
      let parent = try folderInOtherCase(String(path[..<slash]), below: root)
    {
      let name = String(path[path.utf8.index(after: slash)...])
      found = try namesInSmallLetters(of: parent)?.folder(name).map { parent + "/" + $0 }
    }
    foldersInOtherCase[path] = .some(found)
    return found
  }

  private func namesInSmallLetters(of folder: String) throws -> SmallLetters? {
    if let known = smallLetters[folder] { return known }
    let names = try listing(of: folder).map(SmallLetters.init)
    smallLetters[folder] = .some(names)
    return names
  }

  /// The names in a folder by their lower-case forms; nil if several names have the same form.
  private struct SmallLetters {
    private let files: [String: String?]
    private let folders: [String: String?]
    private let videos: [String: String?]

    init(_ listing: Listing) {
      func index(_ names: [String: String]) -> [String: String?] {
        Dictionary(names.map { ($0.key.lowercased(), Optional($0.value)) }) { _, _ in nil }
      }
      files = index(listing.files)
      folders = index(listing.folders)
      videos = index(listing.videos)
    }

    /// The file, or a video with another extension; nil if several match.
    func file(_ name: String, stem: String) -> String? {
      (files[name.lowercased()] ?? videos[stem.lowercased()]) ?? nil
    }

    func folder(_ name: String) -> String? { folders[name.lowercased()] ?? nil }
  }

  /// The content of `folder` without hidden names; nil if there is no such folder.
  ///
  /// - Throws: ``DatasetError`` if it cannot be read.
  func listing(of folder: String) throws -> Listing? {
    if let known = listings[folder] { return known }
    let listing = try readListing(folder)
    listings[folder] = .some(listing)
    return listing
  }

  private func readListing(_ folder: String) throws -> Listing? {
    let found: [FolderEntry]
    do {
      found = try entries(ofFolder: folder, hidden: true)
    } catch {
      let status = fileStatus(at: folder)
      let isMissing = status == nil && (errno == ENOENT || errno == ENOTDIR)
      if isMissing || status.map({ $0.kind != .folder }) == true { return nil }
      throw DatasetError.unreadable(path: folder, reason: error.reason)
    }
    var listing = Listing()
    for entry in found {
      let name = entry.name
      guard !name.hasPrefix(".") else {
        if entry.kind == .folder { listing.hiddenFolders.append(name) }
        continue
      }
      // The entry is a link, or the file system does not report its kind.
      switch entry.kind ?? fileKind(at: folder + "/" + name) {
      case .folder: listing.folders[name] = name
      case .file: listing.files[name] = name
      case .other, nil: continue
      }
    }
    for name in listing.files.keys where MediaKind(path: name) == .video {
      let stem = videoStem(name)
      if listing.videos[stem].map({ name < $0 }) ?? true { listing.videos[stem] = name }
    }
    return listing
  }
}

/// `name` without its extension if that is the extension of a video.
func videoStem(_ name: String) -> String {
  guard MediaKind(path: name) == .video,
    let dot = name.utf8.lastIndex(of: UInt8(ascii: "."))
  else { return name }
  return String(name[..<dot])
}
