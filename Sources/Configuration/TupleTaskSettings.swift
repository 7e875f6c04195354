import PretextTasks

// The tasks whose classes belong to tuples of clips or frames. They count frames of the video itself, whatever its rate, and
// skip videos that are too short.

/// VCOP (Xu et al., CVPR 2019).
public struct ClipOrderSettings: Settings {
  /// The number of clips of a video. There is a class for each order.
  public var clips = 3
  /// The number of frames between two clips.
  public var gap = 8

  /// The defaults.
  public init() {}

  /// The keys, in the order of files.
  public static let settings: [Setting<Self>] = [
    .value(
      "clips", \.clips, "The number of clips of a video. There is a class for each order.",
      .from(2, to: 5, "clips"), isNew: true),
    .value(
      "gap", \.gap, "The number of frames of the video between two clips.", .from(0, to: 1000),
      isNew: true),
  ]
}

/// VCP (Luo et al., AAAI 2020).
public struct ClozeSettings: Settings {
  /// The number of frames between two clips.
  public var gap = 8
  /// The permutations of a clip's quarters.
  public var permutations = Cloze.Permutations.all

  /// The defaults.
  public init() {}

  /// The keys, in the order of files.
  public static let settings: [Setting<Self>] = [
    .value(
      "gap", \.gap, "The number of frames of the video between two clips.", .from(0, to: 1000),
      isNew: true),
    .value(
      "permutations", \.permutations,
      "The exchanges of a clip's quarters: all 23, or only the reversal (the paper's are unknown).",
      isNew: true),
  ]
}

/// OPN (Lee et al., ICCV 2017).
public struct FrameOrderSettings: Settings {
  /// The least number of frames from the first to the last of the four.
  public var shortestWindow = 9
  /// The greatest number of frames from the first to the last of the four.
  public var longestWindow = 15
  /// The number of pixels by which the region of all four frames is larger than a frame.
  public var margin = 20
  /// The maximum shift of a frame in the region, in pixels.
  public var shift = 5
  /// True if each frame shows one random channel, copied to all three.
  public var splitsChannels = true

  /// The defaults.
  public init() {}

  /// The keys, in the order of files.
  public static let settings: [Setting<Self>] = [
    .value(
      "shortest_window", \.shortestWindow,
      "The fewest frames from the first to the last of the four (the paper's rule is unpublished).",
      .from(4, to: 1000), isNew: true),
    .value(
      "longest_window", \.longestWindow,
      "The most frames from the first to the last of the four; shorter videos are skipped.",
      .from(4, to: 1000), isNew: true),
    .value(
      "margin", \.margin,
      "The pixels by which the region common to the four frames is larger than a frame.",
      .from(0, to: 1000), isNew: true),
    .value(
      "shift", \.shift, "The maximum shift of each frame within the region, in pixels.",
      .from(0, to: 1000), isNew: true),
    .value(
      "channel_splitting", \.splitsChannels,
      "Whether each frame shows one random channel, copied to all three.", isNew: true),
  ]

  /// Checks values that depend on each other.
  ///
  /// - Throws: ``ConfigurationError/impossible(key:rule:)``.
  public func checkTogether(_ prefix: String) throws {
    try require(
      shortestWindow <= longestWindow, "\(prefix)longest_window",
      "must be at least shortest_window (\(shortestWindow)), not \(longestWindow)")
  }
}

/// ST-Puzzle (Kim et al., AAAI 2019).
public struct CubicPuzzleSettings: Settings {
  /// The number of frames of a cell: a fourth of the frames of a sample.
  public var cellFrames = 16
  /// The side of a cell in pixels.
  public var cellSize = 112
  /// The puzzles that are made of a sample.
  public var puzzles = CubicPuzzle.Puzzles.both
  /// The frames that show the same random channel.
  public var channelReplication = CubicPuzzle.ChannelReplication.sample

  /// The defaults.
  public init() {}

  /// The keys, in the order of files.
  public static let settings: [Setting<Self>] = [
    .value(
      "cell_frames", \.cellFrames,
      "The frames of a cell; beyond clip.frames they are room for jitter (the paper's is unknown).",
      .from(2, to: 1024), isNew: true),
    .value(
      "cell_size", \.cellSize,
      "The side of a cell in pixels; what exceeds clip.size is room for jitter.", .atLeast(8),
      isNew: true),
    .value(
      "puzzles", \.puzzles,
      "The puzzles made of each sample (whether the paper uses both at once is unknown).",
      isNew: true),
    .value(
      "channel_replication", \.channelReplication,
      "What shows one random channel, copied to all three (the paper's choice is unknown).",
      isNew: true),
  ]
}

extension Cloze.Permutations: SettingValue {}
extension CubicPuzzle.Puzzles: SettingValue {}
extension CubicPuzzle.ChannelReplication: SettingValue {}
