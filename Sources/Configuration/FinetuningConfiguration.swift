import VideoData
import VideoModels
import VideoSamples

/// Everything that decides what a fine-tuning computes; the defaults are the paper's (section 4.1 and appendix).
public struct FinetuningConfiguration: RunConfiguration {
  public var seed = 0
  /// Passes over the training videos, a clip of each (but for what does not fill a step).
  public var epochs = 300
  public var dataset = Dataset()
  public var start = Start()
  public var clip = ClipSettings()
  public var jitter = JitterSettings()
  public var normalization = NormalizationSettings()
  public var model = ModelSettings()
  public var optimizer = OptimizerSettings()
  public var batch = Batch()
  public var regularization = Regularization()
  public var validation = Validation()
  public var precision = Precision.float32
  public var records = RecordSettings()

  public init() {
    optimizer.learningRate = 2e-3
    optimizer.warmupShare = 10.0 / 300
    optimizer.warmupLearningRate = 2e-4
    optimizer.weightDecay = 1e-3
  }

  public static let phase = TrainingPhase.finetuning

  public static let choices = [
    "dataset.kind": names(of: DatasetKind.self),
    "clip.preset": names(of: SpatialPreset.self),
    "model.architecture": names(of: Architecture.self),
    "optimizer.kind": names(of: OptimizerSettings.Kind.self),
    "precision": names(of: Precision.self),
  ]

  public struct Dataset: Codable, Equatable, Sendable {
    public var kind = DatasetKind.folders
    /// The folder of the videos.
    public var videos = ""
    /// The folder or file of the split lists; empty where the kind needs none.
    public var splits = ""
    public var split = 1
    /// Of videos that are kept as folders of frames, in frames a second.
    public var frameRate = 25.0
    /// So many training videos of each class, drawn by the seed; 0 for all.
    public var shots = 0

    public var description: DatasetDescription {
      DatasetDescription(
        kind: kind, videos: videos, splits: splits.isEmpty ? nil : splits, split: split,
        frameRate: frameRate)
    }

    public init() {}

    /// - Throws: ``ConfigurationError``.
    public func check() throws {
      try require(split >= 1, "dataset.split", "must be at least 1, not \(split)")
      try require(
        (0.001...1000).contains(frameRate), "dataset.frame_rate",
        "must be from 0.001 to 1000 frames a second, not \(frameRate)")
      try require(
        (0...1_000_000).contains(shots), "dataset.shots", "must be from 0 to 1000000, not \(shots)")
    }
  }

  public struct Start: Codable, Equatable, Sendable {
    /// A run's folder or a checkpoint whose backbone is taken over, or `none` for random weights.
    public var weights = "none"
    /// conv1 to conv`frozenStages` keep their weights and statistics; with 5 the head alone is trained.
    public var frozenStages = 0
  }

  public struct Batch: Codable, Equatable, Sendable {
    /// Clips that are in memory at once.
    public var clips = 128
    /// Batches whose gradients make one step: 8 times 128 clips are the paper's. Steps are made smaller until they fit the
    /// training set without much being left over.
    public var accumulation = 8
  }

  /// Not in the paper; off by default.
  public struct Regularization: Codable, Equatable, Sendable {
    public var labelSmoothing = 0.0
    /// The norm to which larger gradients are scaled down; 0 for never.
    public var gradientNorm = 0.0
    /// The decay of the moving average of the weights, which is then what is judged; 0 for none.
    public var averageDecay = 0.0

    public init() {}
  }

  public struct Validation: Codable, Equatable, Sendable {
    /// Every so many epochs, and after the last; 0 for none.
    public var epochs = 10
    /// Clips a video.
    public var clips = 1
    /// Clips a video when the run is over; 0 for no evaluation then.
    public var finalClips = 10
  }

  public func check() throws {
    try require(seed >= 0, "seed", "must not be negative")
    try require(
      (1...1_000_000).contains(epochs), "epochs", "must be from 1 to 1000000, not \(epochs)")
    try dataset.check()
    try require(
      (0...5).contains(start.frozenStages), "start.frozen_stages",
      "must be from 0 to 5, not \(start.frozenStages)")
    try clip.check()
    try jitter.check()
    try normalization.check()
    try model.check()
    try optimizer.check()
    try require(
      (1...100_000).contains(batch.clips), "batch.clips", "must be from 1 to 100000")
    try require(
      (1...100_000).contains(batch.accumulation), "batch.accumulation", "must be from 1 to 100000")
    try require(
      (0..<1).contains(regularization.labelSmoothing), "regularization.label_smoothing",
      "must be at least 0 and below 1, not \(regularization.labelSmoothing)")
    try require(
      (0...1e30).contains(regularization.gradientNorm), "regularization.gradient_norm",
      "must be from 0 to 1e30, not \(regularization.gradientNorm)")
    try require(
      (0..<1).contains(regularization.averageDecay), "regularization.average_decay",
      "must be at least 0 and below 1, not \(regularization.averageDecay)")
    try require(validation.epochs >= 0, "validation.epochs", "must not be negative")
    try require((1...1000).contains(validation.clips), "validation.clips", "must be from 1 to 1000")
    try require(
      (0...1000).contains(validation.finalClips), "validation.final_clips", "must be from 0 to 1000"
    )
    try records.check()
  }
}

/// How clips are cut from videos, in fine-tuning and wherever the network then meets videos.
public struct ClipSettings: Codable, Equatable, Sendable {
  /// The number N of frames.
  public var frames = 16
  /// The distance between frames, in frames of a video of `rate` frames a second.
  public var interval = 4
  public var rate = 30.0
  /// The side L of a frame in pixels.
  public var size = 112
  /// Ties the training crop to the test size.
  public var preset = SpatialPreset.paper
  /// The probability with which a training clip is mirrored; 0 where classes tell left from right.
  public var flip = 0.5

  public init() {}

  public var sampling: ClipSampling {
    ClipSampling(frames: frames, interval: interval, targetRate: rate)
  }

  /// - Throws: ``ConfigurationError``.
  public func check() throws {
    try require((1...1024).contains(frames), "clip.frames", "must be from 1 to 1024, not \(frames)")
    try require(
      (1...1000).contains(interval), "clip.interval", "must be from 1 to 1000, not \(interval)")
    try require(
      (0.001...1000).contains(rate), "clip.rate",
      "must be from 0.001 to 1000 frames a second, not \(rate)")
    try require(
      (8...1024).contains(size), "clip.size", "must be from 8 to 1024 pixels, not \(size)")
    try require(
      frames * size * size <= 1 << 24, "clip.size",
      "makes clips of more than 16.7 million pixels: \(frames) frames of \(size) x \(size)")
    try require((0...1).contains(flip), "clip.flip", "must be from 0 to 1, not \(flip)")
  }
}
