import Configuration
import Torch
import VideoModels

/// The speed at which a device trains: floating-point operations per second of the network's convolutions and linear
/// layers. A training step counts three times the forward passes of its clips.
public struct Throughput: Sendable, Codable, Equatable {
  /// Floating-point operations per second.
  public let operationsPerSecond: Double
  /// How the number was obtained, in words.
  public let origin: String

  /// An assumed H100: the dense peak of TF32 tensor cores (NVIDIA's data sheet, SXM5) times an assumed, not measured,
  /// share. Normalization, small numbers of channels and temporal kernels leave most of the peak unused.
  public static let h100 = Throughput(
    operationsPerSecond: 494.7e12 * assumedUtilization,
    origin: "assumed: 10% of one H100's 495 TFLOP/s (TF32), decoding not the bottleneck")
  private static let assumedUtilization = 0.1

  /// A throughput of `operationsPerSecond`, obtained as `origin` says.
  public init(operationsPerSecond: Double, origin: String) {
    self.operationsPerSecond = operationsPerSecond
    self.origin = origin
  }

  /// The seconds that this number of operations takes.
  public func seconds(_ operations: Double) -> Double { operations / operationsPerSecond }
}

extension Throughput {
  /// How thorough the measurement is.
  public enum Effort: Sendable {
    /// A few seconds at most, with few and, if necessary, smaller clips.
    case quick
    /// A few seconds: the median of at least three steps.
    case thorough
  }

  /// Times training steps on `device`.
  ///
  /// - Parameters:
  ///   - step: the network and the clips of a step; fewer clips are measured if they suffice.
  ///   - device: the device to measure.
  ///   - effort: how thorough the measurement is.
  public static func measured(_ step: TrainingStep, on device: Device, effort: Effort = .thorough)
    -> Throughput
  {
    var step = step
    var cost = 3 * step.forwards
    if effort == .quick, !device.isCUDA {
      // The speed hardly depends on the size of the clips.
      while cost > quickOperations, step.size >= 64 {
        step.size /= 2
        cost = 3 * step.forwards
      }
    }
    // A tenth of a TFLOP suffices to measure a CPU; a GPU is only busy with whole batches.
    let operations = effort == .quick ? quickOperations : 1e11
    let most = device.isCUDA ? step.clips : Int(operations / cost)
    let count = max(effort == .quick ? 1 : 2, min(step.clips, most))
    let timer = StepTimer(step, clips: count, on: device)
    let typical =
      switch effort {
      case .quick: timer.quickSeconds()
      case .thorough: timer.medianSeconds()
      }
    return Throughput(
      operationsPerSecond: cost * Double(count) / max(typical, 1e-9),
      origin: "measured on \(device): steps of \(count) clips")
  }

  /// Times steps of a pre-training with all that they do after reading: the task makes clips and answers, and trains its
  /// own layers too. Operations are those that ``TrainingCost`` counts; a task with a large decoder has a lower throughput.
  /// It takes a few seconds at most.
  ///
  /// On a CPU, fewer samples are measured if they suffice and, if a sample takes too long, smaller clips, whose speed hardly
  /// differs. If those take too long as well, only steps of the backbone with a classifier are timed.
  ///
  /// - Parameters:
  ///   - configuration: the pre-training.
  ///   - device: the device to measure.
  ///   - limit: the most operations of a sample that are tried on a CPU.
  public static func measured(
    _ configuration: PretrainingConfiguration, on device: Device,
    upTo limit: Double = quickOperations
  ) -> Throughput {
    var cost = TrainingCost()
    var configuration = configuration
    var perSample = 3 * cost.forwardsPerSample(configuration)
    var count = configuration.batch.sources
    if !device.isCUDA {
      let whole = configuration
      while perSample > limit, let smaller = configuration.withHalfTheSide {
        configuration = smaller
        perSample = 3 * cost.forwardsPerSample(configuration)
      }
      guard perSample <= limit else {
        return .measured(TrainingStep(whole), on: device, effort: .quick)
      }
      // Tasks whose other samples are negatives need two.
      count = min(count, max(2, Int(limit / perSample)))
    }
    let timer = StepTimer(configuration.makeTask(), configuration, samples: count, on: device)
    return Throughput(
      operationsPerSecond: perSample * Double(count) / max(timer.quickSeconds(), 1e-9),
      origin: "measured on \(device): steps of \(count) samples")
  }

  /// The operations of a step that takes an ordinary CPU a second.
  public static let quickOperations = 5e10
}

extension PretrainingConfiguration {
  /// The same with frames and clips of half the side; nil if clips would have less than 32 pixels, or the task needs others.
  fileprivate var withHalfTheSide: Self? {
    guard clip.size >= 64 else { return nil }
    var smaller = self
    smaller.sources.size /= 2
    smaller.clip.size /= 2
    smaller.task.frameOrder.margin /= 2
    smaller.task.cubicPuzzle.cellSize /= 2
    smaller.task.speed.smallestSize /= 2
    return (try? smaller.check()) == nil ? nil : smaller
  }
}
