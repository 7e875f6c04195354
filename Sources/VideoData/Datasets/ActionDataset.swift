import VideoSamples

/// Videos with the actions that they show, divided into the subsets of one split.
public struct ActionDataset: Sendable {
  /// The names of the classes, in the order of the labels.
  public let classNames: [String]
  /// All videos of the lists, in order, whether they exist or not.
  public let videos: [LabeledVideo]
  /// Remarks made while the lists were read; ``findings`` includes them.
  public let remarks: [DatasetFinding]

  /// A dataset with these classes and videos.
  public init(
    classNames: [String], videos: [LabeledVideo], remarks: [DatasetFinding] = []
  ) {
    self.classNames = classNames
    self.videos = videos
    self.remarks = remarks
  }

  /// The same classes with only the videos that exist.
  public var present: ActionDataset {
    ActionDataset(
      classNames: classNames, videos: videos.filter { $0.footage != nil }, remarks: remarks)
  }

  /// The videos of `subset`, in the lists' order.
  public func videos(of subset: Subset) -> [LabeledVideo] { videos.filter { $0.subset == subset } }

  /// The subset on which accuracy is measured: ``Subset/test`` if the lists have labeled videos of it, else
  /// ``Subset/validation``.
  /// For Kinetics, whose test labels are not public, the literature reports `val`.
  public var evaluationSubset: Subset {
    videos.contains { $0.subset == .test } ? .test : .validation
  }
}

/// The role of a video in a split.
public enum Subset: String, Codable, CodingKeyRepresentable, CaseIterable, Sendable {
  /// Videos to train on.
  case training = "train"
  /// Videos to validate on.
  case validation = "val"
  /// Videos to test on.
  case test

  /// The subset that lists and folders call `name`, in upper or lower case.
  init?(listed name: some StringProtocol) {
    switch name.lowercased() {
    case "train", "training": self = .training
    case "val", "valid", "validate", "validation": self = .validation
    case "test", "testing": self = .test
    default: return nil
    }
  }
}

/// A video of a dataset.
public struct LabeledVideo: Hashable, Sendable {
  /// The name in the dataset's list.
  public let name: String
  /// The index of its class.
  public let label: Int
  /// The subset of the video.
  public let subset: Subset
  /// The video; nil if the list names a file that does not exist.
  public let footage: VideoSource?
  /// The number of frames according to the list; nil if the list does not give it.
  public let listedFrames: Int?

  /// A video with these properties.
  public init(
    name: String, label: Int, subset: Subset, footage: VideoSource?, listedFrames: Int? = nil
  ) {
    self.name = name
    self.label = label
    self.subset = subset
    self.footage = footage
    self.listedFrames = listedFrames
  }
}
