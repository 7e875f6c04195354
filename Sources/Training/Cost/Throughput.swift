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
    /// At most two seconds on common machines, with few and, if necessary, smaller clips.
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
    var times = [timer.seconds()]
    switch effort {
    case .quick:
      // The first step is slower than the others, but suffices if it takes long.
      while times.count < 4, times.reduce(0, +) + (times.last ?? 0) < 1.5 {
        times.append(timer.seconds())
      }
    case .thorough:
      times = []
      repeat { times.append(timer.seconds()) } while times.count < 3 || times.reduce(0, +) < 1.5
    }
    let typical = effort == .quick ? times.min() ?? 0 : times.sorted()[times.count / 2]
    return Throughput(
      operationsPerSecond: cost * Double(count) / max(typical, 1e-9),
      origin: "measured on \(device): steps of \(count) clips")
  }

  private static let quickOperations = 5e10
}

/// Training steps of a network on gray clips.
private struct StepTimer {
  private let model: VideoClassifier
  private let optimizer: SGD
  private let clips: Tensor
  private let labels: Tensor
  private let step: TrainingStep
  private let device: Device

  init(_ step: TrainingStep, clips count: Int, on device: Device) {
    (self.step, self.device) = (step, device)
    model = step.model.makeModel(head: .pretext, classes: step.classes, seed: 0)
    model.move(to: device)
    model.setGenerator(Generator(seed: 0, device: device))
    optimizer = SGD(
      ParameterGroup.sparingNormalization(model.trainableParameters, weightDecay: 0))
    clips = Tensor.full([count, 3, step.frames, step.size, step.size], 0.5, device: device)
      .contiguous(.video)
    labels = Tensor((0..<count).map { $0 % step.classes }).to(device)
  }

  /// The seconds of one step.
  func seconds() -> Double {
    let start = ContinuousClock.now
    let loss = withAutocast(step.precision.autocast, on: device) {
      crossEntropy(model(clips), labels)
    }
    loss.backward()
    optimizer.clearGradients()
    // This waits for the device.
    _ = loss.item
    return (ContinuousClock.now - start) / .seconds(1)
  }
}
