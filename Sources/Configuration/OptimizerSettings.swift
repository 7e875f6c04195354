import Foundation
import Torch
import VideoModels

/// The optimizer and its learning rate.
public struct OptimizerSettings: Settings {
  /// The optimizers.
  public enum Kind: String, CaseIterable, SettingValue {
    /// Adam.
    case adam
    /// Adam with decoupled weight decay, and none for biases.
    case adamw
    /// Stochastic gradient descent with momentum.
    case sgd
  }

  /// How the learning rate falls.
  public enum Decay: String, CaseIterable, SettingValue {
    /// Along a cosine over the whole run.
    case cosine
    /// Along a cosine that begins after the warm-up.
    case cosineAfterWarmup = "cosine_after_warmup"
    /// Not at all.
    case constant
    /// By a factor at each milestone.
    case steps
  }

  /// The optimizer.
  public var kind = Kind.adam
  /// The highest learning rate, from which it falls as ``decay`` says.
  public var learningRate = 1e-3
  /// The learning rate at the end of a cosine.
  public var minimumLearningRate = 0.0
  /// How the learning rate falls over the run.
  public var decay = Decay.cosine
  /// For steps: the fractions of the run at which the learning rate falls.
  public var milestones = [0.6, 0.8]
  /// For steps: the factor by which it falls.
  public var milestoneFactor = 0.1
  /// The samples of a step for which the learning rates are meant; nil for no scaling.
  public var baseBatch: Int?
  /// The fraction of the run in which the learning rate rises linearly; the paper uses 10 epochs.
  public var warmupFraction = 0.1
  /// The learning rate of the first step.
  public var warmupStartLearningRate = 1e-4
  /// The L2 penalty, added to the gradients of all parameters except normalizations; for adamw the decoupled decay, also not of
  /// biases.
  public var weightDecay = 1e-4
  /// The momentum of sgd.
  public var momentum = 0.9
  /// The decays of the two moments of adam and adamw.
  public var betas = [0.9, 0.999]
  /// The factor of the learning rate from each layer of the backbone to the one before it; nil for the same rate everywhere.
  public var layerDecay: Double?
  /// True if a step whose loss or gradients are not finite is skipped and counted; false if it ends the run.
  public var skipNonFiniteSteps = false

  /// The defaults.
  public init() {}

  /// The keys, in the order of files.
  public static let settings: [Setting<Self>] = [
    .value("kind", \.kind, "The optimizer."),
    .value(
      "learning_rate", \.learningRate,
      "The highest learning rate, from which it falls as decay says.", .positive),
    .value(
      "min_learning_rate", \.minimumLearningRate, "The learning rate at the end of a cosine.",
      .atLeast(0), isNew: true),
    .value(
      "decay", \.decay,
      "How the learning rate falls: along a cosine, from the start or after the warm-up, not at all, in steps.",
      isNew: true),
    .value(
      "milestones", \.milestones,
      "For decay=steps: the fractions of the run at which the learning rate falls.",
      Rule("must be numbers above 0 and below 1") { $0.allSatisfy { 0 < $0 && $0 < 1 } },
      isNew: true),
    .value(
      "milestone_factor", \.milestoneFactor, "For decay=steps: the factor by which it falls.",
      .above(0, below: 1), isNew: true),
    .value(
      "base_batch", \.baseBatch,
      "The samples of a step for which the rates are meant; other steps scale them; null for never.",
      .from(1, to: 10_000_000),
      isNew: true),
    .value(
      "warmup_fraction", \.warmupFraction,
      "The fraction of the run in which the learning rate rises linearly; the paper uses 10 epochs.",
      .from(0, to: 1), formerly: "warmup_share"),
    .value(
      "warmup_start_learning_rate", \.warmupStartLearningRate,
      "The learning rate of the first step.", .atLeast(0), formerly: "warmup_learning_rate"),
    .value(
      "weight_decay", \.weightDecay,
      "The L2 penalty of all parameters except normalizations; of adamw a decay, also not of biases.",
      .atLeast(0)),
    .value("momentum", \.momentum, "The momentum of sgd.", .from(0, below: 1)),
    .value(
      "betas", \.betas, "The decays of the two moments of adam and adamw.",
      Rule("must be two numbers of at least 0 and below 1") {
        $0.count == 2 && $0.allSatisfy((0..<1).contains)
      }, isNew: true),
    .value(
      "layer_decay", \.layerDecay,
      "The factor of the learning rate from each layer of the backbone to the one before; null for 1.",
      .above(0, to: 1), isNew: true),
    .value(
      "skip_non_finite_steps", \.skipNonFiniteSteps,
      "Whether a step whose loss or gradients are NaN or infinite is skipped and counted; false stops the run.",
      isNew: true),
  ]

