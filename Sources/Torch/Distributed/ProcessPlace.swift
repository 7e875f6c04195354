/// The place of a process among those that work together, as torchrun, Slurm's `srun` with a wrapper, or Kubernetes'
/// PyTorchJob describe it in the environment.
public struct ProcessPlace: Equatable, Sendable {
  /// The number of this process, from 0.
  public let rank: Int
  /// The number of processes.
  public let count: Int
  /// The number of this process on its machine, from 0; also the number of its CUDA device.
  public let localRank: Int
  /// The number of processes on this machine.
  public let localCount: Int
  /// The host of the store through which the processes meet.
  public let host: String
  /// The TCP port of the store.
  public let port: Int
  /// True if this process serves the store; false if the launcher or another process does.
  public let servesStore: Bool
  /// The number of times that the launcher has restarted the processes; the attempts do not see each other in the store.
  public let attempt: Int

  /// The prefix of this attempt's keys in the store.
  var prefix: String { "mosi/\(attempt)" }

  /// - Parameter environment: RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT; LOCAL_RANK and LOCAL_WORLD_SIZE if several
  ///   processes share a machine; and the variables that torchrun adds.
  /// - Returns: nil if none of these is set, because the process is alone.
  /// - Throws: ``LaunchError`` if the variables are incomplete or invalid.
  public init?(environment: [String: String]) throws(LaunchError) {
    guard environment["RANK"] != nil || environment["WORLD_SIZE"] != nil else { return nil }
    func number(_ name: String, in range: Range<Int>, default fallback: Int? = nil)
      throws(LaunchError) -> Int
    {
      guard let text = environment[name] else {
        if let fallback { return fallback }
        throw LaunchError(variable: name, problem: "is not set")
      }
      guard let value = Int(text), range.contains(value) else {
        throw LaunchError(
          variable: name,
          problem:
            "must be a whole number from \(range.lowerBound) to \(range.upperBound - 1), not \(text)"
        )
      }
      return value
    }
    count = try number("WORLD_SIZE", in: 1..<65_537)
    rank = try number("RANK", in: 0..<count)
    localCount = try number("LOCAL_WORLD_SIZE", in: 1..<count + 1, default: 1)
    localRank = try number("LOCAL_RANK", in: 0..<65_536, default: 0)
    port = try number("MASTER_PORT", in: 1..<65_536)
    guard let host = environment["MASTER_ADDR"], !host.isEmpty else {
      throw LaunchError(variable: "MASTER_ADDR", problem: "is not set")
    }
    self.host = host
    attempt = try number("TORCHELASTIC_RESTART_COUNT", in: 0..<Int.max, default: 0)
    // Under torchrun its agent serves the store, on every attempt the same one.
    servesStore = rank == 0 && environment["TORCHELASTIC_USE_AGENT_STORE"] != "True"
  }
}

/// The environment says that there are several processes, but not how they meet.
public struct LaunchError: Error, Equatable, Sendable, CustomStringConvertible {
  let variable: String
  /// The predicate of a sentence whose subject is the variable.
  let problem: String

  public var description: String {
    "the environment variable \(variable) \(problem): start several processes with --processes or torchrun, or unset RANK "
      + "and WORLD_SIZE"
  }
}
