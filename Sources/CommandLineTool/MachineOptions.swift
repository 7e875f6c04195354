import ArgumentParser
import Foundation
import Torch
import Training

/// The device and the number of threads that a command uses.
struct MachineOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("cpu, cuda or cuda:N. Default: cuda if present.", valueName: "device"))
  var device: String?

  @OptionGroup var threads: WorkersOption

  /// - Parameters:
  ///   - cacheBytes: memory for decoded videos.
  ///   - place: the place of this process among those of its machine, which share devices and cores; nil if it is alone.
  /// - Throws: `ValidationError` if the device's name is invalid, ``DeviceMissing``.
  func execution(cacheBytes: Int = 0, place: ProcessPlace? = nil) throws -> ExecutionOptions {
    var device = try device.map(chosenDevice) ?? .best
    if let place, device.isCUDA, self.device != "\(device)" || place.localCount > 1 {
      guard place.localRank < Device.cudaCount else {
        throw DeviceMissing(name: "cuda:\(place.localRank)")
      }
      device = .cuda(place.localRank)
    }
    return ExecutionOptions(
      device: device, workers: threads.workers ?? max(1, threads.value / (place?.localCount ?? 1)),
      cacheBytes: cacheBytes)
  }
}

/// The number of loading threads.
struct WorkersOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Threads that load pictures and videos. Default: one per core.", valueName: "number"))
  var workers: Int?

  var value: Int { workers ?? ProcessInfo.processInfo.activeProcessorCount }

  func validate() throws {
    if let workers, !(1...1024).contains(workers) {
      throw ValidationError("--workers must be from 1 to 1024, not \(workers)")
    }
  }
}

/// The device that the user named.
///
/// - Throws: `ValidationError` if the name is invalid, ``DeviceMissing``.
private func chosenDevice(_ name: String) throws -> Device {
  guard let device = Device(name), device != .meta else {
    throw ValidationError("--device \(name): write cpu, cuda or cuda:N")
  }
  if case .cuda(let index) = device, index >= Device.cudaCount {
    throw DeviceMissing(name: name)
  }
  return device
}

/// The error for a CUDA device that does not exist.
struct DeviceMissing: Error, CustomStringConvertible {
  let name: String
  var description: String {
    "there is no device \(name) here (libtorch finds \(Device.cudaCount) CUDA devices): use --device cpu"
  }
}
