// The parts of a configuration that pre-training and fine-tuning share; defaults are pre-training's.

import MoSI
import Pretext
import Torch
import VideoModels

public struct JitterSettings: Codable, Equatable, Sendable {
  public var brightness = 0.5
  public var contrast = 0.5
  public var saturation = 0.5
  public var hue = 0.25
  public var greyscale = 0.3

  package var jitter: ColorJitter {
    ColorJitter(
      brightness: brightness, contrast: contrast, saturation: saturation, hue: hue,
      greyscale: greyscale)
  }

  package func check() throws {
    for (key, value, limit) in [
      ("brightness", brightness, 10), ("contrast", contrast, 10), ("saturation", saturation, 10),
      ("hue", hue, 0.5), ("greyscale", greyscale, 1),
    ] {
      try require(
        (0...limit).contains(value), "jitter.\(key)", "must be from 0 to \(limit), not \(value)")
    }
  }
}

public struct NormalizationSettings: Codable, Equatable, Sendable {
  public var mean = [0.45, 0.45, 0.45]
  public var deviation = [0.225, 0.225, 0.225]

  public init() {}

  /// That of torchvision's video networks, which were trained on Kinetics-400.
  package static let kinetics = {
    var settings = Self()
    settings.mean = [0.43216, 0.394666, 0.37645]
    settings.deviation = [0.22803, 0.22145, 0.216989]
    return settings
  }()

  public var normalization: Normalization { Normalization(mean: mean, deviation: deviation) }

  package func check() throws {
    try require(mean.count == 3, "normalization.mean", "must be three numbers")
    try require(
      deviation.count == 3 && deviation.allSatisfy { $0 > 0 }, "normalization.deviation",
      "must be three positive numbers")
  }
}

public struct ModelSettings: Codable, Equatable, Sendable {
  public var architecture = Architecture.r2d3d18
  /// The channels of conv1.
  public var width = 64
  /// The head's dropout.
  public var dropout = 0.5
  public var batchNormEpsilon = 1e-3

  public init() {}

  /// The network with a head of `classes`, its weights drawn by `seed`, on the CPU.
  public func makeModel(head: VideoClassifier.Head.Kind, classes: Int, seed: UInt64)
    -> VideoClassifier
  {
    Runtime.seed(seed)
    return VideoClassifier(
      architecture, width: width, epsilon: batchNormEpsilon, head: head, classes: classes,
      dropout: dropout)
  }

  package func check() throws {
    try require((1...1024).contains(width), "model.width", "must be from 1 to 1024, not \(width)")
    try require(
      (0..<1).contains(dropout), "model.dropout", "must be at least 0 and below 1, not \(dropout)")
    try require(batchNormEpsilon > 0, "model.batch_norm_epsilon", "must be positive")
  }
}

public struct OptimizerSettings: Codable, Equatable, Sendable {
  public enum Kind: String, Codable, CaseIterable, Sendable {
    case adam
    case sgd
  }

  public var kind = Kind.adam
  public var learningRate = 1e-3
  /// The share of the run in which the rate rises linearly: the paper's 10 of 100 epochs, 2 of 20 for Kinetics.
  public var warmupShare = 0.1
  public var warmupLearningRate = 1e-4
  /// Added to the gradient as L2; normalizations are spared.
  public var weightDecay = 1e-4
  /// For sgd.
  public var momentum = 0.9

  /// Of the parameters that are not frozen.
  ///
  /// - Parameter scale: by how much the learning rate of a parameter is multiplied.
  package func makeOptimizer(
    for model: Module, scale: (Module.Parameter) -> Double = { _ in 1 }
  ) -> any Optimizer {
    let scales = Dictionary(grouping: model.trainableParameters, by: scale)
    let groups = scales.sorted { $0.key < $1.key }.flatMap {
      ParameterGroup.sparingNormalization(
        $1, weightDecay: weightDecay, learningRateScale: $0)
    }
    return switch kind {
    case .adam: Adam(groups)
    case .sgd: SGD(groups, momentum: momentum)
    }
  }

  package func makeSchedule(totalSteps: Int) -> CosineSchedule {
    CosineSchedule(
      base: learningRate, warmupStart: warmupLearningRate,
      warmupSteps: Int((warmupShare * Double(totalSteps)).rounded()), totalSteps: totalSteps)
  }

  package func check() throws {
    try require(learningRate > 0, "optimizer.learning_rate", "must be positive")
    try require(warmupLearningRate >= 0, "optimizer.warmup_learning_rate", "must not be negative")
    try require(
      (0...1).contains(warmupShare), "optimizer.warmup_share",
      "must be from 0 to 1, not \(warmupShare)")
    try require(weightDecay >= 0, "optimizer.weight_decay", "must not be negative")
    try require((0..<1).contains(momentum), "optimizer.momentum", "must be in 0 ..< 1")
  }
}

public enum Precision: String, Codable, CaseIterable, Sendable {
  case float32
  /// Convolutions and products in bfloat16, weights in float32.
  case bfloat16

  /// What autocast computes in; nil for no autocast.
  public var autocast: DType? { self == .bfloat16 ? .bfloat16 : nil }
}

public struct RecordSettings: Codable, Equatable, Sendable {
  /// Every so many steps a line in metrics.jsonl.
  public var stepInterval = 1
  /// Minutes after which a checkpoint is written also within an epoch.
  public var checkpointMinutes = 10.0

  package func check() throws {
    try require(stepInterval >= 1, "records.step_interval", "must be at least 1")
    try require(checkpointMinutes > 0, "records.checkpoint_minutes", "must be positive")
  }
}

/// - Throws: ``ConfigurationError/impossible(key:rule:)`` unless `holds`.
package func require(_ holds: Bool, _ key: String, _ rule: String) throws {
  guard holds else { throw ConfigurationError.impossible(key: key, rule: rule) }
}
