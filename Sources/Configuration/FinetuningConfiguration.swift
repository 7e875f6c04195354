import Pretext
import VideoData
import VideoModels
import VideoSamples

/// The settings of a fine-tuning. The defaults are the paper's (section 4.1 and appendix).
///
/// ``settings`` explains each value and its rule.
public struct FinetuningConfiguration: RunConfiguration {
  /// The random seed of the run.
  public var seed = 0
  /// The number of passes over the training videos, one clip of each.
  public var epochs = 300
  /// The videos and their classes.
  public var dataset = Dataset()
  /// The weights to start from.
  public var start = Start()
  /// How clips are cut from videos.
  public var clip = ClipSettings()
  /// Random changes of color, the same for all frames of a clip.
  public var jitter = ColorJitter()
  /// More augmentation, which the paper does not use; off by default.
  public var augmentation = ClipAugmentationSettings()
  /// How pixels of 0 to 1 are normalized, for each of red, green, blue.
  public var normalization = Normalization()
  /// The network; default: that of the weights.
  public var model = ModelSettings()
  /// How the weights are updated.
  public var optimizer = OptimizerSettings()
  /// How many clips make a step.
  public var batch = Batch()
  /// Regularization that the paper does not use; off by default.
  public var regularization = Regularization()
  /// When and how the network is evaluated.
  public var validation = Validation()
  /// The type in which convolutions and products are computed; weights stay float32.
  public var precision = Precision.float32
  /// What is logged and saved, and when.
  public var records = RecordSettings()

  /// The defaults.
  public init() {
    optimizer.learningRate = 2e-3
    optimizer.warmupFraction = 10.0 / 300
    optimizer.warmupStartLearningRate = 2e-4
    optimizer.weightDecay = 1e-3
  }

  /// Fine-tuning.
  public static let phase = TrainingPhase.finetuning

  /// The keys, in the order of files.
  public static let settings: [Setting<Self>] = [
    .value("seed", \.seed, "The random seed of the run.", .atLeast(0)),
    .value(
      "epochs", \.epochs, "The number of passes over the training videos, one clip of each.",
      .from(1, to: 1_000_000)),
    .group("dataset", \.dataset, "The videos and their classes."),
    .group("start", \.start, "The weights to start from."),
    .group("clip", \.clip, "How clips are cut from videos."),
    .group("jitter", \.jitter, "Random changes of color, the same for all frames of a clip."),
    .group(
      "augmentation", \.augmentation,
      "More augmentation, which the paper does not use; off by default."),
    .group(
      "normalization", \.normalization,
      "How pixels of 0 to 1 are normalized, for each of red, green, blue."),
    .group("model", \.model, "The network; default: that of the weights."),
    .group("optimizer", \.optimizer, "How the weights are updated."),
    .group("batch", \.batch, "How many clips make a step."),
    .group(
      "regularization", \.regularization,
      "Regularization that the paper does not use; off by default."),
    .group("validation", \.validation, "When and how the network is evaluated."),
    .value(
      "precision", \.precision,
      "The type in which convolutions and products are computed; weights stay float32."),
    .group("records", \.records, "What is logged and saved, and when."),
  ]

  /// Checks values that depend on each other.
  ///
  /// - Throws: ``ConfigurationError/impossible(key:rule:)``.
  public func checkTogether(_ prefix: String) throws {
    try model.check(frames: clip.frames, size: clip.size)
    try require(
      model.aggregator == nil || batch.clips > 1, "batch.clips",
      "must be at least 2 for model.aggregator, whose features are normalized over the batch")
    try requireMixable(
      batch.clips > 1, "mixes the clips of a batch: batch.clips must be at least 2")
  }

  /// Requires `holds` if clips are mixed with others of their batch.
  ///
  /// - Parameter rule: the rule that does not hold else, as the predicate of a sentence about the setting that mixes.
  /// - Throws: ``ConfigurationError/impossible(key:rule:)``.
  package func requireMixable(_ holds: Bool, _ rule: String) throws {
    for (key, alpha) in [
      ("mixup_alpha", augmentation.mixupAlpha), ("cutmix_alpha", augmentation.cutmixAlpha),
    ] {
      try require(alpha == nil || holds, "augmentation.\(key)", rule)
    }
  }

