// Compares a device with the CPU: pseudo-motion, outputs, gradients and 50 steps of each network, in each precision.
//
//     DeviceCheck cuda        what scripts/gpu-check.sh runs
//     DeviceCheck cpu         the same with the CPU's own algorithms against direct convolution, and five steps
//
// Prints a table and exits with status 1 if a difference is beyond its bound.

import Configuration
import Foundation
import KeyedRandom
import MoSI
import Pretext
import Torch
import VideoModels

@main struct DeviceCheck {
  static func main() throws {
    guard CommandLine.arguments.count == 2, let device = Device(CommandLine.arguments[1]),
      device != .meta
    else {
      print("usage: DeviceCheck cpu|cuda|cuda:N")
      exit(2)
    }
    var table = Table()
    onEachKernels(device, &table) { table in
      table.add("pseudo-motion", "float32", pseudoMotionDifference(on: device), bound: 1e-5)
    }
    for architecture in [Architecture.r2d3d18, .r2plus1d10, .c3d] {
      let reference = Reference(architecture, steps: device.isCUDA ? 50 : 5)
      onEachKernels(device, &table) { table in check(reference, on: device, &table) }
    }
    exit(table.isWithinBounds ? 0 : 1)
  }

  /// The largest difference of a normalized pixel between clips that were made on the device and on the CPU.
  private static func pseudoMotionDifference(on device: Device) -> Double {
    let task = PretrainingConfiguration().motionTask
    let side = PretrainingConfiguration().sources.size
    let sources = (Tensor.uniform([2, 3, side, side], using: Generator(seed: 1)) * 255).to(.uint8)
    func clips(_ sources: Tensor) -> Tensor {
      task.clips(
        from: sources, generators: [KeyedGenerator(1, 1), KeyedGenerator(1, 2)],
        purpose: .training(progress: 1)
      ).clips.to(.cpu)
    }
    return (clips(sources.to(device)) - clips(sources)).absolute().flattened().max([0]).item
  }

  /// Runs `body` with libtorch's kernels and, on a GPU, with those of mosi.
  private static func onEachKernels(
    _ device: Device, _ table: inout Table, _ body: (inout Table) -> Void
  ) {
    for kernels in device.isCUDA ? [Runtime.GPUKernels.libtorch, .own] : [.libtorch] {
      if device.isCUDA { table.note("with the kernels of", "", kernels.rawValue) }
      Runtime.withGPUKernels(kernels) { body(&table) }
    }
  }

  private static func check(
    _ reference: Reference, on device: Device, _ table: inout Table
  ) {
    let expected = reference.training
    func compare(
      _ precision: Precision, _ label: String, logits: Double, gradients: Double, steps: Double
    ) {
      let found = Training(reference.architecture, precision, on: device)
        .measured(steps: expected.losses.count)
      let name = reference.architecture.rawValue
      table.add(
        "\(name), logits", label, found.logits.distance(to: expected.logits), bound: logits)
      table.add(
        "\(name), gradients", label, found.gradients.distance(to: expected.gradients),
        bound: gradients)
      let drift = zip(found.losses, expected.losses).map { Swift.abs($0 - $1) }
      table.add("\(name), loss of the first 5 steps", label, drift.prefix(5).max()!, bound: steps)
      table.note(
        "\(name), loss after \(found.losses.count) steps", label,
        "\(found.losses.last!.formatted()), on the CPU \(expected.losses.last!.formatted())")
    }
    let rounding = reference.rounding
    Runtime.preferSpeedOnCUDA(false)
    compare(.float32, "float32", logits: 1e-4, gradients: 2 * rounding.inFloat32, steps: 1e-3)
    if device.isCUDA {
      Runtime.preferSpeedOnCUDA()
      compare(.float32, "TF32", logits: 5e-3, gradients: rounding.inBfloat16, steps: 0.02)
    }
    compare(.float16, "float16", logits: 1e-2, gradients: rounding.inBfloat16, steps: 0.05)
    compare(.bfloat16, "bfloat16", logits: 5e-2, gradients: 2 * rounding.inBfloat16, steps: 0.2)
  }
}

/// A training on the CPU, with direct convolution in float32.
private struct Reference {
  let architecture: Architecture
  let training: Training.Measured
  /// The distances of the gradients on the CPU. ReLUs make gradients sensitive to rounding, in every implementation, so
  /// bounds are twice these: the greatest of Winograd's algorithm and of three trainings whose clips differ in the last bit, and
  /// that in bfloat16. float16, which CPUs emulate slowly, and TF32 have eight times the digits of bfloat16.
  let rounding: (inFloat32: Double, inBfloat16: Double)

