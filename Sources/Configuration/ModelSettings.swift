import Torch
import VideoModels

/// The network.
public struct ModelSettings: Settings {
  /// The network's architecture; mosi models lists them.
  public var architecture = Architecture.r2d3d18
  /// The number of channels of conv1.
  public var width = 64
  /// The probability of dropout before the head's linear layer.
  public var dropout = 0.5
  /// The epsilon of batch normalization; the architecture's own until it is set.
  public var batchNormEpsilon: Double {
    get { chosenEpsilon ?? architecture.defaultEpsilon }
    set { chosenEpsilon = newValue }
  }
  private var chosenEpsilon: Double?

  /// The defaults.
  public init() {}

  /// True if the networks are equal, even if only one of them sets the architecture's epsilon explicitly.
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

  /// The keys, in the order of files.
  public static let settings: [Setting<Self>] = [
    .value("architecture", \.architecture, "The network's architecture; mosi models lists them."),
    .value("width", \.width, "The number of channels of conv1.", .from(1, to: 1024)),
    .value(
      "dropout", \.dropout, "The probability of dropout before the head's linear layer.",
      .from(0, below: 1)),
    .value(
      "batch_norm_epsilon", \.batchNormEpsilon,
      "Added to the variance in batch normalization; default: 0.001, or 0.00001 as in a network's own code.",
      .positive),
  ]

  /// Checks that the network's poolings do not reduce clips of this size, whose key is `sizeKey`, to nothing.
  ///
  /// - Throws: ``ConfigurationError/impossible(key:rule:)``.
  public func check(frames: Int, size: Int, sizeKey: String = "clip.size") throws {
    let least = architecture.minimalClip
    for (key, value, least) in [
      ("clip.frames", frames, least.time), (sizeKey, size, max(least.height, least.width)),
    ] {
      try require(
        value >= least, key,
        "must be at least \(least) for model.architecture=\(architecture.rawValue), not \(value)")
    }
  }

  /// The network with a head for `classes` classes on the CPU, initialized with the random seed `seed`.
  public func makeModel(head: VideoClassifier.Head.Kind, classes: Int, seed: UInt64)
    -> VideoClassifier
  {
    VideoClassifier(
      architecture, width: width, epsilon: batchNormEpsilon, head: head, classes: classes,
      dropout: dropout, using: Generator(seed: seed))
  }
}

extension Architecture: SettingValue {}

/// The precision of convolutions and matrix products.
public enum Precision: String, CaseIterable, SettingValue {
  /// Everything in float32.
  case float32
  /// Convolutions and matrix products in bfloat16, weights in float32.
  case bfloat16
  /// Convolutions and matrix products in float16, weights in float32, with a scaled loss: for GPUs without bfloat16, such
  /// as the V100 and the T4.
  case float16

  /// The type that autocast uses; nil for no autocast.
  public var autocast: DType? {
    switch self {
    case .float32: nil
    case .bfloat16: .bfloat16
    case .float16: .float16
    }
  }

  /// True if the loss must be scaled, because small gradients would become zero.
  public var scalesLoss: Bool { self == .float16 }
}
