import Configuration
import Foundation
import KeyedRandom
import Pretext
import SafeFiles
import Torch
import VideoData
import VideoModels
import VideoSamples

/// The objective of a fine-tuning: the classes of labeled videos, learned from one random clip of each video per epoch.
final class FinetuningObjective: TrainingObjective {
  private let videos: TrainingVideos
  private let classifier: VideoClassifier
  private let clips: ActionClips
  private let labelSmoothing: Double
  private let samples: SampleStream
  private let settings: FinetuningConfiguration.Validation
  private let epochs: Int
  /// Runs the validation. Its clips are decoded once if they fit into memory.
  private let evaluation: Validation
  private let device: Device

  /// Validates the classifier; nil if there is no validation set. `progress` receives the number of finished videos.
  typealias Validation = (_ progress: (Int) throws -> Void) throws -> ValidationResult?

  init(
    _ configuration: FinetuningConfiguration, on videos: TrainingVideos,
    classifier: VideoClassifier, clips: ActionClips, samples: SampleStream, device: Device,
    evaluation: @escaping Validation
  ) {
    self.videos = videos
    self.classifier = classifier
    self.clips = clips
    self.samples = samples
    self.evaluation = evaluation
    self.device = device
    labelSmoothing = configuration.regularization.labelSmoothing
    settings = configuration.validation
    epochs = configuration.epochs
  }

  var network: Module { classifier }
  var classNames: [String]? { videos.classNames }
  var skippedSources: [Int] { samples.loader.skippedIndices }

  func nextBatch(_ place: BatchPlace) throws -> ActionBatch {
    let loaded = try samples.next(place.count)
    return clips.training(
      loaded, labels: loaded.map { videos.training[$0.source].label },
      classes: videos.classNames.count, smoothing: labelSmoothing, device: device)
  }

  func evaluate(_ batch: ActionBatch) -> StepOutput {
    let logits = classifier(batch.clips)
    guard let targets = batch.targets else {
      return StepOutput(classifying: logits, as: batch.labels, smoothing: labelSmoothing)
    }
    return StepOutput(
      loss: crossEntropy(logits.to(.float32), distributions: targets),
      predictions: .init(logits: logits, labels: batch.labels), count: batch.labels.count)
  }

  func validates(afterEpoch epoch: Int) -> Bool {
    settings.everyEpochs.map { epoch % $0 == 0 || epoch == epochs } ?? false
  }

  func validate(progress: (_ done: Int, _ total: Int) throws -> Void) throws -> ValidationResult? {
    try evaluation { try progress($0, videos.heldOut.count) }
  }

  func sources(ofSamples positions: Range<Int>) -> [String] {
    samples.sources(ofSamples: positions).map { videos.training[$0].name }
  }
}

// MARK: - Previews

extension FinetuningObjective {
  /// A preview of training clips, the first that is made of each video, before normalization, erasing and mixing. The videos
  /// are evenly spaced over the list, which is sorted by class.
  ///
  /// - Throws: `NoUsableSource`.
  static func preview(
    _ loader: SampleLoader, _ videos: TrainingVideos, _ clips: ActionClips, seed: UInt64
  )
    throws -> TaskPreview
  {
    let rows = try evenlySpaced(8, of: videos.training.count).enumerated().map { row, index in
      let sample = try loader.sample(.preview(seed: seed, row: row), of: index)
      let frames = withoutGradients { clips.augmented([sample], .cpu).selected(0, 0).frameBytes }
      // Twelve frames suffice to show the motion.
      let shown = evenlySpaced(12, of: frames.shape[0])
      let video = videos.training[sample.source]
      return TaskPreview.Row(
        name: "\(row)", title: videos.classNames[video.label],
        subtitle: PathParts(video.name).name,
        frames: frames.selected(0, indices: Tensor(shown)))
    }
    return TaskPreview(title: "What the network is fine-tuned on", rows: rows)
  }

  /// The middle clips of a few evenly spaced videos, without unreadable ones; nil if none is left.
  static func watchedClips(
    _ videos: [LabeledVideo], _ settings: ClipSettings, _ clips: ActionClips, device: Device
  ) -> LabeledClips? {
    let present = videos.filter { $0.footage != nil }
    let test = settings.testClips(1)
    let loaded = evenlySpaced(TrainingStart.watchedClipLimit, of: present.count).compactMap {
      index in
      (try? present[index].footage?.clips(test))?.first.map { ($0, present[index].label) }
    }
    guard !loaded.isEmpty else { return nil }
    return LabeledClips(
      clips: clips.plain(loaded.map(\.0), device: device),
      labels: Tensor(loaded.map(\.1)).to(device))
  }
}

extension ClipSettings {
  /// The rule for training clips, `repeats` of each sample.
  public func trainingClips(repeats: Int = 1) -> TrainingClips {
    TrainingClips(sampling, preset: crop, side: size, flip: flipProbability, repeats: repeats)
  }

  /// The rule for the clips on which a video is tested.
  public func testClips(_ clips: Int, crops: Int = 1) -> TestClips {
    TestClips(sampling, preset: crop, side: size, clips: clips, crops: crops)
  }
}
