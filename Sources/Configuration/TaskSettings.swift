import MoSI

/// The pretext tasks that there are.
public enum TaskKind: String, CaseIterable, SettingValue {
  /// Motion from static images.
  case mosi
  /// 3D-RotNet: by how many quarter turns a clip is rotated.
  case rotation
}

/// Which pretext task, with a block for each kind; only that of ``kind`` is read.
public struct TaskSettings: Settings {
  public var kind = TaskKind.mosi
  public var mosi = MoSISettings()
  public var rotation = RotationSettings()

  public init() {}

  public static let settings: [Setting<Self>] = [
    .value(
      "kind", \.kind, "The task; of the blocks below only the one of its name is read.", isNew: true
    ),
    .group(
      "mosi", \.mosi, "Motion from static images (Huang et al., CVPR 2021).",
      isInUse: { $0.kind == .mosi }),
    .group(
      "rotation", \.rotation,
      "3D-RotNet (Jing et al., 2018): recognize the angle by which a clip is rotated.",
      isInUse: { $0.kind == .rotation }),
  ]
}

// MARK: - Rotation

public struct RotationSettings: Settings {
  public var interval = 2
  public var tiltDegrees = 10.0

  public init() {}

  public static let settings: [Setting<Self>] = [
    .value(
      "interval", \.interval,
      "The distance between a clip's frames, in frames of the video: 2 takes every second one.",
      .from(1, to: 1000), isNew: true),
    .value(
      "tilt_degrees", \.tiltDegrees,
      "The largest random angle in degrees by which clips are tilted first; 0 for none.",
      .from(0, to: 45),
      isNew: true),
  ]
}

// MARK: - Motion from static images

public struct MoSISettings: Settings {
  public var labels = LabelSettings()
  public var mask = MaskSettings()
  public var augmentation = AugmentationSettings()

  public init() {}

  public static let settings: [Setting<Self>] = [
    .group("labels", \.labels, "The label pool: which motions there are."),
    .group("mask", \.mask, "The static mask: everything outside a region stands still."),
    .group(
      "augmentation", \.augmentation,
      "Clips mirrored and turned together with their labels (not in the paper)."),
  ]

  public func checkTogether(_ prefix: String) throws {
    // Flips exchange the directions of an axis; only turns exchange the axes.
    try require(
      augmentation.symmetries.allSatisfy(labels.pool.isClosed), "\(prefix)augmentation.rotations",
      "needs labels.axes=xy: a clip that is turned by 90 degrees moves along the other axis, for which "
        + "labels.axes=\(labels.axes.rawValue) has no label (augmentation.flips is possible)")
  }
}

public struct LabelSettings: Settings {
  public var granularity = 2
  public var axes = MotionAxes.both

  public init() {}

  public static let settings: [Setting<Self>] = [
    .value(
      "granularity", \.granularity, "The number of speeds in one direction (K).",
      .from(1, to: 64, "speeds")),
    .value("axes", \.axes, "The axes along which windows move."),
  ]

  public var pool: LabelPool { LabelPool(granularity: granularity, axes: axes) }
}

public struct MaskSettings: Settings {
  public var enabled = true
  public var ratio = 0.3...0.5
  public var shape = RegionShape.square
  public var background = Background.static
  public var backgroundSpeed = 0.5
  public var curriculum = Curriculum()

  public init() {}

  public static let settings: [Setting<Self>] = [
    .value("enabled", \.enabled, "False for unmasked MoSI."),
    .value(
      "ratio", \.ratio, "The range of the moving square's side, relative to the clip's.", .fractions
    ),
    .value(
      "shape", \.shape,
      "The form of the moving region, whose area is the square's; the paper's is the square."),
    .value(
      "background", \.background,
      "The background outside the region: one frame, as in the paper, or the picture, slowly moving."
    ),
    .value(
      "background_speed", \.backgroundSpeed,
      "The highest speed of a drifting background, relative to that of the slowest label.",
      .above(0, below: 1)),
    .group(
      "curriculum", \.curriculum,
      "Begin with almost everything moving, so that small budgets suffice (not in the paper)."),
  ]

  /// The background outside the region.
  public enum Background: String, CaseIterable, SettingValue {
    /// The paper's: one frame of the clip.
    case `static`
    /// The same picture, slowly moving.
    case drifting
  }

  public struct Curriculum: Settings {
    public var enabled = false
    public var initial = 0.95...1
    public var fraction = 0.6

    public init() {}

    public static let settings: [Setting<Self>] = [
      .value("enabled", \.enabled, "Whether there is a curriculum."),
      .value("initial", \.initial, "The range of the square's side at the start.", .fractions),
      .value(
        "fraction", \.fraction, "The fraction of the run in which the range moves to ratio.",
        .above(0, to: 1), formerly: "share"),
    ]
  }

  /// How regions are drawn; nil for unmasked MoSI.
  public var schedule: MaskSchedule? {
    guard enabled else { return nil }
    return MaskSchedule(
      final: ratio,
      curriculum: curriculum.enabled
        ? .init(initial: curriculum.initial, share: curriculum.fraction) : nil,
      shape: shape, backgroundSpeed: background == .drifting ? backgroundSpeed : nil)
  }
}

extension Rule<ClosedRange<Double>> {
  fileprivate static var fractions: Self {
    Self("must be two numbers [lower, upper] with 0 < lower <= upper <= 1") {
      0 < $0.lowerBound && $0.upperBound <= 1
    }
  }
}

public struct AugmentationSettings: Settings {
  public var flips = false
  public var rotations = false

  public init() {}

  public static let settings: [Setting<Self>] = [
    .value(
      "flips", \.flips, "Left to right, upside down, both or neither; all clips of a source alike."),
    .value("rotations", \.rotations, "By 0, 90, 180 or 270 degrees; all clips of a source alike."),
  ]

  public var symmetries: [ClipSymmetry] { ClipSymmetry.all(flips: flips, rotations: rotations) }
}

extension MotionAxes: SettingValue {}
extension RegionShape: SettingValue {}
