import MoSI
import Torch
import VideoModels

/// Everything that decides what a pre-training computes; the defaults are the paper's (section 3.3 and appendix).
///
/// In files and on the command line the keys are written in snake case: `optimizer.learning_rate`.
public struct PretrainingConfiguration: Codable, Equatable, Sendable {
  /// Names every random draw of the run.
  public var seed = 0
  /// Passes over the sources.
  public var epochs = 100
  public var sources = Sources()
  public var clip = Clip()
  public var labels = Labels()
  public var mask = Mask()
  public var jitter = Jitter()
  public var normalization = Normalization()
  public var model = Model()
  public var optimizer = OptimizerSettings()
  public var batch = Batch()
  public var precision = Precision.float32
  public var records = Records()

  public init() {}

  public struct Sources: Codable, Equatable, Sendable {
    /// Folders, pictures, videos, list files, `synthetic:dead-leaves:N`.
    public var paths = ["synthetic:dead-leaves:10000"]
    /// Sources to validate on; where empty, a share of `paths` is held out.
    public var validationPaths: [String] = []
    /// The share of `paths` that is held out, 0 for no validation.
    public var validationFraction = 0.1
    /// At most so many sources are validated on; their stills stay in memory.
    public var validationLimit = 1000
    /// True where a folder of nothing but pictures is a video's frames.
    public var frameFolders = false
    /// The side Ls in pixels of the square that is cut from a picture whose short side is scaled to it.
    public var size = 320
  }

  public struct Clip: Codable, Equatable, Sendable {
    /// The number N of frames.
    public var frames = 16
    /// The side L of a frame in pixels.
    public var size = 112
  }

  public struct Labels: Codable, Equatable, Sendable {
    /// The number K of speeds in one direction.
    public var granularity = 2
    public var axes = MotionAxes.both
  }

  public struct Mask: Codable, Equatable, Sendable {
    /// False for unmasked MoSI.
    public var enabled = true
    /// The range of the unmasked square's side over the clip's.
    public var ratio = [0.3, 0.5]
    public var curriculum = Curriculum()

    /// Not in the paper: begins with almost everything moving, so that small budgets suffice.
    public struct Curriculum: Codable, Equatable, Sendable {
      public var enabled = false
      /// The range at the start.
      public var initial = [0.95, 1]
      /// The share of the run in which the range moves to `ratio`.
      public var share = 0.6
    }
  }

  public struct Jitter: Codable, Equatable, Sendable {
    public var brightness = 0.5
    public var contrast = 0.5
    public var saturation = 0.5
    public var hue = 0.25
    public var greyscale = 0.3
  }

  public struct Normalization: Codable, Equatable, Sendable {
    public var mean = [0.45, 0.45, 0.45]
    public var deviation = [0.225, 0.225, 0.225]
  }

  public struct Model: Codable, Equatable, Sendable {
    public var architecture = Architecture.r2d3d18
    /// The channels of conv1.
    public var width = 64
    /// The head's dropout.
    public var dropout = 0.5
    public var batchNormEpsilon = 1e-3
  }

  public struct OptimizerSettings: Codable, Equatable, Sendable {
    public enum Kind: String, Codable, CaseIterable, Sendable {
      case adam
      case sgd
    }

    public var kind = Kind.adam
    public var learningRate = 1e-3
    /// The share of the run in which the rate rises linearly: the paper's 10 of 100 epochs, 2 of 20 for Kinetics.
    public var warmupShare = 0.1
    public var warmupLearningRate = 1e-4
    /// Added to the gradient as L2; normalizations are spared.
    public var weightDecay = 1e-4
    /// For sgd.
    public var momentum = 0.9
  }

  public struct Batch: Codable, Equatable, Sendable {
    /// Sources that are in memory at once, with the clips of all their labels.
    public var sources = 10
    /// Batches whose gradients make one step: 16 times 10 sources are the paper's.
    public var accumulation = 16
  }

  public enum Precision: String, Codable, CaseIterable, Sendable {
    case float32
    /// Convolutions and products in bfloat16, weights in float32.
    case bfloat16
  }

  public struct Records: Codable, Equatable, Sendable {
    /// Every so many steps a line in metrics.jsonl.
    public var stepInterval = 1
    /// Minutes after which a checkpoint is written also within an epoch.
    public var checkpointMinutes = 10.0
  }
}

// MARK: - Checks

