import Torch

public struct OptimizerSettings: Settings {
  public enum Kind: String, CaseIterable, SettingValue {
    case adam
    case sgd
  }

  public var kind = Kind.adam
  public var learningRate = 1e-3
  public var warmupFraction = 0.1
  public var warmupStartLearningRate = 1e-4
  public var weightDecay = 1e-4
  public var momentum = 0.9

  public init() {}

  public static let settings: [Setting<Self>] = [
    .value("kind", \.kind, "The optimizer."),
    .value(
      "learning_rate", \.learningRate,
      "The highest learning rate, from which it falls to 0 along a cosine.", .positive),
    .value(
      "warmup_fraction", \.warmupFraction,
      "The fraction of the run in which the rate first rises linearly: the paper's 10 of its epochs.",
      .from(0, to: 1), formerly: "warmup_share"),
    .value(
      "warmup_start_learning_rate", \.warmupStartLearningRate,
      "The learning rate of the first step.", .atLeast(0), formerly: "warmup_learning_rate"),
    .value(
      "weight_decay", \.weightDecay, "L2, added to the gradients of all but the normalizations.",
      .atLeast(0)),
    .value("momentum", \.momentum, "The momentum of sgd.", .from(0, below: 1)),
  ]

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
      base: learningRate, warmupStart: warmupStartLearningRate,
      warmupSteps: Int((warmupFraction * Double(totalSteps)).rounded()), totalSteps: totalSteps)
  }
}

public struct RecordSettings: Settings {
  public var logEverySteps = 1
  public var checkpointEveryMinutes = 10.0

  public init() {}

  public static let settings: [Setting<Self>] = [
    .value(
      "log_every_steps", \.logEverySteps, "The number of steps between lines of metrics.jsonl.",
      .atLeast(1), formerly: "step_interval"),
    .value(
      "checkpoint_every_minutes", \.checkpointEveryMinutes,
      "Minutes after which a checkpoint is written also within an epoch.", .positive,
      formerly: "checkpoint_minutes"),
  ]
}
