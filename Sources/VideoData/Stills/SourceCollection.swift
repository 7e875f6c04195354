import Foundation
import KeyedRandom
import Media
import SafeFiles
import VideoSamples

/// The sources that paths name, without duplicates, in an order that depends only on their names.
public struct SourceCollection: Sendable {
  /// The sources, in order.
  public private(set) var sources: [VideoSource] = []
  /// The folders that could not be read, with the reasons.
  public private(set) var problems: [(path: String, reason: String)] = []
  /// Folders whose pictures are numbered like extracted frames, but were used as single pictures.
  public private(set) var likelyFrameFolders: [String] = []
  /// Lists with labels after their paths, such as "a.jpg 3"; the labels were ignored.
  public private(set) var labeledLists: [String] = []

  /// Searches the paths for sources.
  ///
  /// - Parameters:
  ///   - paths: folders (searched recursively for pictures and videos), pictures, videos, list files (one path per line,
  ///     relative to the list; `#` begins a comment line; whole numbers after a path are ignored), or
  ///     `synthetic:dead-leaves:N`.
  ///   - frameFolders: true if a folder that contains only pictures holds the frames of a video.
  /// - Throws: ``SourceError`` if a path does not exist or is of an unknown kind, or if no source is found.
  public init(paths: [String], frameFolders: Bool = false) throws {
    var search = Search(frameFolders: frameFolders)
    for path in paths { try search.add(path) }
    // A source that the paths name twice could end up in both the training set and the validation set.
    var seen: Set<VideoSource> = []
    var real = RealPaths()
    sources = search.sources.filter { seen.insert(real.source($0)).inserted }
    problems = search.problems
    likelyFrameFolders = search.likelyFrameFolders
    labeledLists = search.labeledLists
    guard !sources.isEmpty else {
      throw SourceError.nothingFound(
        paths: paths, problem: problems.first.map { "\($0.path) \($0.reason)" })
    }
  }

  /// The sources for which `isIncluded` returns true, in order. Problems and remarks are kept.
  public func filtered(_ isIncluded: (VideoSource) -> Bool) -> SourceCollection {
    var collection = self
    collection.sources = sources.filter(isIncluded)
    return collection
  }

  /// Holds out the share `fraction` (0 to 1) of the sources for validation: at least one if it is positive, but never
  /// all. A single source is not held out.
  ///
  /// The choice depends only on the sources and not on a run's seed, so that all runs are validated alike.
  public func split(heldOut fraction: Double) -> (training: [VideoSource], heldOut: [VideoSource]) {
    guard fraction > 0, sources.count > 1 else { return (sources, []) }
    let count = min(max(Int((Double(sources.count) * fraction).rounded()), 1), sources.count - 1)
    var generator = KeyedGenerator(.heldOutSources)
    let heldOut = Set(generator.permutation(of: sources.count).prefix(count))
    return (
      sources.indices.filter { !heldOut.contains($0) }.map { sources[$0] },
      sources.indices.filter { heldOut.contains($0) }.map { sources[$0] }
    )
  }
}

/// Why the paths give no sources.
public enum SourceError: Error, Sendable, CustomStringConvertible {
  /// The path does not exist.
  case missing(path: String)
  /// The path is not a picture, a video or a list by its name.
  case unknownKind(path: String)
  /// The list file cannot be read.
  case unreadableList(path: String, reason: String)
  /// The name of synthetic sources is malformed.
  case malformedSynthetic(name: String)
  /// There are no sources in these paths. `problem` describes a folder that could not be read, if there is one.
  case nothingFound(paths: [String], problem: String? = nil)

  public var description: String {
    switch self {
    case .missing(let path):
      "\(path) does not exist: name a folder, a picture, a video, a list file or synthetic:dead-leaves:N"
    case .unknownKind(let path):
      "\(path) is neither a picture nor a video by its name, nor a list file (.txt, .lst, .list)"
    case .unreadableList(let path, let reason):
      "the list \(path) cannot be read: \(reason)"
    case .malformedSynthetic(let name):
      "\(name) is not a synthetic source: write synthetic:dead-leaves:N with N from 1 to \(maximalSynthetic)"
    case .nothingFound(let paths, let problem):
      "no picture or video was found in \(paths.joined(separator: ", "))"
        + (problem.map { "; \($0)" } ?? "")
    }
  }
}