  /// The videos and their classes.
  public struct Dataset: Settings {
    /// The format of the dataset's lists and folders.
    public var kind = DatasetKind.folders
    /// The folder of the videos; required for training.
    public var videos: String?
    /// The folder or file of the lists of training and test videos; null if the kind needs none.
    public var splits: String?
    /// The number of the official split.
    public var split = 1
    /// Frames per second of videos that are stored as folders of frames.
    public var frameRate = 25.0
    /// The number of training videos per class, drawn at random; null for all.
    public var shots: Int?

    /// The defaults.
    public init() {}

    /// The keys, in the order of files.
    public static let settings: [Setting<Self>] = [
      .value("kind", \.kind, "The format of the dataset's lists and folders."),
      .value("videos", \.videos, "The folder of the videos; required for training.", absent: ""),
      .value(
        "splits", \.splits,
        "The folder or file of the lists of training and test videos; null if the kind needs none.",
        absent: ""),
      .value("split", \.split, "The number of the official split.", .atLeast(1)),
      .value(
        "frame_rate", \.frameRate,
        "Frames per second of videos that are stored as folders of frames.",
        .from(0.001, to: 1000, "frames a second")),
      .value(
        "shots", \.shots,
        "The number of training videos per class, drawn at random; null for all.",
        .from(1, to: 1_000_000), absent: 0),
    ]

    /// The dataset's format and location.
    ///
    /// - Throws: ``ConfigurationError`` if there is no folder of videos.
    public var description: DatasetDescription {
      get throws {
        guard let videos else {
          throw ConfigurationError.impossible(
            key: "dataset.videos", rule: "is missing: name the folder of the videos")
        }
        return DatasetDescription(
          kind: kind, videos: videos, splits: splits, split: split, frameRate: frameRate)
      }
    }
  }

  /// The weights to start from.
  public struct Start: Settings {
    /// A run's folder or a checkpoint to take the backbone from; null for random weights.
    public var weights: String?
    /// The number of stages, from conv1, whose weights and statistics stay fixed; 5 trains only the head.
    public var frozenStages = 0

    /// The defaults.
    public init() {}

    /// The keys, in the order of files.
    public static let settings: [Setting<Self>] = [
      .value(
        "weights", \.weights,
        "A run's folder or a checkpoint to take the backbone from; null for random weights.",
        absent: "none"),
      .value(
        "frozen_stages", \.frozenStages,
        "The number of stages, from conv1, whose weights and statistics stay fixed; 5 trains only the head.",
        .from(0, to: 5)),
    ]
  }

  /// The number of clips per step.
  public struct Batch: Settings {
    /// Clips in memory at once.
    public var clips = 128
    /// True if batch normalization uses the statistics of the batches of all processes.
    public var synchronizedStatistics = false
    /// Batches whose gradients make one step (1,024 clips in the paper); fewer if the training set is small.
    public var accumulationSteps = 8

    /// The defaults.
    public init() {}

    /// The keys, in the order of files.
    public static let settings: [Setting<Self>] = [
      .value("clips", \.clips, "Clips in memory at once, in each process.", .from(1, to: 100_000)),
      .value(
        "accumulation_steps", \.accumulationSteps,
        "Batches of each process that make a step (1,024 clips in the paper); fewer if the training set is small.",
        .from(1, to: 100_000), formerly: "accumulation"),
      .value(
        "synchronized_statistics", \.synchronizedStatistics,
        "Whether batch normalization uses the statistics of the batches of all processes.",
        isNew: true),
    ]
  }

  /// Regularization that the paper does not use.
  public struct Regularization: Settings {
    /// The share of the target that is spread over all classes.
    public var labelSmoothing = 0.0
    /// Larger gradients are scaled down to this norm; null for no limit.
    public var maxGradientNorm: Double?
    /// The decay of the moving average of the weights, which is then evaluated; null for none.
    public var emaDecay: Double?

