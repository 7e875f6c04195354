import Configuration
import KeyedRandom
import SafeFiles
import VideoData
import VideoSamples

/// The sources of a pre-training: those to train on, and those to validate on.
public struct PretrainingSources: Sendable {
  /// The sources to train on.
  public let training: [VideoSource]
  /// The sources to validate on.
  public let heldOut: [VideoSource]
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
  ///   - warn: receives a warning for each folder that cannot be read.
  /// - Throws: `SourceError`.
  public init(
    _ settings: PretrainingConfiguration.Sources, seed: Int, note: (String) -> Void = { _ in },
    warn: (String) -> Void = { _ in }
  ) throws {
    var problemCount = 0
    func collect(_ paths: [String]) throws -> SourceCollection {
      let collection = try SourceCollection(paths: paths, frameFolders: settings.frameFolders)
      problemCount += collection.problems.count
      for problem in collection.problems { warn("\(problem.path) \(problem.reason)") }
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
      let (chosen, isScarce) = Self.drawn(maximum, from: collection.sources, seed: seed)
      if isScarce {
        note("some folders hold fewer than \(maximum) sources; all of theirs are taken")
      }
      let loose = chosen.count { $0.folder == nil }
      if loose > 0 {
        note("\(loose) sources lie in no folder: sources.max_per_folder takes all of them")
      }
      return collection.filtered(chosen.contains)
    }
    let collection = try collect(settings.paths)
    if settings.validationPaths.isEmpty {
      (training, heldOut) = drawn(from: collection).split(heldOut: settings.validationFraction)
    } else {
      heldOut = try collect(settings.validationPaths).sources
      var real = RealPaths()
      let unseen = Set(heldOut.map { real.source($0) })
      let seen = collection.filtered { !unseen.contains(real.source($0)) }
      let shared = collection.sources.count - seen.sources.count
      if shared > 0 {
        note("\(shared) sources are validated on and therefore not trained on")
      }
      training = drawn(from: seen).sources
    }
    self.problemCount = problemCount
  }

  /// Draws `count` of the sources that lie directly in one folder, whether a folder or a list named them; keeps all
  /// sources that are in no folder.
  ///
  /// - Returns: the sources, and whether a folder has fewer than `count`.
  private static func drawn(_ count: Int, from sources: [VideoSource], seed: Int) -> (
    Set<VideoSource>, Bool
  ) {
    var places: [String: Int] = [:]
    var members: [[Int]] = []
    var chosen: Set<VideoSource> = []
    for (index, source) in sources.enumerated() {
      guard let folder = source.folder else {
        chosen.insert(source)
        continue
      }
      let place = places[folder, default: members.count]
      places[folder] = place
      if place == members.count { members.append([]) }
      members[place].append(index)
    }
    let key = [UInt64(seed), RandomStream.folders.rawValue]
    chosen.formUnion(few(count, ofEach: members, key: key).map { sources[$0] })
    return (chosen, members.contains { $0.count < count })
  }
}
