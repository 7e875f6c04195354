import PretextTasks

// The tasks about playback speed. They count frames of the video itself, whatever its rate, and skip videos that are too short.

/// SpeedNet (Benaim et al., CVPR 2020).
public struct SpeedSettings: Settings {
  /// The least side in pixels to which clips are scaled in training.
  public var smallestSize = 64
  /// The range of the factors by which clips of normal speed are sped up.
  public var normalFactors = 1.0...1.2
  /// The range of the factors by which fast clips are sped up.
  public var fastFactors = 1.7...2.2
  /// The pooling of the features.
  public var pooling = SpeedNetwork.Pooling.maxOverSpace

  /// The defaults.
  public init() {}

  /// The keys, in the order of files.
  public static let settings: [Setting<Self>] = [
    .value(
      "smallest_size", \.smallestSize,
      "The least side of clips in pixels; that of a batch is random, up to clip.size.",
      .from(8, to: 4096), isNew: true),
    .value(
      "normal_factors", \.normalFactors,
      "The factors by which clips of normal speed are sped up (from an unofficial port).",
      .factors, isNew: true),
    .value(
      "fast_factors", \.fastFactors,
      "The factors by which fast clips are sped up (from an unofficial port).", .factors,
      isNew: true),
    .value(
      "pooling", \.pooling,
      "The axes of the maximum; the mean is over the others (the paper's are unconfirmed).",
      isNew: true),
  ]

  /// Checks values that depend on each other.
  ///
  /// - Throws: ``ConfigurationError/impossible(key:rule:)``.
  public func checkTogether(_ prefix: String) throws {
    try require(
      normalFactors.upperBound < fastFactors.lowerBound, "\(prefix)fast_factors",
      "must be above normal_factors, which end at \(normalFactors.upperBound)")
  }
}

extension Rule<ClosedRange<Double>> {
  fileprivate static var factors: Self {
    Self("must be two numbers [lower, upper] with 1 <= lower <= upper <= 3") {
      1 <= $0.lowerBound && $0.upperBound <= 3
    }
  }
}

/// PRP (Yao et al., CVPR 2020).
public struct PlaybackRateSettings: Settings {
  /// The rates: every how many frames of the video a clip has one.
  public var rates = [1, 2, 4, 8]
  /// The weight of the classification in the loss.
  public var classificationWeight = 0.1
  /// The weights of the reconstruction's pixels, where least moves and where most does.
  public var attention = 0.8...2.0

  /// The defaults.
  public init() {}

  /// The keys, in the order of files.
  public static let settings: [Setting<Self>] = [
    .value(
      "rates", \.rates,
      "Every how many frames of the video a clip has one; videos too short for the last are skipped.",
      Rule("must be at least two whole numbers in ascending order") {
        $0.count > 1 && zip($0, $0.dropFirst()).allSatisfy { $0 < $1 } && $0[0] > 0
      }, isNew: true),
    .value(
      "classification_weight", \.classificationWeight,
      "The weight of the rates' cross-entropy; the reconstruction has 1 (the paper's are unconfirmed).",
      .above(0, to: 1000), isNew: true),
    .value(
      "attention", \.attention,
      "The weights of a reconstructed pixel, where least moves and where most does.",
      Rule("must be two numbers [lower, upper] with 0 <= lower") { 0 <= $0.lowerBound },
      isNew: true),
  ]
}

extension SpeedNetwork.Pooling: SettingValue {}
