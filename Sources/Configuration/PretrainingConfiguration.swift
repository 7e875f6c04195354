import MoSI
import Pretext
import VideoModels

/// Everything that decides what a pre-training computes; the defaults are the paper's (section 3.3 and appendix).
///
/// What each value means is said in its ``settings``.
public struct PretrainingConfiguration: RunConfiguration {
  public var seed = 0
  public var epochs = 100
  public var task = TaskSettings()
  public var sources = Sources()
  public var start = Start()
  public var clip = Clip()
  public var jitter = ColorJitter()
  public var normalization = Normalization()
  public var model = ModelSettings()
  public var optimizer = OptimizerSettings()
  public var batch = Batch()
  public var precision = Precision.float32
  public var records = RecordSettings()

  public init() {}

  public static let phase = TrainingPhase.pretraining

  public static let movedGroups: KeyValuePairs = [
    "labels": "task.mosi.labels", "mask": "task.mosi.mask",
    "augmentation": "task.mosi.augmentation",
  ]

  public static let settings: [Setting<Self>] = [
    .value("seed", \.seed, "The random seed of the run.", .atLeast(0)),
    .value("epochs", \.epochs, "The number of passes over the sources.", .from(1, to: 1_000_000)),
    .group("task", \.task, "The pretext task: what the network learns without labels."),
    .group("sources", \.sources, "The pictures and videos to learn from."),
    .group("start", \.start, "The weights to start from."),
    .group("clip", \.clip, "The clips that the network is shown."),
    .group("jitter", \.jitter, "Random changes of color, different for each frame."),
    .group(
      "normalization", \.normalization,
      "How pixels of 0 to 1 are normalized, for each of red, green, blue."),
    .group("model", \.model, "The network."),
    .group("optimizer", \.optimizer, "How the weights are updated."),
    .group("batch", \.batch, "How many sources make a step."),
    .value(
      "precision", \.precision,
      "The type in which convolutions and products are computed; weights stay float32."),
    .group("records", \.records, "What is logged and saved, and when."),
  ]

  public struct Sources: Settings {
    public var paths = ["synthetic:dead-leaves:10000"]
    public var validationPaths: [String] = []
    public var validationFraction = 0.1
    public var validationLimit = 1000
    public var frameFolders = false
    public var maxPerFolder: Int?
    public var size = 320

    public init() {}

    public static let settings: [Setting<Self>] = [
      .value(
        "paths", \.paths, "Folders, pictures, videos, list files, synthetic:dead-leaves:N.",
        Rule("must name at least one source") { !$0.isEmpty }),
      .value(
        "validation_paths", \.validationPaths,
        "Sources to validate on; if there are none, a fraction of paths is held out."),
      .value(
        "validation_fraction", \.validationFraction,
        "The fraction of paths that is held out; 0 for no validation.", .from(0, below: 1)),
      .value(
        "validation_limit", \.validationLimit,
        "The largest number of sources to validate on; they stay in memory.", .atLeast(1)),
      .value(
        "frame_folders", \.frameFolders,
        "Whether a folder that holds nothing but pictures is a video's frames."),
      .value(
        "max_per_folder", \.maxPerFolder,
        "The largest number of sources to take from one folder, drawn by the seed; null for all.",
        .from(1, to: 1_000_000), formerly: "per_folder", absent: 0),
      .value(
        "size", \.size,
        "The side in pixels of the square that is cut from a source scaled to that short side (Ls).",
        .from(8, to: 4096, "pixels")),
    ]
  }

  public struct Start: Settings {
    public var weights: String?

    public init() {}

    public static let settings: [Setting<Self>] = [
      .value(
        "weights", \.weights,
        "A run's folder or a checkpoint to take the backbone from; null for random weights.",
        isNew: true)
    ]
  }

  public struct Clip: Settings {
    public var frames = 16
    public var size = 112

    public init() {}

    public static let settings: [Setting<Self>] = [
      .value("frames", \.frames, "The number of frames (N).", .from(2, to: 1024)),
      .value("size", \.size, "The side of a frame in pixels (L).", .atLeast(8)),
    ]
  }

  public struct Batch: Settings {
    public var sources = 10
    public var accumulationSteps = 16

    public init() {}

    public static let settings: [Setting<Self>] = [
      .value(
        "sources", \.sources, "Sources in memory at once, with all their clips.",
        .from(1, to: 100_000)),
      .value(
        "accumulation_steps", \.accumulationSteps,
        "Batches whose gradients make one step; the paper's step has 160 sources.",
        .from(1, to: 100_000), formerly: "accumulation"),
    ]
  }

  public func checkTogether(_ prefix: String) throws {
    try model.check(frames: clip.frames, size: clip.size)
    try require(
      clip.size <= sources.size, "clip.size",
      "must be from 8 to sources.size (\(sources.size)) pixels, not \(clip.size)")
    guard task.kind == .mosi else { return }
    let labels = task.mosi.labels
    try require(
      sources.size - clip.size >= labels.granularity, "clip.size",
      "leaves the window no room to move at \(labels.granularity) speeds: sources.size (\(sources.size)) "
        + "must exceed it by at least \(labels.granularity)")
    try require(
      task.mosi.mask.background == .static || clip.frames > 2, "clip.frames",
      "must be at least 3 for task.mosi.mask.background=drifting, not \(clip.frames)")
  }
}

extension PretrainingConfiguration {
  /// The paper's task, whatever ``TaskSettings/kind`` says.
  public var motionTask: MotionFromStaticImages {
    MotionFromStaticImages(
      motion: PseudoMotion(
        labels: task.mosi.labels.pool,
        geometry: ClipGeometry(source: sources.size, clip: clip.size, frames: clip.frames)),
      mask: task.mosi.mask.schedule, jitter: jitter, normalization: normalization,
      symmetries: task.mosi.augmentation.symmetries)
  }
}
