import Foundation
import Media
import SafeFiles
import VideoSamples

/// A search for sources, path by path.
struct SourceSearch {
  let frameFolders: Bool
  /// Called for each folder and each line of a list; an error that it throws ends the search.
  let whileSearching: () throws -> Void
  private(set) var sources = SourceListBuilder(skipsRepeated: true)
  private(set) var problems: [(path: String, reason: String)] = []
  private(set) var likelyFrameFolders: [String] = []
  private(set) var labeledLists: [String] = []
  /// The real paths of the folders and lists visited, so that links and lists cannot form cycles.
  private var entered: Set<String> = []

  init(frameFolders: Bool, whileSearching: @escaping () throws -> Void = {}) {
    self.frameFolders = frameFolders
    self.whileSearching = whileSearching
  }

  mutating func add(_ path: String) throws {
    if path.hasPrefix("synthetic:") {
      return try addSynthetic(path)
    }
    guard fileExists(at: path) else {
      throw SourceError.missing(path: path)
    }
    if isFolder(at: path) {
      try addFolder(path)
    } else if let source = file(path) {
      sources.append(source)
    } else if ["txt", "lst", "list"].contains(PathParts(path).ending.lowercased()) {
      try addList(path)
    } else {
      throw SourceError.unknownKind(path: path)
    }
  }

  private func file(_ path: String) -> VideoSource? {
    switch MediaKind(path: path) {
    case .picture: .picture(path: path)
    case .video: .video(path: path)
    case nil: nil
    }
  }

  private mutating func addSynthetic(_ name: String) throws {
    let parts = name.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[1] == "dead-leaves", let count = Int(parts[2]),
      (1...maximalSynthetic).contains(count)
    else { throw SourceError.malformedSynthetic(name: name) }
    for index in 0..<count { sources.append(.deadLeaves(index: index)) }
  }

  /// False if the folder or list was visited before, under any name.
  private mutating func enter(_ path: String) -> Bool {
    entered.insert(realPath(of: path)).inserted
  }

  private mutating func addFolder(_ path: String) throws {
    try whileSearching()
    guard enter(path) else { return }
    let content: [FolderEntry]
    do {
      content = try entries(ofFolder: path).sorted { naturallyPrecedes($0.name, $1.name) }
    } catch {
      let mayBeRead = path.withPathBytes { access($0, R_OK | X_OK) } == 0
      let reason = mayBeRead ? error.reason : "no permission to read it"
      problems.append((path, "is a folder that cannot be read: \(reason)"))
      return
    }
    let prefix = path.hasSuffix("/") ? path : path + "/"
    let isSubfolder = content.map { ($0.kind ?? fileKind(at: prefix + $0.name)) == .folder }
    let holdsOnlyPictures =
      content.count > 1
      && zip(content, isSubfolder).allSatisfy { !$1 && MediaKind(path: $0.name) == .picture }
    if holdsOnlyPictures {
      if frameFolders {
        return sources.append(
          .frameFolder(path: path, framesPerSecond: VideoSource.assumedFrameRate))
      }
      if isNumberedInARow(content.map(\.name)) { likelyFrameFolders.append(path) }
    }
    for (entry, isFolder) in zip(content, isSubfolder) {
      if isFolder {
        try addFolder(prefix + entry.name)
      } else if let source = file(prefix + entry.name) {
        sources.append(source)
      }
    }
  }

  /// True if the names differ only in one number, which increases by one.
  private func isNumberedInARow(_ names: [String]) -> Bool {
    guard names.count >= 8 else { return false }
    var previous: (prefix: Substring, number: Int)?
    for name in names {
      let stem = name.prefix { $0 != "." }
      let digits = stem.reversed().prefix { $0.isNumber }.count
      guard digits > 0, let number = Int(stem.suffix(digits)) else { return false }
      let prefix = stem.dropLast(digits)
      if let previous, previous.prefix != prefix || previous.number + 1 != number { return false }
      previous = (prefix, number)
    }
    return true
  }
}

// MARK: Lists

extension SourceSearch {
  /// Keeps missing entries and files whose names are not those of pictures: the loader reports them.
  private mutating func addList(_ path: String) throws {
    guard enter(path) else { return }
    let folder = PathParts(path).folder
    var list = SourceListing(folder: folder.isEmpty ? [] : folder.pathBytes + [slash])
    do {
      try forEachLine(ofList: path) { try add($0, of: &list) }
    } catch let error as UnreadableList {
      throw SourceError.unreadableList(path: path, reason: error.reason)
    }
    if list.hasLabels { labeledLists.append(path) }
  }

  private mutating func add(_ line: ArraySlice<UInt8>, of list: inout SourceListing) throws {
    try whileSearching()
    guard let entry = list.entry(line) else { return }
    switch entry {
    case .file(let form, let path): sources.append(form, path: path[...])
    case .other(let path):
      do {
        try add(path)
      } catch SourceError.missing, SourceError.unknownKind {
        sources.append(file(path) ?? .picture(path: path))
      }
    }
  }
}
