import MoSI
import Pretext
import VideoModels

/// Everything that decides what a pre-training computes; the defaults are the paper's (section 3.3 and appendix).
public struct PretrainingConfiguration: RunConfiguration {
  public var seed = 0
  /// Passes over the sources.
  public var epochs = 100
  public var sources = Sources()
  public var clip = Clip()
  public var labels = Labels()
  public var mask = Mask()
  public var jitter = JitterSettings()
  public var augmentation = Augmentation()
  public var normalization = NormalizationSettings()
  public var model = ModelSettings()
  public var optimizer = OptimizerSettings()
  public var batch = Batch()
  public var precision = Precision.float32
  public var records = RecordSettings()

  public init() {}

  public static let phase = TrainingPhase.pretraining

  public static let choices = [
    "labels.axes": names(of: MotionAxes.self),
    "mask.background": names(of: Mask.Background.self),
    "mask.shape": names(of: RegionShape.self),
    "model.architecture": names(of: Architecture.self),
    "optimizer.kind": names(of: OptimizerSettings.Kind.self),
    "precision": names(of: Precision.self),
  ]

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
    /// So many of the sources of `paths` that lie directly in one folder, drawn by the seed; 0 for all.
    public var perFolder = 0
    /// The side Ls in pixels of the square that is cut from a picture whose short side is scaled to it.
    public var size = 320

    public init() {}
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

    package var pool: LabelPool { LabelPool(granularity: granularity, axes: axes) }

    package func check() throws {
      try require(
        (1...64).contains(granularity), "labels.granularity",
        "must be from 1 to 64 speeds, not \(granularity)")
    }
  }

  public struct Mask: Codable, Equatable, Sendable {
    /// False for unmasked MoSI.
    public var enabled = true
    /// The range of the unmasked square's side over the clip's.
    public var ratio = [0.3, 0.5]
    /// The form of the unmasked region, whose area is the square's; the paper's is the square.
    public var shape = RegionShape.square
    public var background = Background.static
    /// Of a drifting background, at most this share of the slowest label's pixels a frame.
    public var backgroundSpeed = 0.5
    public var curriculum = Curriculum()

    /// What is outside of the region.
    public enum Background: String, Codable, CaseIterable, Sendable {
      /// The paper's: one frame of the clip.
      case `static`
      /// The same picture, slowly moving.
      case drifting
    }

    /// Not in the paper: begins with almost everything moving, so that small budgets suffice.
    public struct Curriculum: Codable, Equatable, Sendable {
      public var enabled = false
      /// The range at the start.
      public var initial = [0.95, 1]
      /// The share of the run in which the range moves to `ratio`.
      public var share = 0.6
    }
  }

  /// Not in the paper: clips mirrored and turned together with their labels, all of a source alike.
  public struct Augmentation: Codable, Equatable, Sendable {
    /// Left to right, upside down, both or neither.
    public var flips = false
    /// By 0, 90, 180 or 270 degrees.
    public var rotations = false

    var symmetries: [ClipSymmetry] { ClipSymmetry.all(flips: flips, rotations: rotations) }
  }

  public struct Batch: Codable, Equatable, Sendable {
    /// Sources that are in memory at once, with the clips of all their labels.
    public var sources = 10
    /// Batches whose gradients make one step: 16 times 10 sources are the paper's.
    public var accumulation = 16
  }
}

// MARK: - Checks

extension PretrainingConfiguration {
  public func check() throws {
    func requireRange(_ range: [Double], _ key: String) throws {
      try require(
        range.count == 2 && 0 < range[0] && range[0] <= range[1] && range[1] <= 1, key,
        "must be two numbers [lower, upper] with 0 < lower <= upper <= 1, not \(range)")
    }
    try require(seed >= 0, "seed", "must not be negative")
    try require(
      (1...1_000_000).contains(epochs), "epochs", "must be from 1 to 1000000, not \(epochs)")
    try require(!sources.paths.isEmpty, "sources.paths", "must name at least one source")
    try require(
      (0..<1).contains(sources.validationFraction), "sources.validation_fraction",
      "must be at least 0 and below 1, not \(sources.validationFraction)")
    try require(
      (0...1_000_000).contains(sources.perFolder), "sources.per_folder",
      "must be from 0 to 1000000, not \(sources.perFolder)")
    try require(sources.validationLimit >= 1, "sources.validation_limit", "must be at least 1")
    try require(
      (8...4096).contains(sources.size), "sources.size",
      "must be from 8 to 4096 pixels, not \(sources.size)")
    try require(
      (2...1024).contains(clip.frames), "clip.frames", "must be from 2 to 1024, not \(clip.frames)")
    try require(
      (8...sources.size).contains(clip.size), "clip.size",
      "must be from 8 to sources.size (\(sources.size)) pixels, not \(clip.size)")
    try labels.check()
    try require(
      sources.size - clip.size >= labels.granularity, "clip.size",
      "leaves the window no room to move at \(labels.granularity) speeds: sources.size (\(sources.size)) "
        + "must exceed it by at least \(labels.granularity)")
    try requireRange(mask.ratio, "mask.ratio")
    try requireRange(mask.curriculum.initial, "mask.curriculum.initial")
    try require(
      mask.curriculum.share > 0 && mask.curriculum.share <= 1, "mask.curriculum.share",
      "must be above 0 and at most 1, not \(mask.curriculum.share)")
    try require(
      mask.backgroundSpeed > 0 && mask.backgroundSpeed < 1, "mask.background_speed",
      "must be above 0 and below 1, slower than every label, not \(mask.backgroundSpeed)")
    try require(
      mask.background == .static || clip.frames > 2, "clip.frames",
      "must be at least 3 for mask.background=drifting, not \(clip.frames)")
    // Flips exchange the directions of an axis; only turns exchange the axes.
    try require(
      augmentation.symmetries.allSatisfy(labels.pool.isClosed), "augmentation.rotations",
      "needs labels.axes=xy: a clip that is turned by 90 degrees moves along the other axis, for which "
        + "labels.axes=\(labels.axes.rawValue) has no label (augmentation.flips is possible)")
    try jitter.check()
    try normalization.check()
    try model.check()
    try optimizer.check()
    try require(
      (1...100_000).contains(batch.sources), "batch.sources", "must be from 1 to 100000")
    try require(
      (1...100_000).contains(batch.accumulation), "batch.accumulation", "must be from 1 to 100000")
    try records.check()
  }
}

// MARK: - What it describes

extension PretrainingConfiguration {
  /// The pretext task.
  public var task: MotionFromStaticImages {
    MotionFromStaticImages(
      motion: PseudoMotion(
        labels: labels.pool,
        geometry: ClipGeometry(source: sources.size, clip: clip.size, frames: clip.frames)),
      mask: mask.enabled
        ? MaskSchedule(
          final: mask.ratio[0]...mask.ratio[1],
          curriculum: mask.curriculum.enabled
            ? .init(
              initial: mask.curriculum.initial[0]...mask.curriculum.initial[1],
              share: mask.curriculum.share) : nil,
          shape: mask.shape,
          backgroundSpeed: mask.background == .drifting ? mask.backgroundSpeed : nil) : nil,
      jitter: jitter.jitter, normalization: normalization.normalization,
      symmetries: augmentation.symmetries)
  }
}
