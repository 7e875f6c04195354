import Configuration
import KeyedRandom
import VideoData

/// The videos of a split, by their role in a fine-tuning.
struct TrainingVideos {
  let classNames: [String]
  /// The videos to train on: those that are present, limited to the requested number per class.
  let training: [LabeledVideo]
  /// The videos for validation during the run: the validation subset if there is one, else the test subset.
  let heldOut: [LabeledVideo]
  /// The videos for the evaluation at the end, including missing ones.
  let evaluated: [LabeledVideo]
  /// The number of listed training videos that do not exist.
  let absentCount: Int
  /// The classes that mirroring turns into each other; nil if there are none.
  private let mirroredClasses: DatasetFinding?

  /// - Throws: `DatasetError` if the lists cannot be read, ``RunError`` if no training video exists.
  init(_ settings: FinetuningConfiguration.Dataset, seed: UInt64, reporter: any TrainingReporter)
    throws
  {
    let description = try settings.description
    let dataset = try ActionDataset(description)
    classNames = dataset.classNames
    mirroredClasses = dataset.mirroredClasses
    let listed = dataset.videos(of: .training)
    let present = listed.filter { $0.footage != nil }
    absentCount = listed.count - present.count
    guard !present.isEmpty else {
      throw RunError.noTrainingVideo(listed: listed.count, folder: description.videos)
    }
    if absentCount > 0 {
      reporter.warn(
        "\(absentCount) of \(listed.count) training videos are not in \(description.videos) (the first: "
          + "\(listed.first { $0.footage == nil }!.name)); mosi datasets check lists them")
    }
    training =
      settings.shots.map {
        Self.drawn($0, of: present, classes: dataset.classNames.count, seed: seed)
      } ?? present
    if let shots = settings.shots, training.count < shots * classNames.count {
      reporter.note(
        "some classes have fewer than \(shots) training videos; all of theirs are taken")
    }
    let validation = dataset.videos(of: .validation)
    evaluated = dataset.videos(of: dataset.evaluationSubset)
    heldOut = validation.isEmpty ? evaluated : validation
    let missing = Set(heldOut + evaluated).filter { $0.footage == nil }
    if !missing.isEmpty {
      reporter.warn(
        "\(missing.count) of the evaluation videos are not in \(description.videos) and count as wrong; "
          + "mosi datasets check lists them")
    }
    for finding in dataset.present.findings { reporter.tell(finding) }
  }

  /// Reports if mirrored clips would get wrong labels, or why clips are not mirrored.
  ///
  /// - Parameter flipProbability: the probability that a training clip is mirrored.
  func tellMirroring(
    _ kind: DatasetKind, flipProbability: Double, _ reporter: any TrainingReporter
  ) {
    if flipProbability > 0 {
      if let mirroredClasses { reporter.tell(mirroredClasses) }
    } else if kind.distinguishesLeftFromRight {
      reporter.note(
        "clips are not mirrored, because \(kind.rawValue) has classes that differ in left and right; "
          + "clip.flip_probability decides")
    }
  }

  /// Draws `count` videos of each class; returns them in the lists' order.
  private static func drawn(_ count: Int, of videos: [LabeledVideo], classes: Int, seed: UInt64)
    -> [LabeledVideo]
  {
    var members = [[Int]](repeating: [], count: classes)
    for (index, video) in videos.enumerated() { members[video.label].append(index) }
    return few(count, ofEach: members, key: [seed, RandomStream.shots.rawValue]).map { videos[$0] }
  }
}

extension TrainingReporter {
  /// Reports a finding: as a warning if it spoils the training, else as a note.
  func tell(_ finding: DatasetFinding) {
    if finding.spoilsTraining { warn(finding.description) } else { note(finding.description) }
  }
}
