import Torch
import VideoModels

public struct ModelSettings: Settings {
  public var architecture = Architecture.r2d3d18
  public var width = 64
  public var dropout = 0.5
  /// Batch normalization's epsilon: until it is set, the architecture's own.
  public var batchNormEpsilon: Double {
    get { chosenEpsilon ?? architecture.defaultEpsilon }
    set { chosenEpsilon = newValue }
  }
  private var chosenEpsilon: Double?

  public init() {}

  /// Networks are equal, whether their epsilon was chosen or is the architecture's.
  public static func == (a: Self, b: Self) -> Bool {
    (a.architecture, a.width, a.dropout, a.batchNormEpsilon)
      == (b.architecture, b.width, b.dropout, b.batchNormEpsilon)
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(architecture)
    hasher.combine(width)
    hasher.combine(dropout)
    hasher.combine(batchNormEpsilon)
  }

  public static let settings: [Setting<Self>] = [
    .value("architecture", \.architecture, "The network's architecture; mosi models lists them."),
    .value("width", \.width, "The number of channels of conv1.", .from(1, to: 1024)),
    .value(
      "dropout", \.dropout, "The probability of dropout before the head's linear layer.",
      .from(0, below: 1)),
    .value(
      "batch_norm_epsilon", \.batchNormEpsilon,
      "Added to the variance in batch normalization; default: 0.001, for c3d 0.00001.",
      .positive),
  ]

  /// Refuses clips of which the network's poolings leave nothing.
  ///
  /// - Throws: ``ConfigurationError/impossible(key:rule:)``.
  public func check(frames: Int, size: Int) throws {
    let least = architecture.minimalClip
    for (key, value, least) in [
      ("clip.frames", frames, least.time), ("clip.size", size, max(least.height, least.width)),
    ] {
      try require(
        value >= least, key,
        "must be at least \(least) for model.architecture=\(architecture.rawValue), not \(value)")
    }
  }

  /// The network with a head of `classes`, its weights drawn by `seed`, on the CPU.
  public func makeModel(head: VideoClassifier.Head.Kind, classes: Int, seed: UInt64)
    -> VideoClassifier
  {
    VideoClassifier(
      architecture, width: width, epsilon: batchNormEpsilon, head: head, classes: classes,
      dropout: dropout, using: Generator(seed: seed))
  }
}

extension Architecture: SettingValue {}

/// What convolutions and products are computed in.
public enum Precision: String, CaseIterable, SettingValue {
  case float32
  /// Convolutions and products in bfloat16, weights in float32.
  case bfloat16

  /// What autocast computes in; nil for no autocast.
  public var autocast: DType? { self == .bfloat16 ? .bfloat16 : nil }
}
