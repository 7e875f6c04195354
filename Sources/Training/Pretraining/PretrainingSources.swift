import Configuration
import KeyedRandom
import VideoData
import VideoSamples

/// The sources of a pre-training: those to train on, and those to validate on.
public struct PretrainingSources: Sendable {
  /// The sources to train on.
  public let training: SourceList
  /// The sources to validate on.
  public let heldOut: SourceList
  /// The pictures that synthetic videos among them show, a list for each path of such pictures.
  public let shownPictures: [SourceList]
  /// The number of folders that could not be read.
  public let problemCount: Int

  /// Finds the sources and splits them. `settings.maxPerFolder` is applied before the split: the validation set is a
  /// share of the sources that it leaves. It does not apply to validation sources that are named.
  ///
  /// - Parameters:
  ///   - settings: the paths of the sources and how they are split. Without `maxPerFolder` the split depends on nothing
  ///     else.
  ///   - seed: the random seed with which `maxPerFolder` draws sources.
  ///   - note: receives messages about the sources.
  ///   - whileSearching: called for each folder and each line of a list; an error that it throws ends the search.
  ///   - warn: receives a warning for each folder that cannot be read.
  /// - Throws: `SourceError`.
  public init(
    _ settings: PretrainingConfiguration.Sources, seed: Int,
    whileSearching: @escaping () throws -> Void = {}, note: (String) -> Void = { _ in },
    warn: (String) -> Void = { _ in }
  ) throws {
    var problemCount = 0
    var shownPictures: [SourceList] = []
    func collect(_ paths: [String]) throws -> SourceCollection {
      let collection = try SourceCollection(
        paths: paths, frameFolders: settings.frameFolders, whileSearching: whileSearching)
      problemCount += collection.problems.count
      shownPictures += collection.shownPictures
      for problem in collection.problems { warn("\(problem.path) \(problem.reason)") }
      for remark in collection.remarks.prefix(4) { note(remark) }
      if collection.remarks.count > 4 {
        note("\(collection.remarks.count - 4) more remarks on shards are left out")
      }
      for folder in collection.likelyFrameFolders.prefix(1) {
        note(
          "\(folder) looks like a video's frames; each is used as a separate picture. "
            + "For one frame a folder: --set sources.frame_folders=true")
      }
      for list in collection.labeledLists {
        note("\(list) has numbers behind its paths; they are taken for labels, which are not used")
      }
      return collection
    }
    func drawn(from collection: SourceCollection) -> SourceCollection {
      guard let maximum = settings.maxPerFolder else { return collection }
      let folders = Self.members(of: collection.sources)
      if folders.members.contains(where: { $0.count < maximum }) {
        note("some folders hold fewer than \(maximum) sources; all of theirs are taken")
      }
      if !folders.loose.isEmpty {
        note(
          "\(folders.loose.count) sources lie in no folder: sources.max_per_folder takes all of them"
        )
      }
      let drawn = few(
        maximum, ofEach: folders.members, key: [UInt64(seed), RandomStream.folders.rawValue])
      return collection.selecting((folders.loose + drawn).sorted().map(UInt32.init))
    }
    let collection = try collect(settings.paths)
    if settings.validationPaths.isEmpty {
      (training, heldOut) = drawn(from: collection).split(heldOut: settings.validationFraction)
    } else {
      heldOut = try collect(settings.validationPaths).sources
      let seen = collection.subtracting(heldOut)
      let shared = collection.sources.count - seen.sources.count
      if shared > 0 {
        note("\(shared) sources are validated on and therefore not trained on")
      }
      training = drawn(from: seen).sources
    }
    self.problemCount = problemCount
    self.shownPictures = shownPictures
  }

  /// The indices of the sources directly in each folder, whether a folder or a list named them, and those of sources that
  /// are in no folder.
  private static func members(of sources: SourceList) -> (members: [[Int]], loose: [Int]) {
    var (members, loose): ([[Int]], [Int]) = ([], [])
    for (index, folder) in sources.folderNumbers.enumerated() {
      guard let folder else {
        loose.append(index)
        continue
      }
      if folder == members.count { members.append([]) }
      members[folder].append(index)
    }
    return (members, loose)
  }
}
