import ArgumentParser
import Configuration
import Foundation
import Torch
import Training

/// The processes that carry out a command together: those that this one starts, or those that a launcher such as torchrun has
/// started.
struct ProcessOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Start this number of processes on this machine, which share the work, each with a CUDA device of its own if there "
        + "are any. Several machines: start the command with torchrun --no-python.",
      valueName: "number"))
  var processes: Int?

  @Option(
    help: ArgumentHelp(
      "Seconds that a process waits for the others before it gives up.", valueName: "seconds"))
  var peerTimeout = 600

  func validate() throws {
    if let processes, !(1...1024).contains(processes) {
      throw ValidationError("--processes must be from 1 to 1024, not \(processes)")
    }
    if !(1...86_400).contains(peerTimeout) {
      throw ValidationError("--peer-timeout must be from 1 to 86400 seconds, not \(peerTimeout)")
    }
  }

  /// Carries out `body`, in every process if there are several; only the first one then prints.
  ///
  /// - Parameters:
  ///   - machine: the device and the threads.
  ///   - cacheBytes: memory for decoded videos.
  /// - Throws: `LaunchError`, `PeerFailure`, `ExitCode` of started processes, and what `body` throws.
  func run(
    _ machine: MachineOptions, cacheBytes: Int = 0, _ body: (ExecutionOptions) throws -> Void
  ) throws {
    let environment = ProcessInfo.processInfo.environment
    if let processes, environment[ProcessLauncher.variable] == nil {
      guard environment["RANK"] == nil else {
        throw ValidationError("a launcher has started the processes already: leave out --processes")
      }
      throw ExitCode(try ProcessLauncher.run(processes))
    }
    guard let place = try ProcessPlace(environment: environment) else {
      return try body(machine.execution(cacheBytes: cacheBytes))
    }
    ProcessLauncher.endWithLauncher()
    Terminal.rank = place.rank
    if place.rank > 0 { Terminal.silenceResults() }
    var execution = try machine.execution(cacheBytes: cacheBytes, place: place)
    let group = try ProcessGroup(
      at: place, device: execution.device, timeout: .seconds(peerTimeout))
    execution.processes = Processes(group)
    do {
      try body(execution)
    } catch {
      if !(error is PeerFailure), !(error is ExitCode) { group.leave(because: "\(error)") }
      throw error
    }
    // Nobody closes connections while others still read from them.
    try? execution.processes.wait()
  }
}

extension Processes {
  /// The configuration that the first process makes.
  ///
  /// - Throws: `PeerFailure`, and what `make` throws.
  func configuration<Value: RunConfiguration>(_ make: () throws -> Value) throws -> Value {
    guard count > 1 else { return try make() }
    return try Value(yaml: fromFirst { try make().yaml }, origin: "rank 0")
  }
}
