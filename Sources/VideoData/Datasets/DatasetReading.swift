import SafeFiles
import VideoSamples

/// The state of reading a dataset's lists.
struct DatasetReading {
  let videosFolder: String
  let finder: VideoFinder
  var classNames: [String] = []
  private(set) var videos: [LabeledVideo] = []
  /// The index and the place of each listed video by its name.
  private var entries: [String: (video: Int, place: ListFile.Place)] = [:]
  /// The index of the video by the path of its file.
  private var videoOfPath: [String: Int] = [:]
  private var realPaths = RealPaths()
  /// The videos without a file, as the lists spell them.
  private var missing: [(video: Int, places: VideoPlaces)] = []
  private var repeated: (count: Int, first: ListFile.Place)?
  private var otherCase: (count: Int, listed: String, found: String)?
  private var unlabeled: [(list: String, count: Int)] = []
  /// Folders next to those of classes that are not classes.
  var notClasses: [String] = []
  private var otherRemarks: [DatasetFinding] = []

  init(videosFolder: String, finder: VideoFinder) {
    self.videosFolder = videosFolder
    self.finder = finder
  }

  /// Adds a video that a list names. A row that repeats an earlier one is counted once.
  ///
  /// - Throws: ``DatasetError`` if an earlier row about the video disagrees, or if its file was already found for another
  ///   video, which would then be in both training and test, or count twice.
  mutating func add(
    _ name: String, label: Int, subset: Subset, in places: VideoPlaces, listedFrames: Int? = nil,
    at place: ListFile.Place
  ) throws {
    if let before = entries[name] {
      let other = videos[before.video]
      guard other.label == label, other.subset == subset else {
        throw place.error(
          "lists \(name) again, after \(before.place), but "
            + (other.subset == subset
              ? "as \(classNames[label]) and not as \(classNames[other.label])"
              : "for \(subset.rawValue) and not for \(other.subset.rawValue)"))
      }
      repeated = ((repeated?.count ?? 0) + 1, repeated?.first ?? place)
      return
    }
    entries[name] = (videos.count, place)
    let footage = try finder.footage(places)
    if let footage {
      if let before = videoOfPath.updateValue(videos.count, forKey: realPaths.path(footage.path)) {
        throw place.error(
          "names \(name), but \(footage.path) was found for \(videos[before].name) already")
      }
    } else {
      missing.append((videos.count, places))
    }
    videos.append(
      LabeledVideo(
        name: name, label: label, subset: subset, footage: footage, listedFrames: listedFrames))
  }

  /// Adds a video in a shard.
  ///
  /// - Throws: ``DatasetError`` if the shard has another of this name.
  mutating func add(_ video: ShardMember, label: Int, subset: Subset, at place: ListFile.Place)
    throws
  {
    guard entries.updateValue((videos.count, place), forKey: video.path) == nil else {
      throw place.error("has two members of the name \(video.name)")
    }
    videos.append(
      LabeledVideo(name: video.path, label: label, subset: subset, footage: .shardMember(video)))
  }

  /// Searches again for videos that were not found, under names that differ only in case. A file found for another video
  /// is not used.
  mutating func findOtherwiseSpelled() throws {
    for (index, places) in missing {
      guard let footage = try finder.footageInOtherCase(places, below: videosFolder) else {
        continue
      }
      let path = realPaths.path(footage.path)
      guard videoOfPath[path] == nil else { continue }
      videoOfPath[path] = index
      let video = videos[index]
      videos[index] = LabeledVideo(
        name: video.name, label: video.label, subset: video.subset, footage: footage,
        listedFrames: video.listedFrames)
      otherCase = (
        (otherCase?.count ?? 0) + 1, otherCase?.listed ?? video.name,
        otherCase?.found ?? String(footage.path.dropFirst(videosFolder.count + 1))
      )
    }
  }

  // MARK: Remarks

  mutating func remark(_ finding: DatasetFinding) { otherRemarks.append(finding) }

  /// Counts a row of a test list without a class.
  ///
  /// - Throws: ``DatasetError`` if the row is not for testing.
  mutating func skipUnlabeled(_ subset: Subset, at place: ListFile.Place) throws {
    guard subset == .test else { throw place.error("the row has no label") }
    if let index = unlabeled.firstIndex(where: { $0.list == place.path }) {
      unlabeled[index].count += 1
    } else {
      unlabeled.append((place.path, 1))
    }
  }

  /// The remarks made while reading.
  var remarks: [DatasetFinding] {
    var remarks = otherRemarks
    if let (count, listed, found) = otherCase {
      remarks.append(.foundInOtherCase(videos: count, listed: listed, found: found))
    }
    if let (count, first) = repeated {
      remarks.append(.repeatedRows(count, first: first.description))
    }
    remarks += unlabeled.map { .unlabeledRows($0.count, list: $0.list) }
    return remarks
  }
}

/// The places where a video may be.
struct VideoPlaces {
  /// The names that it may have, with or without extension, the most likely first.
  let names: [String]
  /// The folders that contain the video or its folder.
  private let roots: [String]
  private let subfolder: String?

  init(names: [String], folders: [String]) {
    self.names = names
    roots = folders
    subfolder = nil
  }

  /// A path below one of `roots`, or an absolute path.
  init(path: String, below roots: [String]) {
    let bytes = path.utf8
    let slash = bytes.lastIndex(of: UInt8(ascii: "/"))
    names = [slash.map { String(path[bytes.index(after: $0)...]) } ?? path]
    let folder = slash.map { String(path[..<$0]) }
    let isAbsolute = path.hasPrefix("/")
    self.roots = isAbsolute ? [folder!] : roots
    subfolder = isAbsolute ? nil : folder
  }

  /// The folders to search, the most likely first.
  var folders: [String] { subfolder.map { folder in roots.map { "\($0)/\(folder)" } } ?? roots }
}