extension PretrainingConfiguration {
  /// Refuses values with which no run is possible.
  ///
  /// - Throws: ``ConfigurationError``.
  public func check() throws {
    func require(_ holds: Bool, _ key: String, _ rule: String) throws {
      guard holds else { throw ConfigurationError.impossible(key: key, rule: rule) }
    }
    func requireRange(_ range: [Double], _ key: String) throws {
      try require(
        range.count == 2 && 0 < range[0] && range[0] <= range[1] && range[1] <= 1, key,
        "must be two numbers [lower, upper] with 0 < lower <= upper <= 1, not \(range)")
    }
    try require(seed >= 0, "seed", "must not be negative")
    try require(epochs >= 1, "epochs", "must be at least 1, not \(epochs)")
    try require(!sources.paths.isEmpty, "sources.paths", "must name at least one source")
    try require(
      (0..<1).contains(sources.validationFraction), "sources.validation_fraction",
      "must be at least 0 and below 1, not \(sources.validationFraction)")
    try require(sources.validationLimit >= 1, "sources.validation_limit", "must be at least 1")
    try require(
      (8...4096).contains(sources.size), "sources.size",
      "must be from 8 to 4096 pixels, not \(sources.size)")
    try require(
      (2...1024).contains(clip.frames), "clip.frames", "must be from 2 to 1024, not \(clip.frames)")
    try require(
      (8...sources.size).contains(clip.size), "clip.size",
      "must be from 8 to sources.size (\(sources.size)) pixels, not \(clip.size)")
    try require(
      (1...64).contains(labels.granularity), "labels.granularity",
      "must be from 1 to 64 speeds, not \(labels.granularity)")
    try require(
      sources.size - clip.size >= labels.granularity, "clip.size",
      "leaves the window no room to move at \(labels.granularity) speeds: sources.size (\(sources.size)) "
        + "must exceed it by at least \(labels.granularity)")
    try requireRange(mask.ratio, "mask.ratio")
    try requireRange(mask.curriculum.initial, "mask.curriculum.initial")
    try require(
      mask.curriculum.share > 0 && mask.curriculum.share <= 1, "mask.curriculum.share",
      "must be above 0 and at most 1, not \(mask.curriculum.share)")
    for (key, value, limit) in [
      ("brightness", jitter.brightness, 10), ("contrast", jitter.contrast, 10),
      ("saturation", jitter.saturation, 10), ("hue", jitter.hue, 0.5),
      ("greyscale", jitter.greyscale, 1),
    ] {
      try require(
        (0...limit).contains(value), "jitter.\(key)", "must be from 0 to \(limit), not \(value)")
    }
    try require(normalization.mean.count == 3, "normalization.mean", "must be three numbers")
    try require(
      normalization.deviation.count == 3 && normalization.deviation.allSatisfy { $0 > 0 },
      "normalization.deviation", "must be three positive numbers")
    try require(
      (1...1024).contains(model.width), "model.width", "must be from 1 to 1024, not \(model.width)")
    try require(
      (0..<1).contains(model.dropout), "model.dropout",
      "must be at least 0 and below 1, not \(model.dropout)")
    try require(model.batchNormEpsilon > 0, "model.batch_norm_epsilon", "must be positive")
    try require(optimizer.learningRate > 0, "optimizer.learning_rate", "must be positive")
    try require(
      optimizer.warmupLearningRate >= 0, "optimizer.warmup_learning_rate", "must not be negative")
    try require(
      (0...1).contains(optimizer.warmupShare), "optimizer.warmup_share",
      "must be from 0 to 1, not \(optimizer.warmupShare)")
    try require(optimizer.weightDecay >= 0, "optimizer.weight_decay", "must not be negative")
    try require((0..<1).contains(optimizer.momentum), "optimizer.momentum", "must be in 0 ..< 1")
    try require(batch.sources >= 1, "batch.sources", "must be at least 1")
    try require(batch.accumulation >= 1, "batch.accumulation", "must be at least 1")
    try require(records.stepInterval >= 1, "records.step_interval", "must be at least 1")
    try require(records.checkpointMinutes > 0, "records.checkpoint_minutes", "must be positive")
  }
}

// MARK: - What it describes

extension PretrainingConfiguration {
  /// The pretext task.
  public var task: MotionFromStaticImages {
    MotionFromStaticImages(
      motion: PseudoMotion(
        labels: LabelPool(granularity: labels.granularity, axes: labels.axes),
        geometry: ClipGeometry(source: sources.size, clip: clip.size, frames: clip.frames)),
      mask: mask.enabled
        ? MaskSchedule(
          final: mask.ratio[0]...mask.ratio[1],
          curriculum: mask.curriculum.enabled
            ? .init(
              initial: mask.curriculum.initial[0]...mask.curriculum.initial[1],
              share: mask.curriculum.share) : nil) : nil,
      jitter: ColorJitter(
        brightness: jitter.brightness, contrast: jitter.contrast, saturation: jitter.saturation,
        hue: jitter.hue, greyscale: jitter.greyscale),
      normalization: MoSI.Normalization(
        mean: normalization.mean, deviation: normalization.deviation))
  }

  /// The network with a head of `classes`, its weights drawn by the run's seed, on the CPU.
  public func makeModel(classes: Int) -> VideoClassifier {
    Runtime.seed(UInt64(seed))
    return VideoClassifier(
      model.architecture, width: model.width, epsilon: model.batchNormEpsilon, classes: classes,
      dropout: model.dropout)
  }

  func makeOptimizer(for model: VideoClassifier) -> any Optimizer {
    let groups = ParameterGroup.sparingNormalization(
      model.parameters, weightDecay: optimizer.weightDecay)
    return switch optimizer.kind {
    case .adam: Adam(groups)
    case .sgd: SGD(groups, momentum: optimizer.momentum)
    }
  }

  func makeSchedule(totalSteps: Int) -> CosineSchedule {
    CosineSchedule(
      base: optimizer.learningRate, warmupStart: optimizer.warmupLearningRate,
      warmupSteps: Int((optimizer.warmupShare * Double(totalSteps)).rounded()),
      totalSteps: totalSteps)
  }
}
