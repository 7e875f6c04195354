import MoSI
import Pretext
import PretextTasks
import VideoModels

/// The settings of a pre-training. The defaults are the paper's (section 3.3 and appendix).
///
/// ``settings`` explains each value and its rule.
public struct PretrainingConfiguration: RunConfiguration {
  /// The random seed of the run.
  public var seed = 0
  /// The number of passes over the sources.
  public var epochs = 100
  /// The pretext task: what the network learns without labels.
  public var task = TaskSettings()
  /// The pictures and videos to learn from.
  public var sources = Sources()
  /// The weights to start from.
  public var start = Start()
  /// The clips that the network is trained on.
  public var clip = Clip()
  /// Random changes of color: for each frame in MoSI, DPC and OPN, for a whole clip in other tasks.
  public var jitter = ColorJitter()
  /// How pixels of 0 to 1 are normalized, for each of red, green, blue.
  public var normalization = Normalization()
  /// The network.
  public var model = ModelSettings()
  /// How the weights are updated.
  public var optimizer = OptimizerSettings()
  /// How many sources make a step.
  public var batch = Batch()
  /// The type in which convolutions and products are computed; weights stay float32.
  public var precision = Precision.float32
  /// What is logged and saved, and when.
  public var records = RecordSettings()

  /// The defaults.
  public init() {}

  /// Pre-training.
  public static let phase = TrainingPhase.pretraining

  /// The groups that were at the top level in version 0.1.0.
  public static let movedGroups: KeyValuePairs = [
    "labels": "task.mosi.labels", "mask": "task.mosi.mask",
    "augmentation": "task.mosi.augmentation",
  ]

