import SafeFiles
import VideoSamples

/// The form in which a dataset's lists and folders come.
public enum DatasetKind: String, Codable, CaseIterable, Sendable {
  /// `classInd.txt`, `trainlist0N.txt`, `testlist0N.txt`.
  case ucf101
  /// A `CLASS_test_splitN.txt` for each class.
  case hmdb51
  /// Kinetics-400, 600 or 700: csv files with label, YouTube id, start and end.
  case kinetics
  /// A csv file with path, label and subset.
  case csv
  /// No lists: a folder for each class.
  case folders
}

/// Which dataset it is and where.
public struct DatasetDescription: Sendable, Equatable {
  public var kind: DatasetKind
  /// The folder of the videos, or of folders of their frames.
  public var videos: String
  /// The folder of the lists, or a csv file; nil where the kind needs none.
  public var splits: String?
  /// Which of the official splits, from 1; kinds that come with one split have no other.
  public var split: Int
  /// The frames a second of videos that are kept as folders of frames.
  public var frameRate: Double

  public init(
    kind: DatasetKind, videos: String, splits: String? = nil, split: Int = 1, frameRate: Double = 25
  ) {
    self.kind = kind
    self.videos = videos
    self.splits = splits
    self.split = split
    self.frameRate = frameRate
  }
}

extension ActionDataset {
  /// Reads the lists of a dataset and looks for its videos.
  ///
  /// Videos are found where the lists say or in the layouts that people have beside: below a folder of
  /// their class or not, with another extension than listed, or as a folder of frames with the video's
  /// name, with or without extension. What is not found stays in ``videos``, without footage.
  ///
  /// - Throws: ``DatasetError``
  public init(_ description: DatasetDescription) throws {
    precondition(description.frameRate > 0, "a frame rate is above 0, not \(description.frameRate)")
    let finder = VideoFinder(frameRate: description.frameRate)
    let folder = withoutTrailingSlashes(description.videos)
    guard try finder.listing(of: folder) != nil else {
      throw DatasetError.missing(path: folder, expected: "name the folder of the videos")
    }
    let splits = description.splits
    switch description.kind {
    case .ucf101, .hmdb51:
      guard description.split >= 1 else {
        throw DatasetError.noSuchSplit(description.split, of: description.kind)
      }
    case .kinetics, .csv, .folders:
      guard description.split == 1 else {
        throw DatasetError.noSuchSplit(description.split, of: description.kind)
      }
    }
    var reading = DatasetReading(videosFolder: folder, finder: finder)
    switch description.kind {
    case .ucf101:
      try reading.readUCF101(splits: splits, split: description.split)
    case .hmdb51:
      try reading.readHMDB51(splits: splits, split: description.split)
    case .kinetics:
      try reading.readKinetics(splits: splits)
    case .csv:
      try reading.readCSV(file: splits ?? folder + "/annotations.csv")
    case .folders:
      try reading.readFolders()
    }
    guard !reading.videos.isEmpty else {
      throw DatasetError.empty(path: splits ?? folder)
    }
    self.init(classNames: reading.classNames, videos: reading.videos)
  }
}

/// A dataset while its lists are read.
struct DatasetReading {
  let videosFolder: String
  let finder: VideoFinder
  var classNames: [String] = []
  private(set) var videos: [LabelledVideo] = []
  private var placeOfName: [String: ListFile.Place] = [:]
  /// Which of the videos a file is.
  private var videoOfPath: [String: Int] = [:]
  private var realPaths = RealPaths()

  init(videosFolder: String, finder: VideoFinder) {
    self.videosFolder = videosFolder
    self.finder = finder
  }

  /// Adds a video that a list names.
  ///
  /// - Throws: ``DatasetError`` where it was named before: a video may be in training and test at once,
  ///   or count twice.
  mutating func add(
    _ name: String, label: Int, subset: Subset, footage: VideoSource?, at place: ListFile.Place
  ) throws {
    if let before = placeOfName.updateValue(place, forKey: name) {
      throw place.error("lists \(name) again, after \(before)")
    }
    if let footage,
      let before = videoOfPath.updateValue(videos.count, forKey: realPaths.path(footage.path))
    {
      throw place.error(
        "names \(name), but \(footage.path) was found for \(videos[before].name) already")
    }
    videos.append(LabelledVideo(name: name, label: label, subset: subset, footage: footage))
  }
}
