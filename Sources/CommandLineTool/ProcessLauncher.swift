import Foundation
import SafeFiles
import Synchronization
import Torch

/// Starts several processes of this command on this machine, forwards signals to them and waits for their end.
enum ProcessLauncher {
  /// Set, in the environment of the processes, to the launcher's own process.
  static let variable = "MOSI_LAUNCHER"

  /// What the others get when one process has failed, and how long after that, if they have not left by themselves.
  private static let reminders: [(time: Duration, signal: Int32)] = [
    (.seconds(30), SIGTERM), (.seconds(60), SIGKILL),
  ]

  /// Starts `count` processes with the arguments of this one.
  ///
  /// - Returns: the exit status for the launcher: that of the first process that failed, or 0.
  /// - Throws: `FileError` if they cannot be started, `TorchError` if this machine has no port for their store.
  static func run(_ count: Int) throws -> Int32 {
    // Served from here, so that no port is found free and then taken by others.
    let store = try Store(
      host: "127.0.0.1", port: 0, serving: true, prefix: "launcher", timeout: .seconds(30))
    let processes = Children(count: count)
    forwardSignals(to: processes)
    for rank in 0..<count { try processes.start(rank, of: count, port: store.port) }
    return withExtendedLifetime(store) { wait(for: processes) }
  }

  /// Asks this process to stop when its launcher has been killed.
  static func endWithLauncher() {
    guard let launcher = ProcessInfo.processInfo.environment[variable].flatMap({ pid_t($0) }) else {
      return
    }
    Thread {
      while getppid() == launcher { Thread.sleep(forTimeInterval: 1) }
      kill(getpid(), SIGTERM)
    }.start()
  }

  // MARK: - Signals

  private static let received = Atomic<Int32>(0)

  private static func forwardSignals(to processes: Children) {
    InterruptSignal.unblock()
    for number in InterruptSignal.numbers {
      signal(number) { ProcessLauncher.received.store($0, ordering: .relaxed) }
    }
  }

  // MARK: - The end

  private static func wait(for processes: Children) -> Int32 {
    var status: Int32 = 0
    var failure: ContinuousClock.Instant?
    var reminders = reminders[...]
    while processes.isAnyAlive {
      let signal = received.exchange(0, ordering: .relaxed)
      if signal != 0 { processes.send(signal) }
      for (rank, end) in processes.reap() where end.status != 0 {
        if status == 0 { status = end.status }
        if let text = end.signalText {
          Terminal.error("rank \(rank) was ended by \(text)")
        }
        if failure == nil { failure = .now }
      }
      if let failure, let next = reminders.first, .now > failure + next.time {
        processes.send(next.signal)
        reminders.removeFirst()
      }
      usleep(20_000)
    }
    return status
  }
}

/// Processes that have been started here.
private final class Children {
  private var alive: [pid_t: Int] = [:]

  init(count: Int) { alive.reserveCapacity(count) }

  var isAnyAlive: Bool { !alive.isEmpty }

  func start(_ rank: Int, of count: Int, port: Int) throws {
    var environment = ProcessInfo.processInfo.environment
    for (name, value) in [
      "RANK": "\(rank)", "LOCAL_RANK": "\(rank)", "WORLD_SIZE": "\(count)",
      "LOCAL_WORLD_SIZE": "\(count)", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "\(port)",
      // As under torchrun: none of the processes serves the store.
      "TORCHELASTIC_USE_AGENT_STORE": "True", ProcessLauncher.variable: "\(getpid())",
    ] { environment[name] = value }
    if environment["OMP_NUM_THREADS"] == nil {
      environment["OMP_NUM_THREADS"] =
        "\(max(1, ProcessInfo.processInfo.activeProcessorCount / count))"
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // A group of its own: Ctrl-C goes to the launcher alone, which forwards it once.
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    posix_spawnattr_setpgroup(&attributes, 0)
    let texts = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in texts { free(text) } }
    var process: pid_t = 0
    let path = Bundle.main.executablePath ?? CommandLine.arguments[0]
    let problem = posix_spawn(&process, path, nil, &attributes, CommandLine.unsafeArgv, texts)
    guard problem == 0 else {
      send(SIGTERM)
      throw FileError(
        path: path, attempt: "cannot start", reason: String(cString: strerror(problem)))
    }
    alive[process] = rank
  }

  func send(_ signal: Int32) { for process in alive.keys { kill(process, signal) } }

  struct End {
    /// As a shell says it: 128 and the signal if one ended the process.
    let status: Int32
    /// nil if the process ended by itself.
    let signalText: String?
  }

  /// Those that have ended since the last call, by rank.
  func reap() -> [(rank: Int, end: End)] {
    var ended: [(rank: Int, end: End)] = []
    for (process, rank) in alive {
      var status: Int32 = 0
      guard waitpid(process, &status, WNOHANG) == process else { continue }
      alive[process] = nil
      let signal = status & 0x7f
      ended.append(
        (
          rank,
          signal == 0
            ? End(status: (status >> 8) & 0xff, signalText: nil)
            : End(
              status: 128 + signal,
              signalText: "signal \(signal) (\(String(cString: strsignal(signal))))")
        ))
    }
    return ended.sorted { $0.rank < $1.rank }
  }
}
