import Configuration
import Foundation
import MoSI
import Torch
import Training
import VideoModels

/// How fast a device trains, in floating-point operations a second that the network's convolutions and linear layers
/// need; a step is counted as three times its clips forwards.
public struct Throughput: Sendable, Codable, Equatable {
  public let operationsPerSecond: Double
  /// Where the number comes from, in words.
  public let origin: String

  /// The product of TF32 tensor cores' dense peak (NVIDIA's data sheet, SXM5) and a share of it that has not been
  /// measured: normalizations, small channels and temporal kernels leave most of the peak unused.
  public static let h100 = Throughput(
    operationsPerSecond: 494.7e12 * assumedUtilization,
    origin: "assumed: 10% of one H100's 495 TFLOP/s (TF32), decoding not the bottleneck")
  private static let assumedUtilization = 0.1

  public init(operationsPerSecond: Double, origin: String) {
    self.operationsPerSecond = operationsPerSecond
    self.origin = origin
  }

  /// Seconds for `operations`.
  public func seconds(_ operations: Double) -> Double { operations / operationsPerSecond }

  /// Times training steps of the network of `configuration` on `device`, a few seconds long.
  ///
  /// - Parameters:
  ///   - configuration: whose network, clips and precision are taken; of its batch as many clips as soon show.
  ///   - device: where.
  public static func measured(_ configuration: PretrainingConfiguration, on device: Device)
    -> Throughput
  {
    if device.isCUDA { Runtime.preferSpeedOnCUDA() }
    let task = configuration.motionTask
    let model = configuration.model.makeModel(
      head: .pretext, classes: task.labelNames.count, seed: 0)
    model.move(to: device)
    let optimizer = SGD(
      ParameterGroup.sparingNormalization(model.trainableParameters, weightDecay: 0))
    let clip = configuration.clip
    let forwards = Double(
      configuration.model.architecture.cost(
        width: configuration.model.width, classes: task.labelNames.count, frames: clip.frames,
        height: clip.size, clipWidth: clip.size
      ).operations)
    let wanted = configuration.batch.sources * task.clipsPerSample
    // A processor is told apart by a tenth of a TFLOP; a GPU is busy only with whole batches.
    let most = device.isCUDA ? wanted : Int(1e11 / (3 * forwards))
    let count = max(2, min(wanted, most))
    let clips = Tensor.full([count, 3, clip.frames, clip.size, clip.size], 0.5, device: device)
      .contiguous(.channelsLast3d)
    let labels = Tensor((0..<count).map { $0 % task.labelNames.count }).to(device)
    func step() -> Double {
      let begun = ContinuousClock.now
      let loss = withAutocast(configuration.precision.autocast, on: device) {
        crossEntropy(model(clips), labels)
      }
      loss.backward()
      optimizer.clearGradients()
      // Waits for the device.
      _ = loss.item
      return (ContinuousClock.now - begun) / .seconds(1)
    }
    _ = step()
    var times: [Double] = []
    repeat { times.append(step()) } while times.count < 3 || times.reduce(0, +) < 1.5
    let median = times.sorted()[times.count / 2]
    return Throughput(
      operationsPerSecond: 3 * forwards * Double(count) / median,
      origin: "measured on \(device): steps of \(count) clips")
  }
}
