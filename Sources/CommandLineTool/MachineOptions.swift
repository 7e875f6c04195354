import ArgumentParser
import Torch
import Training

/// Where and with how many threads a command computes.
struct MachineOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("cpu, cuda, cuda:N. Default: cuda where there is one.", valueName: "device"))
  var device: String?

  @Option(
    help: ArgumentHelp(
      "Threads that load pictures and videos. Default: one a core.", valueName: "number"))
  var workers: Int?

  func validate() throws {
    if let workers, !(1...1024).contains(workers) {
      throw ValidationError("--workers must be from 1 to 1024, not \(workers)")
    }
  }

  func execution(cacheBytes: Int = 0) throws -> ExecutionOptions {
    var options = ExecutionOptions(
      device: try device.map(chosenDevice) ?? .best, cacheBytes: cacheBytes)
    if let workers { options.workers = workers }
    return options
  }
}

/// The device of a name that a person typed.
///
/// - Throws: `ValidationError` where there is none.
private func chosenDevice(_ name: String) throws -> Device {
  guard let device = Device(name), device != .meta else {
    throw ValidationError("--device \(name): write cpu, cuda or cuda:N")
  }
  if case .cuda(let index) = device, index >= Device.cudaCount {
    throw DeviceMissing(name: name)
  }
  return device
}

struct DeviceMissing: Error, CustomStringConvertible {
  let name: String
  var description: String {
    "there is no device \(name) here (libtorch finds \(Device.cudaCount) CUDA devices): use --device cpu"
  }
}
