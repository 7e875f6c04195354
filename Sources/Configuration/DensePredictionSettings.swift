import PretextTasks

/// DPC (Han et al., ICCV workshop 2019) and MemDPC (Han et al., ECCV 2020).
public struct DensePredictionSettings: Settings {
  /// The number of blocks of a sample.
  public var blocks = 8
  /// The number of blocks that are predicted from the others.
  public var predicted = 3
  /// The distance between frames, in frames of the video.
  public var interval = 3
  /// The number of features in MemDPC's memory; nil for DPC.
  public var memorySlots: Int?
  /// The directions in time.
  public var directions = RecurrentAggregator.Directions.forward
  /// The probability that a frame shows one random channel, copied to all three.
  public var splittingProbability = 0.5

  /// The defaults.
  public init() {}

  /// The keys, in the order of files.
  public static let settings: [Setting<Self>] = [
    .value(
      "blocks", \.blocks, "The number of blocks of a sample, of clip.frames each.",
      .from(2, to: 64), isNew: true),
    .value(
      "predicted", \.predicted, "The number of blocks that are predicted from the others.",
      .from(1, to: 63), isNew: true),
    .value(
      "interval", \.interval,
      "The distance between frames, in frames of the video: 3 takes every third one.",
      .from(1, to: 1000), isNew: true),
    .value(
      "memory_slots", \.memorySlots,
      "The number of features in the memory of which predictions are means; null for DPC.",
      .from(2, to: 100_000), isNew: true),
    .value(
      "directions", \.directions,
      "The directions in time: forward as in DPC, or both as in MemDPC.", isNew: true),
    .value(
      "channel_splitting_probability", \.splittingProbability,
      "The probability that a frame shows one random channel, copied to all three.",
      .from(0, to: 1), isNew: true),
  ]

  /// Checks values that depend on each other.
  ///
  /// - Throws: ``ConfigurationError/impossible(key:rule:)``.
  public func checkTogether(_ prefix: String) throws {
    try require(
      predicted < blocks, "\(prefix)predicted",
      "must be less than blocks (\(blocks)), not \(predicted)")
  }

  /// The blocks and layers of the task's network.
  public var plan: DensePredictionNetwork.Plan {
    var plan = DensePredictionNetwork.Plan()
    plan.blocks = blocks
    plan.predicted = predicted
    plan.directions = directions
    plan.memorySlots = memorySlots
    return plan
  }
}

extension RecurrentAggregator.Directions: SettingValue {}
