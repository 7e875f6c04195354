import Foundation
import SafeFiles
import VideoSamples

/// The format of a dataset's lists and folders.
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
  /// MMAction2's lists: `path label`, or `folder frames label` for videos that are folders of frames.
  case mmaction2
  /// Something-Something V2: JSON lists with ids and templates, and one with the numbers of the templates.
  case somethingSomethingV2 = "ssv2"
  /// Diving48: JSON lists with names and labels, and one with the names of the labels.
  case diving48
  /// Shards with labels, as the library WebDataset reads them.
  case shards

  /// How its lists are passed.
  public enum ListPlace: Sendable {
    /// There are no lists.
    case none
    /// A file, which is next to the videos unless another is given.
    case fileBesideVideos
    /// A folder, which must be given; for some kinds it can be a single list.
    case folder
  }

  /// The place of its lists.
  public var listPlace: ListPlace {
    switch self {
    case .folders, .shards: .none
    case .csv: .fileBesideVideos
    case .ucf101, .hmdb51, .kinetics, .mmaction2, .somethingSomethingV2, .diving48: .folder
    }
  }

  /// True if its lists can describe several splits of the same videos.
  public var hasSplits: Bool {
    switch self {
    case .ucf101, .hmdb51, .mmaction2: true
    case .kinetics, .csv, .folders, .somethingSomethingV2, .diving48, .shards: false
    }
  }

  /// True if some of its classes are mirror images of others ("Pushing something from left to right"), so that mirrored
  /// clips would get wrong labels.
  public var distinguishesLeftFromRight: Bool { self == .somethingSomethingV2 }
}

/// A dataset's format and location.
public struct DatasetDescription: Sendable, Equatable {
  /// The format.
  public var kind: DatasetKind
  /// The folder of the videos, or of the folders of their frames.
  public var videos: String
  /// The folder of the lists, or a CSV file; nil if the kind does not need any.
  public var splits: String?
  /// The number of the official split, from 1. Kinds with a single split have only 1.
  public var split: Int
  /// The frames per second of videos that are stored as folders of frames.
  public var frameRate: Double

  /// Describes a dataset.
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
  /// Reads the lists of a dataset and finds its videos.
  ///
  /// A video is found where the list says, or in another usual place: with or without a folder of its class, with another
  /// extension, as a folder of frames named after the video (with or without extension), or under a name that differs
  /// only in case. A video that is not found remains in ``videos``, without footage. ``findings`` lists possible
  /// problems.
  ///
  /// - Throws: ``DatasetError``.
  public init(_ description: DatasetDescription) throws {
    precondition(description.frameRate > 0, "a frame rate is above 0, not \(description.frameRate)")
    let finder = VideoFinder(frameRate: description.frameRate)
    let folder = withoutTrailingSlashes(description.videos)
    guard try finder.listing(of: folder) != nil else {
      guard fileExists(at: folder) else {
        throw DatasetError.missing(path: folder, expected: "name the folder of the videos")
      }
      throw DatasetError.unsuitable(
        path: folder,
        problem: "is a file: --data-root names the folder of the videos, --splits their lists")
    }
    let splits = description.splits.map(withoutTrailingSlashes)
    guard description.split >= 1, description.split == 1 || description.kind.hasSplits else {
      throw DatasetError.noSuchSplit(description.split, of: description.kind)
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
    case .mmaction2:
      try reading.readMMAction2(splits: splits, split: description.split)
    case .somethingSomethingV2:
      try reading.readSomethingSomethingV2(splits: splits)
    case .diving48:
      try reading.readDiving48(splits: splits)
    case .shards:
      try reading.readShards()
    }
    try reading.findOtherwiseSpelled()
    guard !reading.videos.isEmpty else {
      throw DatasetError.empty(path: splits ?? folder)
    }
    self.init(
      classNames: reading.classNames, videos: reading.videos, remarks: reading.remarks)
  }
}
