import Pretext
import VideoData
import VideoModels
import VideoSamples

/// Everything that decides what a fine-tuning computes; the defaults are the paper's (section 4.1 and appendix).
///
/// What each value means is said in its ``settings``.
public struct FinetuningConfiguration: RunConfiguration {
  public var seed = 0
  public var epochs = 300
  public var dataset = Dataset()
  public var start = Start()
  public var clip = ClipSettings()
  public var jitter = ColorJitter()
  public var normalization = Normalization()
  public var model = ModelSettings()
  public var optimizer = OptimizerSettings()
  public var batch = Batch()
  public var regularization = Regularization()
  public var validation = Validation()
  public var precision = Precision.float32
  public var records = RecordSettings()

  public init() {
    optimizer.learningRate = 2e-3
    optimizer.warmupFraction = 10.0 / 300
    optimizer.warmupStartLearningRate = 2e-4
    optimizer.weightDecay = 1e-3
  }

  public static let phase = TrainingPhase.finetuning

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
      "normalization", \.normalization,
      "How pixels of 0 to 1 are normalized, for each of red, green, blue."),
    .group("model", \.model, "The network; default: that of the weights."),
    .group("optimizer", \.optimizer, "How the weights are updated."),
    .group("batch", \.batch, "How many clips make a step."),
    .group("regularization", \.regularization, "Not in the paper; off by default."),
    .group("validation", \.validation, "When and how the network is evaluated."),
    .value(
      "precision", \.precision,
      "The type in which convolutions and products are computed; weights stay float32."),
    .group("records", \.records, "What is logged and saved, and when."),
  ]

  public func checkTogether(_ prefix: String) throws {
    try model.check(frames: clip.frames, size: clip.size)
  }

  public struct Dataset: Settings {
    public var kind = DatasetKind.folders
    public var videos: String?
    public var splits: String?
    public var split = 1
    public var frameRate = 25.0
    public var shots: Int?

    public init() {}

    public static let settings: [Setting<Self>] = [
      .value("kind", \.kind, "The form of the dataset's lists and folders."),
      .value("videos", \.videos, "The folder of the videos; no training without one.", absent: ""),
      .value(
        "splits", \.splits,
        "The folder or file of the lists of training and test videos; null if the kind needs none.",
        absent: ""),
      .value("split", \.split, "Which of the official splits.", .atLeast(1)),
      .value(
        "frame_rate", \.frameRate, "Frames a second of videos that are kept as folders of frames.",
        .from(0.001, to: 1000, "frames a second")),
      .value(
        "shots", \.shots,
        "The number of training videos of each class, drawn by the seed; null for all.",
        .from(1, to: 1_000_000), absent: 0),
    ]

    /// - Throws: ``ConfigurationError`` if there is no folder.
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

  public struct Start: Settings {
    public var weights: String?
    public var frozenStages = 0

    public init() {}

    public static let settings: [Setting<Self>] = [
      .value(
        "weights", \.weights,
        "A run's folder or a checkpoint to take the backbone from; null for random weights.",
        absent: "none"),
      .value(
        "frozen_stages", \.frozenStages,
        "The number of stages from conv1 on that keep their weights and statistics; with 5 only the head is trained.",
        .from(0, to: 5)),
    ]
  }

  public struct Batch: Settings {
    public var clips = 128
    public var accumulationSteps = 8

    public init() {}

    public static let settings: [Setting<Self>] = [
      .value("clips", \.clips, "Clips in memory at once.", .from(1, to: 100_000)),
      .value(
        "accumulation_steps", \.accumulationSteps,
        "Batches whose gradients make one step (the paper's has 1,024 clips); smaller if the training set is.",
        .from(1, to: 100_000), formerly: "accumulation"),
    ]
  }

  public struct Regularization: Settings {
    public var labelSmoothing = 0.0
    public var maxGradientNorm: Double?
    public var emaDecay: Double?

    public init() {}

    public static let settings: [Setting<Self>] = [
      .value(
        "label_smoothing", \.labelSmoothing,
        "The share of the target that is spread over all classes.", .from(0, below: 1)),
      .value(
        "max_gradient_norm", \.maxGradientNorm,
        "Larger gradients are scaled down to this norm; null for never.", .above(0, to: 1e30),
        formerly: "gradient_norm", absent: 0),
      .value(
        "ema_decay", \.emaDecay,
        "The decay of the moving average of the weights, which is then evaluated; null for none.",
        .above(0, below: 1), formerly: "average_decay", absent: 0),
    ]
  }

  public struct Validation: Settings {
    public var everyEpochs: Int? = 10
    public var clipsPerVideo = 1
    public var testClipsPerVideo: Int? = 10

    public init() {}

    public static let settings: [Setting<Self>] = [
      .value(
        "every_epochs", \.everyEpochs,
        "The number of epochs between validations; also after the last; null for none.",
        .atLeast(1), formerly: "epochs", absent: 0),
      .value(
        "clips_per_video", \.clipsPerVideo, "Clips of each video in a validation.",
        .from(1, to: 1000), formerly: "clips"),
      .value(
        "test_clips_per_video", \.testClipsPerVideo,
        "Clips of each video in the test at the end; null for no test.", .from(1, to: 1000),
        formerly: "final_clips", absent: 0),
    ]
  }
}

/// How clips are cut from videos, in fine-tuning and wherever the network then meets videos.
public struct ClipSettings: Settings {
  public var frames = 16
  public var interval = 4
  public var framesPerSecond = 30.0
  public var size = 112
  public var crop = SpatialPreset.paper
  public var flipProbability = 0.5

  public init() {}

  public static let settings: [Setting<Self>] = [
    .value("frames", \.frames, "The number of frames (N).", .from(1, to: 1024)),
    .value(
      "interval", \.interval,
      "The distance between frames, in frames of a video of frames_per_second.", .from(1, to: 1000)),
    .value(
      "frames_per_second", \.framesPerSecond,
      "The rate that interval counts in, whatever the video's own.",
      .from(0.001, to: 1000, "frames a second"), formerly: "rate"),
    .value("size", \.size, "The side of a frame in pixels (L).", .from(8, to: 1024, "pixels")),
    .value(
      "crop", \.crop,
      "How training crops are cut and test frames scaled: as the paper says, or as its released code does.",
      formerly: "preset"),
    .value(
      "flip_probability", \.flipProbability,
      "The probability that a training clip is mirrored; 0 if classes distinguish left from right (ssv2).",
      .from(0, to: 1), formerly: "flip"),
  ]

  public var sampling: ClipSampling {
    ClipSampling(frames: frames, interval: interval, targetRate: framesPerSecond)
  }

  public func checkTogether(_ prefix: String) throws {
    try require(
      frames * size * size <= 1 << 24, "\(prefix)size",
      "makes clips of more than 16.7 million pixels: \(frames) frames of \(size) x \(size)")
  }
}

extension DatasetKind: SettingValue {}
extension SpatialPreset: SettingValue {}