  /// The keys, in the order of files.
  public static let settings: [Setting<Self>] = [
    .value("seed", \.seed, "The random seed of the run.", .atLeast(0)),
    .value("epochs", \.epochs, "The number of passes over the sources.", .from(1, to: 1_000_000)),
    .group("task", \.task, "The pretext task: what the network learns without labels."),
    .group("sources", \.sources, "The pictures and videos to learn from."),
    .group("start", \.start, "The weights to start from."),
    .group("clip", \.clip, "The clips that the network is trained on."),
    .group(
      "jitter", \.jitter,
      "Random changes of color: for each frame in MoSI, DPC and OPN, for a whole clip in other tasks."
    ),
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

  /// The pictures and videos to learn from.
  public struct Sources: Settings {
    /// Folders, pictures, videos, shards (tar), list files, synthetic:dead-leaves:N.
    public var paths = ["synthetic:dead-leaves:10000"]
    /// Sources to validate on; if there are none, a fraction of paths is held out.
    public var validationPaths: [String] = []
    /// The fraction of paths that is held out; 0 for no validation.
    public var validationFraction = 0.1
    /// The maximum number of sources to validate on; they stay in memory if they fit.
    public var validationLimit = 1000
    /// True if a folder of only pictures holds the frames of a video.
    public var frameFolders = false
    /// The maximum number of sources from one folder, drawn at random; null for all.
    public var maxPerFolder: Int?
    /// The side in pixels of the square that is cut from a source scaled to that short side (Ls).
    public var size = 320

    /// The defaults.
    public init() {}

    /// The keys, in the order of files.
    public static let settings: [Setting<Self>] = [
      .value(
        "paths", \.paths,
        "Folders, pictures, videos, shards (tar), list files, synthetic:dead-leaves:N.",
        Rule("must name at least one source") { !$0.isEmpty }),
      .value(
        "validation_paths", \.validationPaths,
        "Sources to validate on; if there are none, a fraction of paths is held out."),
      .value(
        "validation_fraction", \.validationFraction,
        "The fraction of paths that is held out; 0 for no validation.", .from(0, below: 1)),
      .value(
        "validation_limit", \.validationLimit,
        "The maximum number of sources to validate on; they stay in memory if they fit.",
        .atLeast(1)),
      .value(
        "frame_folders", \.frameFolders,
        "True if a folder of only pictures holds the frames of a video."),
      .value(
        "max_per_folder", \.maxPerFolder,
        "The maximum number of sources from one folder, drawn at random; null for all.",
        .from(1, to: 1_000_000), formerly: "per_folder", absent: 0),
      .value(
        "size", \.size,
        "The side in pixels of the square that is cut from a source scaled to that short side (Ls).",
        .from(8, to: 4096, "pixels")),
    ]
  }

  /// The weights to start from.
  public struct Start: Settings {
    /// A run's folder or a checkpoint to take the backbone from; null for random weights.
    public var weights: String?

    /// The defaults.
    public init() {}

    /// The keys, in the order of files.
    public static let settings: [Setting<Self>] = [
      .value(
        "weights", \.weights,
        "A run's folder or a checkpoint to take the backbone from; null for random weights.",
        isNew: true)
    ]
  }

  /// The size of clips.
  public struct Clip: Settings {
    /// The number of frames (N).
    public var frames = 16
    /// The side of a frame in pixels (L).
    public var size = 112

    /// The defaults.
    public init() {}

    /// The keys, in the order of files.
    public static let settings: [Setting<Self>] = [
      .value("frames", \.frames, "The number of frames (N).", .from(2, to: 1024)),
      .value("size", \.size, "The side of a frame in pixels (L).", .atLeast(8)),
    ]
  }

  /// The number of sources per step.
  public struct Batch: Settings {
    /// Sources in memory at once, with all their clips.
    public var sources = 10
    /// True if batch normalization uses the statistics of the batches of all processes.
    public var synchronizedStatistics = false
    /// Batches whose gradients make one step; the paper's step has 160 sources.
    public var accumulationSteps = 16

    /// The defaults.
    public init() {}

    /// The keys, in the order of files.
    public static let settings: [Setting<Self>] = [
      .value(
        "sources", \.sources, "Sources in memory at once, in each process, with all their clips.",
        .from(1, to: 100_000)),
      .value(
        "accumulation_steps", \.accumulationSteps,
        "Batches of each process whose gradients make one step; the paper's step has 160 sources.",
        .from(1, to: 100_000), formerly: "accumulation"),
      .value(
        "synchronized_statistics", \.synchronizedStatistics,
        "Whether batch normalization uses the statistics of the batches of all processes.",
        isNew: true),
    ]
  }

  /// Checks values that depend on each other.
  ///
  /// - Throws: ``ConfigurationError/impossible(key:rule:)``.
  public func checkTogether(_ prefix: String) throws {
    try model.check(frames: clip.frames, size: clip.size)
    try require(
      model.aggregator == nil, "model.aggregator", "is for fine-tuning: a task has its own")
    try require(
      clip.size <= sources.size, "clip.size",
      "must be from 8 to sources.size (\(sources.size)) pixels, not \(clip.size)")
    switch task.kind {
    case .rotation, .clipOrder, .densePrediction: break
    case .mosi:
      let labels = task.mosi.labels
      try require(
        sources.size - clip.size >= labels.granularity, "clip.size",
        "leaves the window no room to move at \(labels.granularity) speeds: sources.size (\(sources.size)) "
          + "must exceed it by at least \(labels.granularity)")
      try require(
        task.mosi.mask.background == .static || clip.frames > 2, "clip.frames",
        "must be at least 3 for task.mosi.mask.background=drifting, not \(clip.frames)")
    case .masked: try checkMasked()
    case .cloze:
      try require(
        clip.frames % 4 == 0, "clip.frames",
        "must be a multiple of 4 for task.kind=cloze, which exchanges fourths, not \(clip.frames)")
      try require(
        clip.size % 2 == 0, "clip.size",
        "must be even for task.kind=cloze, which exchanges quarters, not \(clip.size)")
    case .frameOrder:
      let region = clip.size + task.frameOrder.margin
      try require(
        region <= sources.size, "task.frame_order.margin",
        "must be at most sources.size - clip.size (\(sources.size - clip.size)), not "
          + "\(task.frameOrder.margin)")
    case .cubicPuzzle:
      let puzzle = task.cubicPuzzle
      try require(
        clip.frames <= puzzle.cellFrames, "task.cubic_puzzle.cell_frames",
        "must be at least clip.frames (\(clip.frames)), not \(puzzle.cellFrames)")
      try require(
        clip.size <= puzzle.cellSize && 2 * puzzle.cellSize <= sources.size,
        "task.cubic_puzzle.cell_size",
        "must be from clip.size (\(clip.size)) to half of sources.size (\(sources.size)), not "
          + "\(puzzle.cellSize)")
    case .speed:
      try require(
        task.speed.smallestSize <= clip.size, "task.speed.smallest_size",
        "must be at most clip.size (\(clip.size)), not \(task.speed.smallestSize)")
      try model.check(
        frames: clip.frames, size: task.speed.smallestSize, sizeKey: "task.speed.smallest_size")
    case .playbackRate:
      try require(
        clip.frames % 8 == 0, "clip.frames",
        "must be a multiple of 8 for task.kind=playback_rate, whose decoder doubles, not "
          + "\(clip.frames)")
      try require(
        clip.size % 16 == 0, "clip.size",
        "must be a multiple of 16 for task.kind=playback_rate, whose decoder doubles, not "
          + "\(clip.size)")
      for rate in task.playbackRate.rates {
        try require(
          PlaybackRate.isPossible(rate, frames: clip.frames), "task.playback_rate.rates",
          "must be 1 or even divisors of 2 x clip.frames (\(2 * clip.frames)), not \(rate)")
      }
    }
  }
}

extension PretrainingConfiguration {
  /// Checks the settings of masked modeling with those of clips and of the network.
  ///
  /// - Throws: ``ConfigurationError/impossible(key:rule:)``.
  private func checkMasked() throws {
    let transformers = Architecture.allCases.filter(\.isTransformer).map(\.rawValue)
    let plan = model.architecture.transformer(width: model.width)
    try require(
      plan != nil, "model.architecture",
      "must be a transformer (\(transformers.joined(separator: ", "))) for task.kind=masked: "
        + "\(model.architecture.rawValue) cannot leave out the hidden parts of a clip")
    try require(
      plan!.heads % 2 == 0 || model.width % 2 == 0, "model.width",
      "must be even for task.kind=masked, whose decoder is half as wide, not \(model.width)")
    let columns = clip.size / model.architecture.clipUnit.width
    try require(
      Int(task.masked.ratio * Double(columns * columns)) > 0, "task.masked.ratio",
      "hides none of the \(columns * columns) cubes of a frame: raise it")
    if task.masked.motion == .transformations {
      try require(
        task.masked.transformations.mixupAlpha == nil || batch.sources > 1,
        "task.masked.transformations.mixup_alpha",
        "mixes the clips of a batch: batch.sources must be at least 2")
    }
    guard task.masked.motion == .window else { return }
    let labels = task.masked.window.labels
    try require(
      sources.size - clip.size >= labels.granularity, "clip.size",
      "leaves the window no room to move at \(labels.granularity) speeds: sources.size (\(sources.size)) "
        + "must exceed it by at least \(labels.granularity)")
  }

  /// The paper's task, even if ``TaskSettings/kind`` selects another.
  public var motionTask: MotionFromStaticImages {
    MotionFromStaticImages(
      motion: PseudoMotion(
        labels: task.mosi.labels.pool,
        geometry: ClipGeometry(source: sources.size, clip: clip.size, frames: clip.frames)),
      mask: task.mosi.mask.schedule, jitter: jitter, normalization: normalization,
      symmetries: task.mosi.augmentation.symmetries)
  }
}
