import CommandLineTool
import Foundation
import Media
import TestSupport
import Testing

/// The tool as users run it, in a separate process.
struct Tool {
  /// The built `mosi`, next to the test bundle.
  static let path: String = {
    #if os(macOS)
      let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }!.bundleURL
    #else
      let bundle = URL(fileURLWithPath: CommandLine.arguments[0])
    #endif
    return bundle.deletingLastPathComponent().appendingPathComponent("mosi").path
  }()

  struct Result {
    let status: Int32
    let output: String
    let errors: String

    /// The lines on stderr that report an error.
    var complaints: [Substring] {
      errors.split(separator: "\n").filter { $0.hasPrefix("mosi: error: ") }
    }
  }

  let folder: ScratchFolder
  var environment: [String: String] = [:]

  /// Runs `mosi` in the folder and waits until it ends.
  func run(_ arguments: String...) throws -> Result { try run(arguments) }

  func run(_ arguments: [String]) throws -> Result {
    try wait(for: start(Self.path, arguments))
  }

  /// What `mosi` says of wrong usage: by the parser alone if it refuses the arguments, because a process takes long to start.
  func usage(_ arguments: [String]) throws -> Result {
    guard let answer = ParserAnswer(to: arguments) else { return try run(arguments) }
    return switch answer {
    case .help(let text): Result(status: answer.status, output: text, errors: "")
    case .wrongUsage(let text): Result(status: answer.status, output: "", errors: text)
    }
  }

  /// The output of `mosi`; a failed command is recorded as an issue.
  func output(_ arguments: [String]) throws -> String {
    let result = try run(arguments)
    try #require(result.status == 0, "\(arguments[0]): \(result.errors)")
    return result.output
  }

  /// Runs a shell script in the folder, in which `$MOSI` is the tool.
  func shell(_ script: String) throws -> Result { try wait(for: start("/bin/sh", ["-c", script])) }

  struct Started {
    let process: ChildProcess
    let output: String
    let errors: String
  }

  func start(_ executable: String, _ arguments: [String]) throws -> Started {
    // Use one thread: tests run concurrently, and operators on tiny tensors do not benefit from more.
    let environment = ProcessInfo.processInfo.environment
      .merging(["OMP_NUM_THREADS": "1", "MOSI": Self.path, "TERM": "xterm"]) { $1 }
      .merging(environment) { $1 }
    // Use files instead of pipes, so that nobody has to read while the tool runs.
    let log = NSTemporaryDirectory() + "/mosi-log-\(UUID().uuidString)"
    let process = try ChildProcess(
      executable, arguments, environment: environment, folder: folder.path, output: log + ".out",
      errors: log + ".err")
    return Started(process: process, output: log + ".out", errors: log + ".err")
  }

  func wait(for started: Started) throws -> Result {
    let status = started.process.wait()
    defer {
      unlink(started.output)
      unlink(started.errors)
    }
    func text(_ path: String) throws -> String {
      String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    }
    return Result(
      status: status, output: try text(started.output), errors: try text(started.errors))
  }
}

extension Tool {
  /// Waits until `condition` holds, `started` has ended, or 5 minutes have passed: a busy machine may take long.
  func wait(for started: Started, until condition: () -> Bool) {
    let end = ContinuousClock.now + .seconds(300)
    while !condition(), started.process.isRunning, ContinuousClock.now < end { usleep(500) }
  }

  /// Runs `mosi` and sends it `signal` as soon as `condition` holds.
  ///
  /// On a busy machine, a run may end before that. Then its `output` is removed and it runs again, at most five times;
  /// the last result is returned.
  func run(
    _ arguments: [String], leaving output: String, signalling signal: Int32,
    when condition: () -> Bool
  ) throws -> Result {
    var attempt = 1
    while true {
      let started = try start(Self.path, arguments)
      wait(for: started, until: condition)
      if started.process.isRunning { kill(started.process.processIdentifier, signal) }
      let result = try wait(for: started)
      if result.status != 0 || attempt == 5 { return result }
      try FileManager.default.removeItem(atPath: folder.path + "/" + output)
      attempt += 1
    }
  }
}

/// The settings of a training that takes a second.
let tiny = [
  "model.width=2", "clip.frames=2", "clip.size=16", "sources.size=32", "batch.sources=2",
  "batch.accumulation=2",
].flatMap { ["--set", $0] }

extension ScratchFolder {
  /// A picture of stripes whose hue depends on `index`.
  func picture(_ index: Int, width: Int = 48, height: Int = 40) -> Picture {
    Picture(
      width: width, height: height,
      pixels: (0..<width * height * 3).map {
        UInt8(truncatingIfNeeded: $0 / 3 % width * (5 + index) + $0 % 3 * 40 * index)
      })
  }
}

/// The lines of a metrics.jsonl, each of which is an object.
func jsonLines(_ data: Data) throws -> [[String: Any]] {
  try data.split(separator: UInt8(ascii: "\n")).map {
    try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any] ?? [:]
  }
}
