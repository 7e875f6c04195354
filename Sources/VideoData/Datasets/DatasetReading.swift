import SafeFiles
import VideoSamples

/// A dataset while its lists are read.
struct DatasetReading {
  let videosFolder: String
  let finder: VideoFinder
  var classNames: [String] = []
  private(set) var videos: [LabelledVideo] = []
  /// What listed videos were found for, in the order of the lists.
  private var entries: [String: (video: Int, place: ListFile.Place)] = [:]
  /// Which of the videos a file is.
  private var videoOfPath: [String: Int] = [:]
  private var realPaths = RealPaths()
  /// The videos that no file is there for, as the lists spell them.
  private var missing: [(video: Int, places: VideoPlaces)] = []
  private var repeated: (count: Int, first: ListFile.Place)?
  private var otherCase: (count: Int, listed: String, found: String)?
  private var unlabelled: [(list: String, count: Int)] = []
  /// Folders beside those of classes.
  var notClasses: [String] = []
  private var otherRemarks: [DatasetFinding] = []

  init(videosFolder: String, finder: VideoFinder) {
    self.videosFolder = videosFolder
    self.finder = finder
  }

  /// Adds a video that a list names. A row that says what one before it has said counts once.
  ///
  /// - Throws: ``DatasetError`` if another row says otherwise of it, or its file was found for another video already: it
  ///   would be in training and test at once, or count twice.
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
      LabelledVideo(
        name: name, label: label, subset: subset, footage: footage, listedFrames: listedFrames))
  }

  /// Looks once more for what was not found, under names that differ in nothing but capitals. What another video has taken
  /// stays with it.
  mutating func findOtherwiseSpelled() throws {
    for (index, places) in missing {
      guard let footage = try finder.footageInOtherCase(places, below: videosFolder) else {
        continue
      }
      let path = realPaths.path(footage.path)
      guard videoOfPath[path] == nil else { continue }
      videoOfPath[path] = index
      let video = videos[index]
      videos[index] = LabelledVideo(
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

  /// Counts a row of a test list that says no class.
  ///
  /// - Throws: ``DatasetError`` if it is not for testing.
  mutating func leaveOutUnlabelled(_ subset: Subset, at place: ListFile.Place) throws {
    guard subset == .test else { throw place.error("the row has no label") }
    if let index = unlabelled.firstIndex(where: { $0.list == place.path }) {
      unlabelled[index].count += 1
    } else {
      unlabelled.append((place.path, 1))
    }
  }

  /// What was noticed.
  var remarks: [DatasetFinding] {
    var remarks = otherRemarks
    if let (count, listed, found) = otherCase {
      remarks.append(.foundInOtherCase(videos: count, listed: listed, found: found))
    }
    if let (count, first) = repeated {
      remarks.append(.repeatedRows(count, first: first.description))
    }
    remarks += unlabelled.map { .unlabelledRows($0.count, list: $0.list) }
    return remarks
  }
}

/// Where a video may be.
struct VideoPlaces {
  /// The names that it may have, with or without extension, the likeliest first.
  let names: [String]
  /// The folders in one of which it is, or a folder with it.
  private let roots: [String]
  private let subfolder: String?

  init(names: [String], folders: [String]) {
    self.names = names
    roots = folders
    subfolder = nil
  }

  /// A path below one of `roots`, or an absolute one.
  init(path: String, below roots: [String]) {
    let bytes = path.utf8
    let slash = bytes.lastIndex(of: UInt8(ascii: "/"))
    names = [slash.map { String(path[bytes.index(after: $0)...]) } ?? path]
    let folder = slash.map { String(path[..<$0]) }
    let isAbsolute = path.hasPrefix("/")
    self.roots = isAbsolute ? [folder!] : roots
    subfolder = isAbsolute ? nil : folder
  }

  /// The folders to look into, the likeliest first.
  var folders: [String] { subfolder.map { folder in roots.map { "\($0)/\(folder)" } } ?? roots }
}