  init(_ architecture: Architecture, steps: Int) {
    self.architecture = architecture
    let training = Runtime.withConvolutions(.direct) {
      Training(architecture, on: .cpu).measured(steps: steps)
    }
    self.training = training
    func distance(_ other: Training) -> Double {
      other.measured(steps: 1).gradients.distance(to: training.gradients)
    }
    let disturbed = Runtime.withConvolutions(.direct) {
      (1...3).map { distance(Training(architecture, on: .cpu, disturbedBy: Generator(seed: $0))) }
    }
    rounding = (
      ([distance(Training(architecture, on: .cpu))] + disturbed).max()!,
      distance(Training(architecture, .bfloat16, on: .cpu))
    )
  }
}

/// A small network that is trained on one batch of noise.
private struct Training {
  private let model: VideoClassifier
  private let optimizer: SGD
  private let clips: Tensor
  private let labels: Tensor
  private let precision: Precision
  private let device: Device
  private let scale: LossScale?

  /// - Parameter disturbance: draws noise of the size of float32's last bit that is added to the clips; nil for none.
  init(
    _ architecture: Architecture, _ precision: Precision = .float32, on device: Device,
    disturbedBy disturbance: Generator? = nil
  ) {
    var settings = ModelSettings()
    settings.architecture = architecture
    settings.width = 16
    settings.dropout = 0
    self.device = device
    self.precision = precision
    model = settings.makeModel(head: .pretext, classes: 9, seed: 1)
    model.move(to: device)
    optimizer = SGD(
      ParameterGroup.sparingNormalization(model.trainableParameters, weightDecay: 1e-4),
      momentum: 0.9)
    var clips = Tensor.normal([9, 3, 16, 64, 64], using: Generator(seed: 2))
    if let disturbance {
      clips = clips + clips * Tensor.normal(clips.shape, using: disturbance) * 0x1p-24
    }
    self.clips = clips.contiguous(.video).to(device)
    labels = Tensor(Array(0..<9)).to(device)
    scale = precision.scalesLoss ? LossScale(on: device) : nil
  }

  struct Measured {
    /// On the CPU, [9, 9].
    let logits: Tensor
    /// All gradients of the first step, float32 on the CPU, in one dimension.
    let gradients: Tensor
    /// Of each step.
    let losses: [Double]
  }

  func measured(steps: Int) -> Measured {
    var logits: Tensor?
    var gradients: Tensor?
    let losses = (0..<steps).map { _ in
      optimizer.clearGradients()
      let (output, loss) = withAutocast(precision.autocast, on: device) {
        let output = model(clips)
        return (output, crossEntropy(output.to(.float32), labels))
      }
      (scale.map { loss * $0.factor } ?? loss).backward()
      let overflow = nonFiniteGradients(
        of: model.trainableParameters, dividingBy: scale?.factor)!
      if logits == nil { logits = output.detached().to(.float32).to(.cpu) }
      // The first steps of a scaled loss may overflow; they change nothing.
      if gradients == nil, overflow.item == 0 { gradients = allGradients() }
      optimizer.step(learningRate: 0.005, unless: overflow)
      scale?.update(overflow: overflow)
      return loss.item
    }
    return Measured(logits: logits!, gradients: gradients!, losses: losses)
  }

  private func allGradients() -> Tensor {
    .concatenated(
      model.trainableParameters.map { $0.tensor.gradient!.to(.cpu).flattened() }
    )
  }
}

extension Tensor {
  /// The norm of the difference relative to the norm of `other`.
  fileprivate func distance(to other: Tensor) -> Double {
    let difference = (self - other).to(.float64)
    let size = other.to(.float64)
    return ((difference * difference).sum().item / (size * size).sum().item).squareRoot()
  }
}

/// Differences with their bounds, printed as they are found.
private struct Table {
  private(set) var isWithinBounds = true

  mutating func add(_ what: String, _ precision: String, _ difference: Double, bound: Double) {
    let isFine = difference <= bound
    if !isFine { isWithinBounds = false }
    let number = String(format: "%.1e (bound %.0e)", difference, bound)
    note(what, precision, number + (isFine ? "" : "  TOO LARGE"))
  }

  func note(_ what: String, _ precision: String, _ text: String) {
    func padded(_ text: String, _ width: Int) -> String {
      text.padding(toLength: max(width, text.count), withPad: " ", startingAt: 0)
    }
    let line = "\(padded(what, 44)) \(padded(precision, 9)) \(text)\n"
    // Without a buffer: whoever waits sees it immediately.
    FileHandle.standardOutput.write(Data(line.utf8))
  }
}

extension Double {
  fileprivate func formatted() -> String { String(format: "%.4f", self) }
}
