import KeyedRandom
import VideoSamples

/// The sources that paths name, without duplicates, in an order that depends only on their names.
public struct SourceCollection: Sendable {
  /// The sources, in order.
  public private(set) var sources: SourceList
  /// The folders and shards that could not be read, with the reasons.
  public private(set) var problems: [(path: String, reason: String)] = []
  /// Folders whose pictures are numbered like extracted frames, but were used as single pictures.
  public private(set) var likelyFrameFolders: [String] = []
  /// Lists with labels after their paths, such as "a.jpg 3"; the labels were ignored.
  public private(set) var labeledLists: [String] = []
  /// The pictures that synthetic videos among the sources show, a list for each path in the names of their sets. What a run
  /// learns depends on them as on its sources.
  public private(set) var shownPictures: [SourceList] = []
  /// Sentences about shards that are not used, or not all of which is.
  public private(set) var remarks: [String] = []

  /// Searches the paths for sources.
  ///
  /// Lists of millions of paths are read quickly: an entry that is named like a picture or video is assumed to be a file if
  /// the first one of its folder is. The loader reports missing files.
  ///
  /// - Parameters:
  ///   - paths: folders (searched recursively for pictures and videos; if a folder has neither, for shards), pictures,
  ///     videos, shards (tar files, also as `train-{0000..0123}.tar`), list files (one path per line, relative to the list;
  ///     `#` begins a comment line; whole numbers after a path are ignored), or the name of a set of procedural pictures or
  ///     videos, such as `synthetic:dead-leaves:N`.
  ///   - frameFolders: true if a folder that contains only pictures holds the frames of a video.
  ///   - whileSearching: called for each folder and each line of a list; an error that it throws ends the search.
  /// - Throws: ``SourceError`` if a path does not exist or is of an unknown kind, or if no source is found.
  public init(
    paths: [String], frameFolders: Bool = false,
    whileSearching: @escaping () throws -> Void = {}
  ) throws {
    let search = try SourceSearch(
      paths, frameFolders: frameFolders, whileSearching: whileSearching)
    sources = search.sources.list
    problems = search.problems
    likelyFrameFolders = search.likelyFrameFolders
    labeledLists = search.labeledLists
    remarks = search.remarks
    shownPictures = search.shown.map(\.pictures)
  }

  /// The path that is searched for `path`, one of those that ``init(paths:frameFolders:whileSearching:)`` takes: for synthetic
  /// videos that show pictures, that of the pictures.
  public static func searchedPath(of path: String) -> String {
    guard path.hasPrefix("synthetic:"), let set = try? SyntheticSet(path) else { return path }
    return set.pictures ?? path
  }

  /// The sources with these indices, in the order of the indices. Problems and remarks are kept.
  public func selecting(_ indices: [UInt32]) -> SourceCollection {
    var collection = self
    collection.sources = sources.selecting(indices)
    return collection
  }

  /// The sources that are not in `others`. Problems and remarks are kept.
  public func subtracting(_ others: SourceList) -> SourceCollection {
    var collection = self
    collection.sources = sources.subtracting(others)
    return collection
  }

  /// Holds out the share `fraction` (0 to 1) of the sources for validation: at least one if it is positive, but never
  /// all. A single source is not held out.
  ///
  /// The choice depends only on the sources and not on a run's seed, so that all runs are validated alike.
  public func split(heldOut fraction: Double) -> (training: SourceList, heldOut: SourceList) {
    guard fraction > 0, sources.count > 1 else { return (sources, []) }
    let count = min(max(Int((Double(sources.count) * fraction).rounded()), 1), sources.count - 1)
    var generator = KeyedGenerator(.heldOutSources)
    var isHeldOut = [Bool](repeating: false, count: sources.count)
    for index in generator.permutation(of: sources.count, as: UInt32.self).prefix(count) {
      isHeldOut[Int(index)] = true
    }
    func indices(heldOut: Bool) -> [UInt32] {
      var indices: [UInt32] = []
      indices.reserveCapacity(heldOut ? count : sources.count - count)
      for index in isHeldOut.indices where isHeldOut[index] == heldOut {
        indices.append(UInt32(index))
      }
      return indices
    }
    return (
      sources.selecting(indices(heldOut: false)), sources.selecting(indices(heldOut: true))
    )
  }
}
