import Foundation
import SafeFiles
import TestSupport
import Testing
import Torch
import Training

/// Several processes train and evaluate together.
@Suite(.serialized) struct ProcessesTests {
  let folder: ScratchFolder
  let tool: Tool

  init() throws {
    folder = try ScratchFolder()
    tool = Tool(folder: folder)
  }

  /// Steps of 8 sources in parts of 2 by default; masks, jitter and dropout are on.
  private func pretrain(
    _ output: String, parts: Int = 4, processes: Int? = nil, _ more: [String] = []
  ) -> [String] {
    [
      "pretrain", "--sources", "synthetic:dead-leaves:30", "--output", output,
      "--validation-fraction", "0.2", "--workers", "1",
    ] + tiny + ["--set", "batch.accumulation_steps=\(parts)"]
      + (processes.map { ["--processes", "\($0)"] } ?? [])
      + (more.contains("--epochs") ? [] : ["--epochs", "3"]) + more
  }

  private func lines(_ name: String, _ event: String) throws -> [[String: Any]] {
    try jsonLines(folder.bytes(name + "/metrics.jsonl")).filter { $0["event"] as? String == event }
  }

  private func losses(_ name: String) throws -> [Double] {
    try lines(name, "step").map { $0["loss"] as? Double ?? .nan }
  }

  private func tensors(_ name: String, _ file: String = "last") throws -> [String: [Double]] {
    try Safetensors(contentsOf: folder.path + "/\(name)/\(file).safetensors").tensors
      .mapValues { $0.to(.float64).array() }
  }

  private func distance(_ a: [String: [Double]], _ b: [String: [Double]]) -> Double {
    guard a.keys == b.keys else { return .infinity }
    return a.map { name, values in
      zip(values, b[name]!).map { abs($0 - $1) }.max() ?? 0
    }.max() ?? 0
  }