    /// The defaults.
    public init() {}

    /// The keys, in the order of files.
    public static let settings: [Setting<Self>] = [
      .value(
        "label_smoothing", \.labelSmoothing,
        "The share of the target that is spread over all classes.", .from(0, below: 1)),
      .value(
        "max_gradient_norm", \.maxGradientNorm,
        "Larger gradients are scaled down to this norm; null for no limit.", .above(0, to: 1e30),
        formerly: "gradient_norm", absent: 0),
      .value(
        "ema_decay", \.emaDecay,
        "The decay of the moving average of the weights, which is then evaluated; null for none.",
        .above(0, below: 1), formerly: "average_decay", absent: 0),
    ]
  }

  /// When and how the network is evaluated.
  public struct Validation: Settings {
    /// The number of epochs between validations; the last epoch is always validated. Null for none.
    public var everyEpochs: Int? = 10
    /// Clips per video in a validation.
    public var clipsPerVideo = 1
    /// Clips per video in the test at the end; null for no test.
    public var testClipsPerVideo: Int? = 10

    /// The defaults.
    public init() {}

    /// The keys, in the order of files.
    public static let settings: [Setting<Self>] = [
      .value(
        "every_epochs", \.everyEpochs,
        "The number of epochs between validations; the last epoch is always validated. Null for none.",
        .atLeast(1), formerly: "epochs", absent: 0),
      .value(
        "clips_per_video", \.clipsPerVideo, "Clips per video in a validation.",
        .from(1, to: 1000), formerly: "clips"),
      .value(
        "test_clips_per_video", \.testClipsPerVideo,
        "Clips per video in the test at the end; null for no test.", .from(1, to: 1000),
        formerly: "final_clips", absent: 0),
    ]
  }
}

/// How clips are cut from videos, in fine-tuning and whenever the network is applied to videos.
public struct ClipSettings: Settings {
  /// The number of frames (N).
  public var frames = 16
  /// The distance between frames, in frames of a video of frames_per_second.
  public var interval = 4
  /// The frame rate in which interval is counted, for videos of any frame rate.
  public var framesPerSecond = 30.0
  /// The side of a frame in pixels (L).
  public var size = 112
  /// How training crops are cut and test frames scaled: as in the paper or as in its released code.
  public var crop = SpatialPreset.paper
  /// The probability that a training clip is mirrored; 0 if classes distinguish left from right (ssv2).
  public var flipProbability = 0.5

  /// The defaults.
  public init() {}

  /// The keys, in the order of files.
  public static let settings: [Setting<Self>] = [
    .value("frames", \.frames, "The number of frames (N).", .from(1, to: 1024)),
    .value(
      "interval", \.interval,
      "The distance between frames, in frames of a video of frames_per_second.", .from(1, to: 1000)),
    .value(
      "frames_per_second", \.framesPerSecond,
      "The frame rate in which interval is counted, for videos of any frame rate.",
      .from(0.001, to: 1000, "frames a second"), formerly: "rate"),
    .value("size", \.size, "The side of a frame in pixels (L).", .from(8, to: 1024, "pixels")),
    .value(
      "crop", \.crop,
      "How training crops are cut and test frames scaled: as in the paper or as in its released code.",
      formerly: "preset"),
    .value(
      "flip_probability", \.flipProbability,
      "The probability that a training clip is mirrored; 0 if classes distinguish left from right (ssv2).",
      .from(0, to: 1), formerly: "flip"),
  ]

  /// The times of a clip's frames.
  public var sampling: ClipSampling {
    ClipSampling(frames: frames, interval: interval, targetRate: framesPerSecond)
  }

  /// Checks values that depend on each other.
  ///
  /// - Throws: ``ConfigurationError/impossible(key:rule:)``.
  public func checkTogether(_ prefix: String) throws {
    try require(
      frames * size * size <= 1 << 24, "\(prefix)size",
      "makes clips of more than 16.7 million pixels: \(frames) frames of \(size) x \(size)")
  }
}

extension DatasetKind: SettingValue {}
extension SpatialPreset: SettingValue {}
