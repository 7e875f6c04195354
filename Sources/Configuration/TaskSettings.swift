import MoSI
import PretextTasks

/// The pretext tasks.
public enum TaskKind: String, CaseIterable, SettingValue {
  /// Motion from static images.
  case mosi
  /// 3D-RotNet: recognize the number of quarter turns by which a clip is rotated.
  case rotation
  /// VCOP: recognize the order of clips.
  case clipOrder = "clip_order"
  /// VCP: recognize what was done to the middle one of three clips.
  case cloze
  /// OPN: recognize the order of frames.
  case frameOrder = "frame_order"
  /// ST-Puzzle: recognize the arrangement of pieces in space and time.
  case cubicPuzzle = "cubic_puzzle"
  /// SpeedNet: recognize whether a clip is sped up.
  case speed
  /// PRP: recognize the playback rate of a clip, and reconstruct the frames in between.
  case playbackRate = "playback_rate"
  /// DPC and MemDPC: predict the features of the next blocks of a video.
  case densePrediction = "dense_prediction"
  /// VideoMAE: predict the hidden parts of clips.
  case masked
}

/// The pretext task, with a group for each kind. Only the group of ``kind`` is used.
public struct TaskSettings: Settings {
  /// The task. Only the block with its name is read.
  public var kind = TaskKind.mosi
  /// Motion from static images (Huang et al., CVPR 2021).
  public var mosi = MoSISettings()
  /// 3D-RotNet (Jing et al., 2018): recognize the angle by which a clip is rotated.
  public var rotation = RotationSettings()
  /// VCOP (Xu et al., CVPR 2019): recognize the order of clips.
  public var clipOrder = ClipOrderSettings()
  /// VCP (Luo et al., AAAI 2020): recognize what was done to the middle one of three clips.
  public var cloze = ClozeSettings()
  /// OPN (Lee et al., ICCV 2017): recognize the order of frames.
  public var frameOrder = FrameOrderSettings()
  /// ST-Puzzle (Kim et al., AAAI 2019): recognize the arrangement of pieces in space and time.
  public var cubicPuzzle = CubicPuzzleSettings()
  /// SpeedNet (Benaim et al., CVPR 2020): recognize whether a clip is sped up.
  public var speed = SpeedSettings()
  /// PRP (Yao et al., CVPR 2020): recognize the playback rate, and reconstruct the frames in between.
  public var playbackRate = PlaybackRateSettings()
  /// DPC (Han et al., 2019) and MemDPC (Han et al., ECCV 2020): predict the features of the next blocks.
  public var densePrediction = DensePredictionSettings()
  /// VideoMAE (Tong et al., NeurIPS 2022): predict the hidden parts of clips.
  public var masked = MaskedTaskSettings()

  /// The defaults.
  public init() {}

  /// The keys, in the order of files.
  public static let settings: [Setting<Self>] = [
    .value(
      "kind", \.kind, "The task. Only the block with its name is read.", isNew: true
    ),
    .group(
      "mosi", \.mosi, "Motion from static images (Huang et al., CVPR 2021).",
      isInUse: { $0.kind == .mosi }),
    .group(
      "rotation", \.rotation,
      "3D-RotNet (Jing et al., 2018): recognize the angle by which a clip is rotated.",
      isInUse: { $0.kind == .rotation }),
    .group(
      "clip_order", \.clipOrder, "VCOP (Xu et al., CVPR 2019): recognize the order of clips.",
      isInUse: { $0.kind == .clipOrder }),
    .group(
      "cloze", \.cloze,
      "VCP (Luo et al., AAAI 2020): recognize what was done to the middle one of three clips.",
      isInUse: { $0.kind == .cloze }),
    .group(
      "frame_order", \.frameOrder,
      "OPN (Lee et al., ICCV 2017): recognize the order of frames.",
      isInUse: { $0.kind == .frameOrder }),
    .group(
      "cubic_puzzle", \.cubicPuzzle,
      "ST-Puzzle (Kim et al., AAAI 2019): recognize the arrangement of pieces in space and time.",
      isInUse: { $0.kind == .cubicPuzzle }),
    .group(
      "speed", \.speed,
      "SpeedNet (Benaim et al., CVPR 2020): recognize whether a clip is sped up.",
      isInUse: { $0.kind == .speed }),
    .group(
      "playback_rate", \.playbackRate,
      "PRP (Yao et al., CVPR 2020): recognize the playback rate, and reconstruct the frames in between.",
      isInUse: { $0.kind == .playbackRate }),
    .group(
      "dense_prediction", \.densePrediction,
      "DPC (Han et al., 2019) and MemDPC (Han et al., ECCV 2020): predict the features of the next blocks.",
      isInUse: { $0.kind == .densePrediction }),
    .group(
      "masked", \.masked,
      "VideoMAE (Tong et al., NeurIPS 2022): predict the hidden parts of clips.",
      isInUse: { $0.kind == .masked }),
  ]
}

// MARK: - Rotation

/// 3D-RotNet (Jing et al., 2018).
public struct RotationSettings: Settings {
  /// The distance between a clip's frames, in frames of the video: 2 takes every second one.
  public var interval = 2
  /// The maximum random angle in degrees by which clips are tilted before the rotation; 0 for none.
  public var tiltDegrees = 10.0

  /// The defaults.
  public init() {}