  @Test(arguments: [2, 4]) func processesAreOneThatAccumulates(processes: Int) throws {
    let sgd = ["--set", "optimizer.kind=sgd", "--set", "model.dropout=0.3"]
    #expect(try tool.run(pretrain("one", sgd)).status == 0)
    let together = try tool.run(
      pretrain("many", parts: 4 / processes, processes: processes, sgd))
    #expect(together.status == 0, "\(together.errors)")
    // One voice: each line once, the result once.
    #expect(together.errors.contains("72 clips in \(processes) processes"))
    #expect(together.errors.split(separator: "\n").count { $0.hasPrefix("epoch 3: ") } == 1)
    #expect(together.output.components(separatedBy: "last.safetensors").count == 2)
    for step in try lines("many", "step") {
      let waits = try #require(step["process_data_seconds"] as? [Double])
      #expect(waits.count == processes && waits.allSatisfy { $0 >= 0 })
      #expect(waits[0] == step["data_seconds"] as? Double)
    }
    #expect(try lines("one", "step").allSatisfy { $0["process_data_seconds"] == nil })
    let (one, many) = (try losses("one"), try losses("many"))
    #expect(one.count == 9 && many.count == 9)
    for (a, b) in zip(one, many) { #expect(abs(a - b) < 1e-5) }
    #expect(distance(try tensors("one"), try tensors("many")) < 1e-4)
    let validations = [try lines("one", "validation"), try lines("many", "validation")]
    for (a, b) in zip(validations[0], validations[1]) {
      #expect(a["top1"] as? Double == b["top1"] as? Double)
      #expect(a["sources"] as? Int == 6 && b["sources"] as? Int == 6)
    }
  }

  /// Samples of a batch are compared with each other in each process on its own, as on each GPU in DPC's code. Accumulated
  /// batches would look like a large one, and are not.
  @Test func contrastIsWithinTheBatchOfAProcess() throws {
    let dense =
      [
        "pretrain", "--config", "tiny-dense-prediction", "--sources",
        "synthetic:moving-circles:12", "--epochs", "1", "--workers", "1",
      ]
      + [
        "sources.validation_fraction=0", "model.width=2", "sources.size=32", "clip.size=32",
        "batch.sources=2",
      ].flatMap { ["--set", $0] }
    let together = try tool.run(dense + ["--output", "dense", "--processes", "2"])
    #expect(together.status == 0, "\(together.errors)")
    let found = try losses("dense")
    // Two samples of 3 predicted blocks have 6 candidates, or more if the map has several places.
    #expect(found.count == 3 && found.allSatisfy { $0.isFinite && $0 > 0 })
    let accumulated = try tool.run(
      dense + ["--output", "other", "--set", "batch.accumulation_steps=2"])
    #expect(accumulated.status == 1)
    #expect(accumulated.errors.contains("set batch.accumulation_steps to 1"))
  }

  @Test func synchronizedStatisticsAreThoseOfTheUndividedBatch() throws {
    // Dropout is drawn for each batch, and the batches differ.
    let sgd = ["--set", "optimizer.kind=sgd", "--set", "model.dropout=0"]
    let whole = ["--set", "batch.sources=8", "--set", "batch.accumulation_steps=1"]
    let half = [
      "--set", "batch.sources=4", "--set", "batch.accumulation_steps=1",
      "--set", "batch.synchronized_statistics=true",
    ]
    #expect(try tool.run(pretrain("one", sgd + whole)).status == 0)
    let together = try tool.run(pretrain("two", processes: 2, sgd + half))
    #expect(together.status == 0, "\(together.errors)")
    for (a, b) in zip(try losses("one"), try losses("two")) { #expect(abs(a - b) < 1e-5) }
    #expect(distance(try tensors("one"), try tensors("two")) < 1e-4)
  }

  /// The gradients of checkpointed stages reach the exchange between processes, and their statistics are exchanged again.
  @Test func activationCheckpointingChangesNothing() throws {
    let synchronized = ["--set", "batch.synchronized_statistics=true", "--epochs", "1"]
    for (name, more) in [("kept", []), ("checkpointed", ["--checkpoint-activations"])] {
      let run = try tool.run(pretrain(name, parts: 2, processes: 2, synchronized + more))
      #expect(run.status == 0, "\(run.errors)")
    }
    #expect(try losses("kept") == losses("checkpointed"))
    #expect(try distance(tensors("kept"), tensors("checkpointed")) == 0)
  }

  /// Two batches of a step in each of two processes: also for one that has four, and four that have one.
  @Test func anotherNumberOfProcessesResumes() throws {
    let sgd = ["--set", "optimizer.kind=sgd", "--epochs", "10"]
    #expect(try tool.run(pretrain("whole", parts: 2, processes: 2, sgd)).status == 0)
    for (name, processes) in [("same", "2"), ("one", "1"), ("four", "4")] {
      let stopped = try tool.run(
        pretrain(name, parts: 2, processes: 2, sgd), leaving: name, signalling: SIGTERM
      ) { ((try? losses(name)) ?? []).count >= 2 }
      #expect(stopped.status == 143, "\(stopped.errors)")
      let resumed = try tool.run(
        "pretrain", "--output", name, "--resume", "--processes", processes, "--workers", "1")
      #expect(resumed.status == 0, "\(resumed.errors)")
      for (a, b) in zip(try losses("whole"), try losses(name)) { #expect(abs(a - b) < 1e-5) }
      #expect(try losses(name).count == 30)
      let apart = distance(try tensors("whole"), try tensors(name))
      if processes == "2" { #expect(apart == 0) } else { #expect(apart < 1e-4) }
    }
    let refused = try tool.run(
      pretrain("odd", parts: 1, processes: 2, sgd), leaving: "odd", signalling: SIGTERM
    ) { ((try? losses("odd")) ?? []).count >= 2 }
    #expect(refused.status == 143)
    let three = try tool.run("pretrain", "--output", "odd", "--resume", "--processes", "3")
    #expect(three.status != 0)
    #expect(three.errors.contains("2 batches, which 3 processes cannot share equally"))
  }

  @Test func whoIsKilledIsNamed() throws {
    let started = try tool.start(
      Tool.path, pretrain("r", parts: 2, processes: 2, ["--epochs", "2000"]))
    tool.wait(for: started) { ((try? losses("r")) ?? []).count >= 2 }
    let children = try tool.shell("pgrep -P \(started.process.processIdentifier)").output
      .split(separator: "\n").compactMap { pid_t($0) }.sorted()
    #expect(children.count == 2)
    kill(try #require(children.last), SIGKILL)
    let result = try tool.wait(for: started)
    #expect(result.status == 137, "\(result.errors)")
    #expect(result.errors.contains("rank 1 was ended by signal 9"))
    #expect(result.errors.contains("rank 0: rank 1 ("))
    #expect(result.errors.contains("has died or cannot be reached"))
    // What was saved before is whole.
    #expect(try Safetensors(contentsOf: folder.path + "/r/last.safetensors").tensors.count > 10)
  }

  @Test func aStopOfOneProcessStopsAll() throws {
    let started = try tool.start(
      Tool.path, pretrain("r", parts: 2, processes: 2, ["--epochs", "2000"]))
    tool.wait(for: started) { ((try? losses("r")) ?? []).count >= 2 }
    let children = try tool.shell("pgrep -P \(started.process.processIdentifier)").output
      .split(separator: "\n").compactMap { pid_t($0) }.sorted()
    kill(try #require(children.last), SIGTERM)
    let result = try tool.wait(for: started)
    #expect(result.status == 143, "\(result.errors)")
    #expect(result.errors.contains("saved after step") && result.complaints.isEmpty)
  }

  @Test func whatTheFirstProcessFindsIsSaidOnce() throws {
    #expect(try tool.run(pretrain("r")).status == 0)
    let again = try tool.run(pretrain("r", parts: 2, processes: 2))
    #expect(again.status == 1)
    #expect(
      again.complaints.count { $0.contains("r already contains a run") && !$0.contains("left") }
        == 1)
  }

  @Test func fineTuningAndEvaluationAreShared() throws {
    // A number of videos that no number of processes divides, one of which cannot be read.
    try folder.actions(training: 6, test: 3)
    try folder.write(Array("no video".utf8), to: "v/test/rises/broken.mp4")
    func finetune(_ output: String, _ more: [String]) -> [String] {
      [
        "finetune", "--dataset", "folders", "--data-root", "v", "--weights", "none", "--epochs",
        "2",
        "--output", output, "--workers", "1",
      ] + tinyFinetuning + ["--set", "optimizer.kind=sgd"] + more
    }
    let one = try tool.run(finetune("one", ["--set", "batch.accumulation_steps=2"]))
    #expect(one.status == 0, "\(one.errors)")
    let two = try tool.run(finetune("two", ["--processes", "2"]))
    #expect(two.status == 0, "\(two.errors)")
    for (a, b) in zip(try losses("one"), try losses("two")) { #expect(abs(a - b) < 1e-5) }

    func evaluation(_ processes: Int?) throws -> Tool.Result {
      try tool.run(
        [
          "evaluate", "--weights", "one", "--clips", "3", "--batch", "4", "--json", "--output",
          "e\(processes ?? 1)",
        ] + (processes.map { ["--processes", "\($0)"] } ?? []))
    }
    let alone = try evaluation(nil)
    #expect(alone.status == 0, "\(alone.errors)")
    for processes in [2, 3] {
      let shared = try evaluation(processes)
      #expect(shared.status == 0, "\(shared.errors)")
      // To the last digit, every number of every file.
      #expect(shared.output == alone.output)
      for file in ["evaluation.json", "videos.csv", "scores.safetensors"] {
        #expect(try folder.bytes("e\(processes)/\(file)") == folder.bytes("e1/\(file)"))
      }
      #expect(shared.errors.components(separatedBy: "broken.mp4").count == 2)
    }
    func search(_ more: [String]) throws -> String {
      try tool.run(
        [
          "retrieve", "--weights", "one", "--dataset", "folders", "--data-root", "v", "--clips",
          "2",
          "--json",
        ] + more
      ).output
    }
    let found = try search([])
    let foundTogether = try search(["--processes", "2"])
    #expect(!found.isEmpty && found == foundTogether)
    let videos = ["v/test/rises/6", "v/test/sinks/7.mp4", "v/test/rises/8.mp4"]
    for (name, more) in [("f1", []), ("f2", ["--processes", "2"])] {
      let result = try tool.run(
        [
          "features", "--weights", "one", "--clips", "2", "--per-clip", "--output",
          name + ".safetensors",
        ] + videos + more)
      #expect(result.status == 0, "\(result.errors)")
    }
    #expect(try folder.bytes("f1.safetensors") == folder.bytes("f2.safetensors"))
  }

  @Test func launchersAreNotMixed() throws {
    var launched = tool
    launched.environment = [
      "RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1",
    ]
    let both = try launched.run(pretrain("r", processes: 2))
    #expect(both.status == 2 && both.errors.contains("leave out --processes"))
    launched.environment = ["RANK": "0"]
    let half = try launched.run(pretrain("r"))
    #expect(half.status == 1 && half.errors.contains("WORLD_SIZE is not set"))
  }

  /// Where scripts/setup.sh puts it, with the wheel of libtorch.
  private static let torchrun: String? = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let path = root.appendingPathComponent(".libtorch/venv/bin/torchrun").path
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }()

  /// torchrun asks the processes itself, with the signal that it got; SIGUSR1 only with an option.
  @Test(
    .enabled(if: torchrun != nil, "without torchrun of .libtorch"),
    arguments: [(SIGTERM, [String]()), (SIGUSR1, ["--signals-to-handle", "SIGTERM,SIGUSR1"])])
  func signalsOfTorchrunSave(signal: Int32, options: [String]) throws {
    let launch =
      ["--no-python", "--standalone", "--nproc-per-node", "2", "--monitor-interval", "0.1"]
      + options + [Tool.path]
    // What runs tests may have blocked the signals, and Python leaves them blocked.
    let unblocked =
      "import os, signal, sys; signal.pthread_sigmask(signal.SIG_SETMASK, []); os.execv(sys.argv[1], sys.argv[1:])"
    let torchrun = try #require(Self.torchrun)
    let started = try tool.start(
      PathParts(torchrun).folder + "/python",
      ["-c", unblocked, torchrun] + launch + pretrain("r", parts: 2, ["--epochs", "500"]))
    tool.wait(for: started) { ((try? losses("r")) ?? []).count >= 2 }
    kill(started.process.processIdentifier, signal)
    let result = try tool.wait(for: started)
    #expect(result.status != 0)
    #expect(result.errors.contains("saved after step"), "\(result.errors)")
    // The step that was saved is the last that was recorded.
    let resumed = try tool.run(
      "pretrain", "--output", "r", "--resume", "--processes", "2", "--epochs", "500", "--set",
      "seed=1")
    #expect(resumed.status != 0 && resumed.errors.contains("seed"))
    #expect(try lines("r", "step").count == lines("r", "step").last?["step"] as? Int)
  }
}
