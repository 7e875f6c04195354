import PretextTasks

/// VideoMAE (Tong et al., NeurIPS 2022): predict the hidden parts of clips.
public struct MaskedTaskSettings: Settings {
  /// What makes the clips.
  public enum Motion: String, CaseIterable, SettingValue {
    /// MoSI's window, which moves over a still picture.
    case window
    /// Transformations of a still picture, again and again: PMG.
    case transformations
    /// Real or synthetic videos, as they are.
    case clips
  }

  /// What makes the clips.
  public var motion = Motion.window
  /// The share of each frame's cubes that is hidden, the same places in all frames.
  public var ratio = 0.9
  /// What is predicted of a hidden cube.
  public var targets = MaskedModeling.Targets.normalized
  /// The number of blocks of the decoder.
  public var decoderBlocks = 4
  /// MoSI's window.
  public var window = WindowSettings()
  /// PMG's transformations.
  public var transformations = TransformationSettings()
  /// Videos as they are.
  public var clips = ClipsSettings()

  /// The defaults.
  public init() {}

  /// The keys, in the order of files.
  public static let settings: [Setting<Self>] = [
    .value(
      "motion", \.motion, "What makes the clips. Only the block with its name is read.", isNew: true
    ),
    .value(
      "ratio", \.ratio,
      "The share of each frame's cubes that is hidden, the same places in all frames.",
      .above(0, below: 1), isNew: true),
    .value(
      "targets", \.targets,
      "What is predicted: pixels normalized by their own cube, or as those that enter the network.",
      isNew: true),
    .value(
      "decoder_blocks", \.decoderBlocks, "The number of blocks of the decoder.", .from(1, to: 64),
      isNew: true),
    .group(
      "window", \.window, "MoSI's window, which moves over a still picture.",
      isInUse: { $0.motion == .window }),
    .group(
      "transformations", \.transformations,
      "PMG (Ishikawa et al., ECCV 2024): transformations of a still picture.",
      isInUse: { $0.motion == .transformations }),
    .group(
      "clips", \.clips, "Real or synthetic videos, as they are.", isInUse: { $0.motion == .clips }),
  ]

  /// MoSI's window as a motion.
  public struct WindowSettings: Settings {
    /// The label pool: the set of motions.
    public var labels = LabelSettings()
    /// True for a clip of each motion of each source; false for one clip with a motion drawn at random.
    public var makesAllLabels = false

    /// The defaults.
    public init() {}

    /// The keys, in the order of files.
    public static let settings: [Setting<Self>] = [
      .value(
        "granularity", \.labels.granularity, "The number of speeds in one direction (K).",
        .from(1, to: 64, "speeds"), isNew: true),
      .value("axes", \.labels.axes, "The axes along which windows move.", isNew: true),
      .value(
        "all_labels", \.makesAllLabels,
        "Whether each source gives a clip of each motion; false for one clip with a random motion.",
        isNew: true),
    ]
  }

  /// Clips of videos.
  public struct ClipsSettings: Settings {
    /// The distance between frames, in frames of a video of ``framesPerSecond``.
    public var interval = 4
    /// The frame rate in which ``interval`` is counted.
    public var framesPerSecond = 30.0

    /// The defaults.
    public init() {}

    /// The keys, in the order of files.
    public static let settings: [Setting<Self>] = [
      .value(
        "interval", \.interval,
        "The distance between frames, in frames of a video of frames_per_second.",
        .from(1, to: 1000), isNew: true),
      .value(
        "frames_per_second", \.framesPerSecond,
        "The frame rate in which interval is counted, for videos of any frame rate.",
        .from(0.001, to: 1000, "frames a second"), isNew: true),
    ]
  }
}

extension MaskedModeling.Targets: SettingValue {}
