import Configuration
import KeyedRandom
import SafeFiles
import VideoData
import VideoSamples

/// The sources of a pre-training, those to learn from and those to be judged by.
public struct PretrainingSources: Sendable {
  public let training: [VideoSource]
  public let heldOut: [VideoSource]
  /// The folders that could not be read.
  public let problemCount: Int

  /// `settings.maxPerFolder` draws first: what is held out is a share of what was drawn. Named validation sources are all
  /// taken, and not drawn from.
  ///
  /// - Parameters:
  ///   - settings: which they are; without `maxPerFolder` what is held out depends on nothing else.
  ///   - seed: what `maxPerFolder` draws by.
  ///   - note: told what is worth a line.
  ///   - warn: told of folders that cannot be read.
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

  /// `count` of the sources that lie directly in one folder, whether a folder or a list named them; all of those that
  /// lie in none.
  ///
  /// - Returns: them, and whether a folder has fewer.
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
