import Configuration
import Foundation
import KeyedRandom
import TestSupport
import Testing
import Torch
import Training

/// Runs that are killed and resumed.
@Suite struct InterruptionTests {
  let folder: ScratchFolder
  let tool: Tool

  init() throws {
    folder = try ScratchFolder()
    tool = Tool(folder: folder)
  }

  /// Masks, jitter, dropout and accumulation are enabled; an epoch has 5 steps.
  private func arguments(_ output: String, _ more: [String] = []) -> [String] {
    ["pretrain", "--sources", "synthetic:dead-leaves:22", "--epochs", "8", "--output", output]
      + tiny
      + more
  }

  private func numbers(_ name: String) throws -> [String] {
    try jsonLines(folder.bytes(name + "/metrics.jsonl")).map { line in
      ["event", "step", "epoch", "loss", "top1", "learning_rate", "annotations", "top1_per_label"]
        .map { key in
          (line[key] as? [String: Double])?.sorted { $0.key < $1.key }.description
            ?? line[key].map { "\($0)" } ?? "-"
        }.joined(separator: " ")
    }
  }

  private func tensors(_ name: String) throws -> [String: [Float]] {
    try Safetensors(contentsOf: folder.path + "/\(name)/last.safetensors").tensors
      .mapValues { $0.to(.float32).array() }
  }

  /// The number of complete lines in a run's metrics so far.
  private func lines(_ name: String) -> Int {
    (try? folder.bytes(name + "/metrics.jsonl"))?.count { $0 == UInt8(ascii: "\n") } ?? 0
  }

  /// Killed at any point, several times, with and without checkpoints within epochs, a run has the results of an
  /// uninterrupted one, with each step once.
  @Test(arguments: [10, 1e-6]) func killedRunsResumeToTheSameNumbers(minutes: Double) throws {
    let more = ["--set", "records.checkpoint_minutes=\(minutes)"]
    #expect(try tool.run(arguments("whole", more)).status == 0)
    // On a busy machine, a run may finish before it is killed. Then use another one.
    let names = (1...5).map { "killed\($0)" }
    let killed = try #require(try names.first { try killThrice($0, more) })
    let resumed = try tool.run("pretrain", "--output", killed, "--resume", "--workers", "4")
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try numbers(killed) == numbers("whole"))
    #expect(try tensors(killed) == tensors("whole"))
    let files = try FileManager.default.contentsOfDirectory(
      atPath: folder.path + "/\(killed)/events")
    #expect(files.count > 1)
  }

  /// Starts a run, resumes it twice, and kills it each time; returns false if it finished before.
  private func killThrice(_ name: String, _ more: [String]) throws -> Bool {
    var delays = KeyedGenerator(1)
    for (attempt, target) in [3, 13, 24].enumerated() {
      let started = try tool.start(
        Tool.path,
        attempt == 0
          ? arguments(name, more)
          : ["pretrain", "--output", name, "--resume", "--workers", "\(attempt)"])
      tool.wait(for: started) { lines(name) >= target }
      usleep(UInt32(delays.integer(below: 8000)))
      if started.process.isRunning { kill(started.process.processIdentifier, SIGKILL) }
      guard try tool.wait(for: started).status == -SIGKILL else { return false }
    }
    return true
  }

  /// A run that is killed before the end of the first epoch can be resumed.
  @Test func runsKilledEarlyCanBeResumed() throws {
    let killed = try tool.run(arguments("r"), leaving: "r", signalling: SIGKILL) { lines("r") >= 1 }
    try #require(killed.status == -SIGKILL, "\(killed.errors)")
    // The state that a kill in the middle of saving leaves.
    try folder.write("half", to: "r/.last.12345.partial.safetensors")
    let resumed = try tool.run("pretrain", "--output", "r", "--resume")
    #expect(resumed.status == 0, "\(resumed.errors)")
    let steps = try Metrics(contentsOf: folder.path + "/r/metrics.jsonl").steps.map(\.step)
    #expect(steps == Array(1...40))
    #expect(!folder.exists("r/.last.12345.partial.safetensors"))
    #expect(folder.exists("r/preview.png") && folder.exists("r/config.yaml"))
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGUSR1]) func interruptionSaves(signal: Int32) throws {
    #expect(try tool.run(arguments("whole")).status == 0)
    let stopped = try tool.run(arguments("r"), leaving: "r", signalling: signal) {
      lines("r") >= 4
    }
    #expect(stopped.status == 128 + signal && stopped.output.isEmpty)
    #expect(stopped.errors.contains("resume with: mosi pretrain --output r --resume"))
    let saved = try Checkpoint<PretrainingConfiguration>(
      contentsOf: folder.path + "/r/last.safetensors"
    ).position.step
    #expect(saved >= 4 && stopped.errors.contains("saved after step \(saved) of 40"))
    let resumed = try tool.run("pretrain", "--output", "r", "--resume")
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try numbers("r") == numbers("whole"))
    #expect(try tensors("r") == tensors("whole"))
  }
}
