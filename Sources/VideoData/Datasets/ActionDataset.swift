import VideoSamples

/// Videos with the actions that they show, in the subsets of one split.
public struct ActionDataset: Sendable {
  /// The names of the classes, in the order of the labels.
  public let classNames: [String]
  /// Every video of the lists, in their order, present or not.
  public let videos: [LabelledVideo]
  /// What was noticed while its lists were read; ``findings`` has it too.
  public let remarks: [DatasetFinding]

  public init(
    classNames: [String], videos: [LabelledVideo], remarks: [DatasetFinding] = []
  ) {
    self.classNames = classNames
    self.videos = videos
    self.remarks = remarks
  }

  /// The same classes with the videos that are there.
  public var present: ActionDataset {
    ActionDataset(
      classNames: classNames, videos: videos.filter { $0.footage != nil }, remarks: remarks)
  }

  /// The videos of `subset`, in the lists' order.
  public func videos(of subset: Subset) -> [LabelledVideo] { videos.filter { $0.subset == subset } }

  /// What accuracy is measured on: ``Subset/test`` where the lists have labelled videos of it, else
  /// ``Subset/validation`` (of Kinetics, whose test labels were never meant for it, the field reports `val`).
  public var evaluationSubset: Subset {
    videos.contains { $0.subset == .test } ? .test : .validation
  }
}

/// What a video of a split is for.
public enum Subset: String, Codable, CodingKeyRepresentable, CaseIterable, Sendable {
  case training = "train"
  case validation = "val"
  case test

  /// The subset that lists and folders call `name`, in capitals or not.
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
public struct LabelledVideo: Hashable, Sendable {
  /// As the dataset's list calls it.
  public let name: String
  /// The index of its class.
  public let label: Int
  public let subset: Subset
  /// Where it is; nil where the list names a file that is not there.
  public let footage: VideoSource?
  /// How many frames it has, if the list says so.
  public let listedFrames: Int?

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