/// The maximum number of synthetic sources; an epoch's order of this many still fits into memory.
private let maximalSynthetic = 10_000_000

private struct Search {
  let frameFolders: Bool
  var sources: [VideoSource] = []
  var problems: [(path: String, reason: String)] = []
  var likelyFrameFolders: [String] = []
  var labeledLists: [String] = []
  /// The real paths of the folders and lists visited, so that links and lists cannot form cycles.
  private var entered: Set<String> = []

  init(frameFolders: Bool) { self.frameFolders = frameFolders }

  mutating func add(_ path: String) throws {
    if path.hasPrefix("synthetic:") {
      return try addSynthetic(path)
    }
    guard fileExists(at: path) else {
      throw SourceError.missing(path: path)
    }
    if isFolder(at: path) {
      addFolder(path)
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
    sources += (0..<count).map { .deadLeaves(index: $0) }
  }

  /// False if the folder or list was visited before, under any name.
  private mutating func enter(_ path: String) -> Bool {
    entered.insert(realPath(of: path)).inserted
  }

  private mutating func addFolder(_ path: String) {
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
    var pictures: [String] = []
    var hasOthers = false
    for entry in content {
      let child = path.hasSuffix("/") ? path + entry.name : "\(path)/\(entry.name)"
      if (entry.kind ?? fileKind(at: child)) == .folder {
        hasOthers = true
        addFolder(child)
      } else if let source = file(child) {
        if case .picture = source { pictures.append(child) } else { hasOthers = true }
        sources.append(source)
      } else {
        hasOthers = true
      }
    }
    guard pictures.count > 1, !hasOthers else { return }
    if frameFolders {
      sources.removeLast(pictures.count)
      sources.append(
        .frameFolder(path: path, framesPerSecond: VideoSource.assumedFrameRate))
    } else if isNumberedInARow(pictures) {
      likelyFrameFolders.append(path)
    }
  }

  /// True if the names differ only in one number, which increases by one.
  private func isNumberedInARow(_ paths: [String]) -> Bool {
    guard paths.count >= 8 else { return false }
    var previous: (prefix: Substring, number: Int)?
    for path in paths {
      let stem = PathParts(path).name.prefix { $0 != "." }
      let digits = stem.reversed().prefix { $0.isNumber }.count
      guard digits > 0, let number = Int(stem.suffix(digits)) else { return false }
      let prefix = stem.dropLast(digits)
      if let previous, previous.prefix != prefix || previous.number + 1 != number { return false }
      previous = (prefix, number)
    }
    return true
  }

  /// Keeps missing entries and files whose names are not those of pictures: the loader reports them.
  private mutating func addList(_ path: String) throws {
    guard enter(path) else { return }
    let text: Substring
    do {
      text = try listText(at: path)
    } catch {
      throw SourceError.unreadableList(path: path, reason: error.reason)
    }
    let folder = PathParts(path).folder
    var hasLabels = false
    func target(_ entry: String) -> String {
      entry.hasPrefix("/") || entry.hasPrefix("synthetic:") || folder.isEmpty
        ? entry : "\(folder)/\(entry)"
    }
    for line in text.split(whereSeparator: \.isNewline) {
      let entry = line.trimmingCharacters(in: .whitespaces)
      guard !entry.isEmpty, !entry.hasPrefix("#") else { continue }
      var path = target(entry)
      if let bare = withoutLabels(entry).map(target), !fileExists(at: path),
        file(bare) != nil || fileExists(at: bare)
      {
        path = bare
        hasLabels = true
      }
      do {
        try add(path)
      } catch SourceError.missing, SourceError.unknownKind {
        sources.append(file(path) ?? .picture(path: path))
      }
    }
    if hasLabels { labeledLists.append(path) }
  }

  /// The entry without the whole numbers at its end, which are the labels in a list of labeled pictures; nil if there are
  /// none.
  private func withoutLabels(_ entry: String) -> String? {
    let words = entry.split { $0 == " " || $0 == "\t" }
    guard let last = words.lastIndex(where: { Int($0) == nil }), last < words.count - 1 else {
      return nil
    }
    return String(entry[..<words[last].endIndex])
  }
}