  /// The keys, in the order of files.
  public static let settings: [Setting<Self>] = [
    .value(
      "interval", \.interval,
      "The distance between a clip's frames, in frames of the video: 2 takes every second one.",
      .from(1, to: 1000), isNew: true),
    .value(
      "tilt_degrees", \.tiltDegrees,
      "The maximum random angle in degrees by which clips are tilted before the rotation; 0 for none.",
      .from(0, to: 45),
      isNew: true),
  ]
}

// MARK: - Motion from static images

/// Motion from static images (Huang et al., CVPR 2021).
public struct MoSISettings: Settings {
  /// The label pool: the set of motions.
  public var labels = LabelSettings()
  /// The static mask: everything outside a region stands still.
  public var mask = MaskSettings()
  /// Clips are mirrored and rotated together with their labels (not in the paper).
  public var augmentation = AugmentationSettings()

  /// The defaults.
  public init() {}

  /// The keys, in the order of files.
  public static let settings: [Setting<Self>] = [
    .group("labels", \.labels, "The label pool: the set of motions."),
    .group("mask", \.mask, "The static mask: everything outside a region stands still."),
    .group(
      "augmentation", \.augmentation,
      "Clips are mirrored and rotated together with their labels (not in the paper)."),
  ]

  /// Checks values that depend on each other.
  ///
  /// - Throws: ``ConfigurationError/impossible(key:rule:)``.
  public func checkTogether(_ prefix: String) throws {
    // Flips swap the directions of an axis; only rotations swap the axes.
    try require(
      augmentation.symmetries.allSatisfy(labels.pool.isClosed), "\(prefix)augmentation.rotations",
      "needs labels.axes=xy: a clip that is rotated by 90 degrees moves along the other axis, for which "
        + "labels.axes=\(labels.axes.rawValue) has no label (augmentation.flips is possible)")
  }
}

/// The label pool of MoSI (section 3.1 of the paper).
public struct LabelSettings: Settings {
  /// The number of speeds in one direction (K).
  public var granularity = 2
  /// The axes along which windows move.
  public var axes = MotionAxes.both

  /// The defaults.
  public init() {}

  /// The keys, in the order of files.
  public static let settings: [Setting<Self>] = [
    .value(
      "granularity", \.granularity, "The number of speeds in one direction (K).",
      .from(1, to: 64, "speeds")),
    .value("axes", \.axes, "The axes along which windows move."),
  ]

  /// The pool of labels.
  public var pool: LabelPool { LabelPool(granularity: granularity, axes: axes) }
}

/// The static mask of MoSI (section 3.2 of the paper).
public struct MaskSettings: Settings {
  /// True to use the static mask; false for unmasked MoSI.
  public var enabled = true
  /// The range of the moving square's side, relative to the clip's.
  public var ratio = 0.3...0.5
  /// The shape of the moving region, with the area of the square; the paper uses the square.
  public var shape = RegionShape.square
  /// The background outside the region: one frame, as in the paper, or the picture, slowly moving.
  public var background = Background.static
  /// The highest speed of a drifting background, relative to that of the slowest label.
  public var backgroundSpeed = 0.5
  /// Begin with almost everything moving, so that small budgets suffice (not in the paper).
  public var curriculum = Curriculum()

  /// The defaults.
  public init() {}

  /// The keys, in the order of files.
  public static let settings: [Setting<Self>] = [
    .value("enabled", \.enabled, "True to use the static mask; false for unmasked MoSI."),
    .value(
      "ratio", \.ratio, "The range of the moving square's side, relative to the clip's.", .fractions
    ),
    .value(
      "shape", \.shape,
      "The shape of the moving region, with the area of the square; the paper uses the square."),
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
    /// One frame of the clip, as in the paper.
    case `static`
    /// The same picture, moving slowly.
    case drifting
  }

  /// A curriculum from large regions to those of ``ratio``.
  public struct Curriculum: Settings {
    /// True to use the curriculum.
    public var enabled = false
    /// The range of the square's side at the start.
    public var initial = 0.95...1
    /// The fraction of the run in which the range moves to ratio.
    public var fraction = 0.6

    /// The defaults.
    public init() {}

    /// The keys, in the order of files.
    public static let settings: [Setting<Self>] = [
      .value("enabled", \.enabled, "True to use the curriculum."),
      .value("initial", \.initial, "The range of the square's side at the start.", .fractions),
      .value(
        "fraction", \.fraction, "The fraction of the run in which the range moves to ratio.",
        .above(0, to: 1), formerly: "share"),
    ]
  }

  /// The schedule of the regions' sizes; nil for unmasked MoSI.
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

/// Flips and rotations of clips together with their labels (not in the paper).
public struct AugmentationSettings: Settings {
  /// Mirror clips horizontally, vertically, both or not at all; the same for all clips of a source.
  public var flips = false
  /// Rotate clips by 0, 90, 180 or 270 degrees; the same for all clips of a source.
  public var rotations = false

  /// The defaults.
  public init() {}

  /// The keys, in the order of files.
  public static let settings: [Setting<Self>] = [
    .value(
      "flips", \.flips,
      "Mirror clips horizontally, vertically, both or not at all; the same for all clips of a source."
    ),
    .value(
      "rotations", \.rotations,
      "Rotate clips by 0, 90, 180 or 270 degrees; the same for all clips of a source."),
  ]

  /// The symmetries from which one is drawn.
  public var symmetries: [ClipSymmetry] { ClipSymmetry.all(flips: flips, rotations: rotations) }
}

extension MotionAxes: SettingValue {}
extension RegionShape: SettingValue {}
