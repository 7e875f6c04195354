import Configuration
import Foundation
import SafeFiles
import Torch
import VideoModels

/// The advice if a training step gets no memory: a batch that would fit, by estimate.
package struct BatchAdvice: Sendable {
  private let step: TrainingStep
  /// The key of the batch's size.
  private let setting: String
  /// Its value.
  private let batch: Int
  /// True if activations are not kept already.
  private let checkpointsActivations: Bool
  /// The bytes that steps can have; nil for advice without an estimate.
  private let memory: Double?

  /// Made before the first step, when the network and the optimizer's moments are there.
  ///
  /// - Parameter seesWholeClips: false if parts of clips do not enter the network: what they need is not estimated.
  init(
    _ step: TrainingStep, setting: String, batch: Int, checkpointsActivations: Bool,
    seesWholeClips: Bool = true, device: Device
  ) {
    self.init(
      step, setting: setting, batch: batch, checkpointsActivations: checkpointsActivations,
      memory: seesWholeClips ? Self.freeMemory(of: device) : nil)
  }

  package init(
    _ step: TrainingStep, setting: String, batch: Int, checkpointsActivations: Bool, memory: Double?
  ) {
    (self.step, self.setting, self.batch, self.memory) = (step, setting, batch, memory)
    self.checkpointsActivations = checkpointsActivations
  }

  /// The end of a sentence about the memory.
  package var text: String {
    batchText
      + (checkpointsActivations
        ? "" : "; with --checkpoint-activations, the same batch needs less memory")
  }

  private var batchText: String {
    guard let memory else { return "lower \(setting) (\(batch) now)" }
    let perUnit = Double(step.clips / max(batch, 1)) * Self.bytesPerClip(step)
    let gradients = Double(4 * Self.cost(step).parameters)
    // What has just failed does not fit, whatever the estimate says.
    let fitting = min(Int(max(memory - gradients, 0) / perUnit), batch - 1)
    return fitting > 0
      ? "by a rough estimate \(setting)=\(fitting) fits (now \(batch)); a larger batch.accumulation_steps keeps the step"
      : "by a rough estimate not even \(setting)=1 fits: lower clip.size, clip.frames or model.width"
  }

  /// Measured on a CPU (tiny settings, 8 x 56 x 56): 3.6 times the outputs of the convolutions for R(2+1)D-10, 5.3 times for
  /// R-2D3D-18, 6.5 times for C3D.
  private static func bytesPerClip(_ step: TrainingStep) -> Double {
    6 * 4 * Double(cost(step).convolutionOutputs)
  }

  private static func cost(_ step: TrainingStep) -> ModelCost {
    step.model.architecture.cost(
      width: step.model.width, classes: step.classes, frames: step.frames, height: step.size,
      clipWidth: step.size)
  }

  /// The bytes that this process can still have on a device.
  private static func freeMemory(of device: Device) -> Double? {
    if device.isCUDA { return (try? device.memory()).map { Double($0.free) } }
    // Pages of virtual and of resident memory.
    let used = words(of: "/proc/self/statm").compactMap(Double.init).map { $0 * pageSize }
    let (virtual, resident) = used.count > 1 ? (used[0], used[1]) : (0, 0)
    var free = [Double(ProcessInfo.processInfo.physicalMemory) - resident]
    // What `ulimit -v` allows.
    let limits = words(of: "/proc/self/limits")
    if let name = limits.indices.first(where: { limits[$0...].starts(with: ["address", "space"]) }),
      let bytes = Double(limits[name + 2])
    {
      free.append(bytes - virtual)
    }
    // What a container allows.
    if let bytes = words(of: "/sys/fs/cgroup/memory.max").first.flatMap(Double.init) {
      free.append(bytes - resident)
    }
    return free.min()
  }

  private static var pageSize: Double { Double(sysconf(Int32(_SC_PAGESIZE))) }

  /// The words of a file; none if there is no such file.
  private static func words(of path: String) -> [String] {
    String(decoding: (try? readFile(at: path)) ?? Data(), as: UTF8.self)
      .split(whereSeparator: \.isWhitespace).map(String.init)
  }
}
