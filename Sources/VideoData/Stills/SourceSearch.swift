import Foundation
import Media
import SafeFiles
import Shards
import SyntheticData
import VideoSamples

/// Searches paths for sources.
struct SourceSearch {
  let frameFolders: Bool
  /// Called for each folder, shard and line of a list; an error that it throws ends the search.
  let whileSearching: () throws -> Void
  private(set) var sources = SourceListBuilder(skipsRepeated: true)
  private(set) var problems: [(path: String, reason: String)] = []
  private(set) var likelyFrameFolders: [String] = []
  private(set) var labeledLists: [String] = []
  private(set) var remarks: [String] = []
  /// The pictures that synthetic videos show, by the path in their names, in the order in which they were found.
  private(set) var shown: [(path: String, pictures: SourceList)] = []
  /// True for a search of pictures that videos show: such a list may name videos again, which are left out.
  private let isOfShown: Bool
  /// The real paths of the folders and lists visited, so that links and lists cannot form cycles.
  private var entered: Set<String> = []

  /// Searches paths.
  ///
  /// - Throws: ``SourceError``, also if there are no sources in them; what `whileSearching` throws.
  init(
    _ paths: [String], frameFolders: Bool, ofShown isOfShown: Bool = false,
    whileSearching: @escaping () throws -> Void = {}
  ) throws {
    self.frameFolders = frameFolders
    self.isOfShown = isOfShown
    self.whileSearching = whileSearching
    for path in paths { try add(path) }
    guard sources.count > 0 else {
      throw SourceError.nothingFound(
        paths: paths, problem: problems.first.map { "\($0.path) \($0.reason)" })
    }
  }

  private mutating func add(_ path: String) throws {
    if path.hasPrefix("synthetic:") {
      return try addSynthetic(path)
    }
    guard fileExists(at: path) else { return try addRange(path) }
    if isFolder(at: path) {
      try addFolder(path)
    } else if let source = file(path) {
      sources.append(source)
    } else if Shard.isNamed(like: path) {
      do {
        try addShard(path)
      } catch let error as ShardError {
        throw SourceError.unreadableShard(path: error.path, problem: error.problem)
      }
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
    let set = try SyntheticSet(name)
    if isOfShown, case .shapes = set.source(0) { return }
    if let path = set.pictures, !shown.contains(where: { $0.path == path }) {
      let search = try Self.ofShown(at: path, whileSearching: whileSearching)
      problems += search.problems
      let pictures = search.sources.list
      ShapeTextures.show(pictures, of: path)
      shown.append((path, pictures))
    }
    for index in 0..<set.count { sources.append(set.source(index)) }
  }

  /// The search of the pictures that synthetic videos show from a path; it has found at least one.
  ///
  /// - Throws: ``SourceError``.
  static func ofShown(at path: String, whileSearching: @escaping () throws -> Void = {}) throws
    -> SourceSearch
  {
    guard fileExists(at: path) else { throw SourceError.missing(path: path) }
    return try SourceSearch(
      [path], frameFolders: false, ofShown: true, whileSearching: whileSearching)
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
    var shards: [String] = []
    var hasOthers = false
    for (entry, isFolder) in zip(content, isSubfolder) {
      if isFolder {
        try addFolder(prefix + entry.name)
        hasOthers = true
      } else if let source = file(prefix + entry.name) {
        sources.append(source)
        hasOthers = true
      } else if Shard.isNamed(like: entry.name) {
        shards.append(prefix + entry.name)
      }
    }
    try addShards(shards, besideOthers: hasOthers)
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

// MARK: Shards

extension SourceSearch {
  /// The shards directly in a folder. Beside pictures, videos or folders they are most likely what these were unpacked from,
  /// which would be used twice.
  private mutating func addShards(_ paths: [String], besideOthers: Bool) throws {
    guard let first = paths.first else { return }
    guard !besideOthers else {
      remarks.append(
        "\(first)\(paths.count > 1 ? " and \(paths.count - 1) more beside it are" : " is") not read: pictures, videos or "
          + "folders lie beside; name shards to read them")
      return
    }
    for path in paths {
      do {
        try addShard(path)
      } catch let error as ShardError {
        problems.append((path, error.problem))
      }
    }
  }

  private mutating func addShard(_ path: String) throws {
    guard enter(path) else { return }
    try whileSearching()
    let shard = try Shard(at: path)
    let place = sources.shard(at: path, file: shard.file)
    shard.forEachMember { name, offset, size in
      let kind = name.withUnsafeBufferPointer { MediaKind(path: $0) }
      guard let kind else { return }
      sources.append(
        kind == .picture ? .picture : .video, in: place, name: name, offset: offset, size: size)
    }
    remarks += shard.remarks.map { $0.sentence(path) }
  }

  /// The files that a name with a range in braces stands for.
  private mutating func addRange(_ path: String) throws {
    guard let names = expandingBraces(in: path), names != [path] else {
      throw SourceError.missing(path: path)
    }
    for name in names {
      guard fileExists(at: name) else { throw SourceError.missing(path: name) }
      try add(name)
    }
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
