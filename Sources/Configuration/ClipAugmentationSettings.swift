/// Augmentation of training clips that the paper does not use; off by default. The recipes of VideoMAE have it.
public struct ClipAugmentationSettings: Settings {
  /// The parameter of the beta distribution of Mixup's shares; nil for no Mixup.
  public var mixupAlpha: Double?
  /// The parameter of the beta distribution of CutMix's areas; nil for no CutMix.
  public var cutmixAlpha: Double?
  /// The number of random operations that are drawn for a clip; 0 for none.
  public var randomOperations = 0
  /// The probability that a drawn operation is done.
  public var operationProbability = 0.5
  /// The mean strength of operations, from 0 to 10.
  public var magnitude = 7.0
  /// The standard deviation of the strength.
  public var magnitudeDeviation = 0.5
  /// The probability that a rectangle of a clip is replaced by noise.
  public var erasingProbability = 0.0
  /// The number of clips that are made of each one that is read.
  public var repeats = 1

  /// The defaults.
  public init() {}

  /// The keys, in the order of files.
  public static let settings: [Setting<Self>] = [
    .value(
      "mixup_alpha", \.mixupAlpha,
      "Mixes clips and classes of a batch, by a share of Beta(alpha, alpha); null for none.",
      .from(0.001, to: 100), isNew: true),
    .value(
      "cutmix_alpha", \.cutmixAlpha,
      "Puts a rectangle of another clip into each, of an area of Beta(alpha, alpha); null for none.",
      .from(0.001, to: 100), isNew: true),
    .value(
      "random_operations", \.randomOperations,
      "The number of operations drawn for a clip, the same for its frames, after RandAugment; 0 for none.",
      .from(0, to: 16), isNew: true),
    .value(
      "operation_probability", \.operationProbability,
      "The probability that a drawn operation is done.", .from(0, to: 1), isNew: true),
    .value(
      "magnitude", \.magnitude, "The mean strength of operations.", .from(0, to: 10), isNew: true),
    .value(
      "magnitude_deviation", \.magnitudeDeviation, "The standard deviation of their strength.",
      .from(0, to: 10), isNew: true),
    .value(
      "erasing_probability", \.erasingProbability,
      "The probability that a rectangle of a clip, the same in all frames, is replaced by noise.",
      .from(0, to: 1), isNew: true),
    .value(
      "repeats", \.repeats,
      "Clips made of the frames that are read, each with its own crop; all count in the step, not in its rate.",
      .from(1, to: 16), isNew: true),
  ]
}