  /// Checks values that depend on each other.
  ///
  /// - Throws: ``ConfigurationError/impossible(key:rule:)``.
  public func checkTogether(_ prefix: String) throws {
    try require(
      minimumLearningRate <= learningRate, "\(prefix)min_learning_rate",
      "must be at most learning_rate (\(learningRate)), not \(minimumLearningRate)")
  }

  /// The optimizer of the parameters that are not frozen.
  ///
  /// - Parameters:
  ///   - model: the network, in which the names of `backbone`'s parameters begin with `backbone.`.
  ///   - backbone: tells the layers for ``layerDecay``. Everything else belongs to the last layer.
  ///   - scale: the factor of a parameter's learning rate besides.
  package func makeOptimizer(
    for model: Module, on backbone: Backbone, scale: (Module.Parameter) -> Double = { _ in 1 }
  ) -> any Optimizer {
    let scales = Dictionary(grouping: model.trainableParameters) {
      scale($0) * layerScale(of: $0.name, in: backbone)
    }
    let grouping =
      kind == .adamw ? ParameterGroup.sparingVectors : ParameterGroup.sparingNormalization
    let groups = scales.sorted { $0.key < $1.key }.flatMap { grouping($1, weightDecay, $0) }
    let betas = (betas[0], betas[1])
    return switch kind {
    case .adam: Adam(groups, betas: betas)
    case .adamw: Adam(groups, betas: betas, isDecayDecoupled: true)
    case .sgd: SGD(groups, momentum: momentum)
    }
  }

  /// The factor of the learning rate of a parameter of a network on `backbone`.
  private func layerScale(of parameter: String, in backbone: Backbone) -> Double {
    let (prefix, last) = ("backbone.", backbone.layerCount - 1)
    guard let layerDecay, parameter.hasPrefix(prefix) else { return 1 }
    let layer = backbone.layerIndex(of: String(parameter.dropFirst(prefix.count)))
    return pow(layerDecay, Double(last - layer))
  }

  /// - Parameters:
  ///   - totalSteps: the number of steps of the run.
  ///   - samplesPerStep: the sources or clips of a step, over all processes; see ``baseBatch`` (the linear rule of Goyal et
  ///     al. 2017).
  package func makeSchedule(totalSteps: Int, samplesPerStep: Int) -> LearningRateSchedule {
    let scale = baseBatch.map { Double(samplesPerStep) / Double($0) } ?? 1
    let decay: LearningRateSchedule.Decay =
      switch decay {
      case .cosine: .cosine
      case .cosineAfterWarmup: .cosineAfterWarmup
      case .constant: .constant
      case .steps: .steps(at: milestones, factor: milestoneFactor)
      }
    return LearningRateSchedule(
      base: learningRate * scale, minimum: minimumLearningRate * scale, decay: decay,
      warmupStart: warmupStartLearningRate * scale,
      warmupSteps: Int((warmupFraction * Double(totalSteps)).rounded()), totalSteps: totalSteps)
  }
}

/// What is recorded and saved, and when.
public struct RecordSettings: Settings {
  /// The number of steps between lines of metrics.jsonl.
  public var logEverySteps = 1
  /// Minutes after which a checkpoint is written even within an epoch.
  public var checkpointEveryMinutes = 10.0
  /// The number of steps between checkpoints; nil to write them by time only.
  public var checkpointEverySteps: Int?
  /// The number of checkpoints to keep for resuming.
  public var keepCheckpoints = 1

  /// The defaults.
  public init() {}

  /// The keys, in the order of files.
  public static let settings: [Setting<Self>] = [
    .value(
      "log_every_steps", \.logEverySteps, "The number of steps between lines of metrics.jsonl.",
      .atLeast(1), formerly: "step_interval"),
    .value(
      "checkpoint_every_minutes", \.checkpointEveryMinutes,
      "Minutes after which a checkpoint is written even within an epoch.", .positive,
      formerly: "checkpoint_minutes"),
    .value(
      "checkpoint_every_steps", \.checkpointEverySteps,
      "The number of steps between checkpoints, in addition to those by time; null for none.",
      .atLeast(1), isNew: true),
    .value(
      "keep_checkpoints", \.keepCheckpoints,
      "The number of checkpoints to resume from: last.safetensors, and earlier ones in checkpoints/.",
      .from(1, to: 1000), isNew: true),
  ]
}
