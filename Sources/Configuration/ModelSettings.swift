import PretextTasks
import Torch
import VideoModels

/// The network.
public struct ModelSettings: Settings {
  /// The network's architecture; mosi models lists them.
  public var architecture = Architecture.r2d3d18
  /// The number of channels of conv1, or of a transformer's head.
  public var width = 64
  /// The probability of dropout before the head's linear layer.
  public var dropout = 0.5
  /// The probability with which a transformer's last block is left out for a clip while training.
  public var dropPath = 0.0
  /// The epsilon of batch or layer normalization; the architecture's own until it is set.
  public var batchNormEpsilon: Double {
    get { chosenEpsilon ?? architecture.defaultEpsilon }
    set { chosenEpsilon = newValue }
  }
  private var chosenEpsilon: Double?
  /// The positions of a transformer's tokens; nil for the architecture's own.
  public var positions: TokenPositions.Scheme?
  /// The recurrent network that makes features of the backbone's output, as DPC and MemDPC train it; nil for the global
  /// average. Only for fine-tuning.
  public var aggregator: RecurrentAggregator.Directions?
  /// The number of blocks in time into which a clip is divided for an ``aggregator``, each encoded on its own. 8 in DPC and
  /// MemDPC.
  public var aggregatorBlocks = 1

  /// The defaults.
  public init() {}

  /// True if the networks are equal, even if only one of them sets the architecture's epsilon or positions explicitly.
  public static func == (a: Self, b: Self) -> Bool {
    (a.architecture, a.width, a.dropout, a.dropPath, a.batchNormEpsilon)
      == (b.architecture, b.width, b.dropout, b.dropPath, b.batchNormEpsilon)
      && (a.tokenPositions, a.aggregator, a.aggregatorBlocks)
        == (b.tokenPositions, b.aggregator, b.aggregatorBlocks)
  }

  /// The positions of the network's tokens, the architecture's own if none are set; nil for networks without tokens.
  public var tokenPositions: TokenPositions.Scheme? { positions ?? architecture.defaultPositions }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(architecture)
    hasher.combine(width)
    hasher.combine(dropout)
    hasher.combine(dropPath)
    hasher.combine(batchNormEpsilon)
    hasher.combine(tokenPositions)
    hasher.combine(aggregator)
    hasher.combine(aggregatorBlocks)
  }

  /// The keys, in the order of files.
  public static let settings: [Setting<Self>] = [
    .value("architecture", \.architecture, "The network's architecture; mosi models lists them."),
    .value(
      "width", \.width, "The number of channels of conv1, or of a transformer's head.",
      .from(1, to: 1024)),
    .value(
      "dropout", \.dropout, "The probability of dropout before the head's linear layer.",
      .from(0, below: 1)),
    .value(
      "drop_path", \.dropPath,
      "The probability with which a transformer's last block is left out for a clip while training.",
      .from(0, below: 1), isNew: true),
    .value(
      "batch_norm_epsilon", \.batchNormEpsilon,
      "Added to the variance in normalizations; default: 0.001, or 0.00001 or 0.000001 as in a network's own code.",
      .positive),
    .value(
      "positions", \.positions,
      "Positions of a transformer's tokens: by number (as VideoMAE), or by time, row and column; null for its own.",
      isNew: true),
    .value(
      "aggregator", \.aggregator,
      "In fine-tuning, the recurrent network on the backbone that DPC or MemDPC trained; null for none.",
      isNew: true),
    .value(
      "aggregator_blocks", \.aggregatorBlocks,
      "Parts of a clip, each encoded on its own, that the aggregator takes one after another; 8 in DPC.",
      .from(1, to: 1000), isNew: true),
  ]

  /// Checks that the network's poolings do not reduce clips of this size, whose key is `sizeKey`, to nothing, and that a
  /// transformer sees all of a clip.
  ///
  /// - Throws: ``ConfigurationError/impossible(key:rule:)``.
  public func check(frames: Int, size: Int, sizeKey: String = "clip.size") throws {
    let least = architecture.minimalClip
    let blocks = aggregatorBlocks
    try require(
      blocks == 1 || aggregator != nil, "model.aggregator_blocks",
      "is for model.aggregator, which is null")
    try require(
      frames % blocks == 0, "clip.frames",
      "must be a multiple of \(blocks) for model.aggregator_blocks=\(blocks), not \(frames)")
    for (key, value, least) in [
      ("clip.frames", frames, least.time * blocks), (sizeKey, size, max(least.height, least.width)),
    ] {
      try require(
        value >= least, key,
        "must be at least \(least) for model.architecture=\(architecture.rawValue), not \(value)")
    }
    let unit = architecture.clipUnit
    for (key, value, unit) in [
      ("clip.frames", frames, unit.time * blocks), (sizeKey, size, unit.width),
    ] {
      try require(
        value % unit == 0, key,
        "must be a multiple of \(unit) for model.architecture=\(architecture.rawValue), not \(value)"
      )
    }
    try require(
      dropPath == 0 || architecture.isTransformer, "model.drop_path",
      "must be 0 for model.architecture=\(architecture.rawValue): only transformers have it")
    try require(
      positions == nil || architecture.isTransformer, "model.positions",
      "must be null for model.architecture=\(architecture.rawValue): only transformers have tokens")
  }

  /// The network with a head for `classes` classes on the CPU, initialized with the random seed `seed`.
  public func makeModel(head: VideoClassifier.Head.Kind, classes: Int, seed: UInt64)
    -> VideoClassifier
  {
    makeModel(head: head, classes: classes, using: Generator(seed: seed))
  }

  /// The network with a head for `classes` classes on the generator's device. Weights are drawn from the backbone on.
  ///
  /// - Parameters:
  ///   - head: the kind of head.
  ///   - classes: the number of classes.
  ///   - other: the aggregator in place of ``aggregator``; nil for that one.
  ///   - generator: draws the weights.
  public func makeModel(
    head: VideoClassifier.Head.Kind, classes: Int, aggregator other: FeatureAggregator? = nil,
    using generator: Generator
  ) -> VideoClassifier {
    let backbone = makeBackbone(using: generator)
    let own =
      other
      ?? aggregator.map {
        RecurrentAggregator(
          backbone.featureCount, directions: $0, gain: 1, dropout: 0.1, using: generator)
      }
    return VideoClassifier(
      backbone: backbone, aggregator: own, blocks: own == nil ? 1 : aggregatorBlocks,
      head: .init(
        head, features: own?.featureCount ?? backbone.featureCount, classes: classes,
        dropout: dropout, normalizes: own != nil, using: generator))
  }
}

extension ModelSettings {
  /// The network without a head, on the generator's device.
  public func makeBackbone(using generator: Generator) -> Backbone {
    architecture.makeBackbone(
      width: width, epsilon: batchNormEpsilon, dropPath: dropPath, positions: positions,
      using: generator)
  }
}

extension Architecture: SettingValue {}
extension TokenPositions.Scheme: SettingValue {}

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
