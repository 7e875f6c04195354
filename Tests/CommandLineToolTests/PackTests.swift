import Foundation
import TestSupport
import Testing
import Torch
import Training

@Suite struct PackTests {
  let folder: ScratchFolder
  let tool: Tool

  init() throws {
    folder = try ScratchFolder()
    tool = Tool(folder: folder)
    for index in 0..<9 {
      try folder.picture(index, width: 50 + index).writePNG(
        to: folder.file("d/\(index % 2)/\(index).png"))
    }
  }

  /// Whatever a step computed, without the times.
  private func numbers(_ run: String) throws -> [String] {
    let metrics = try Metrics(contentsOf: RunFolder(path: folder.file(run)).metrics)
    return metrics.steps.map { "\($0.step) \($0.loss) \($0.top1 ?? .nan)" }
      + metrics.validations.map { "\($0.step) \($0.loss) \($0.top1 ?? .nan)" }
  }

  private func tensors(_ run: String) throws -> [String: [Float]] {
    try Safetensors(contentsOf: RunFolder(path: folder.file(run)).last).tensors
      .mapValues { $0.to(.float32).array() }
  }

  /// Losses and weights, bit for bit; gzip too.
  @Test func trainingFromShardsIsTrainingFromFiles() throws {
    #expect(try tool.run("datasets", "pack", "d", "--output", "s", "--per-shard", "4").status == 0)
    #expect(
      try tool.shell("mkdir g && for f in s/*.tar; do gzip <$f >g/${f#s/}.gz; done").status == 0)
    var tool = tool
    tool.environment["XDG_CACHE_HOME"] = folder.path + "/cache"
    for (name, source) in [
      "files": "d", "shards": "s", "gzip": "g", "range": "s/shard-{000000..000002}.tar",
    ] {
      let result = try tool.run(
        ["pretrain", "--sources", source, "--output", name, "--epochs", "2"] + tiny)
      #expect(result.status == 0, "\(result.errors)")
    }
    let (wanted, weights) = (try numbers("files"), try tensors("files"))
    #expect(wanted.count > 3 && !weights.isEmpty)
    for name in ["shards", "gzip", "range"] {
      #expect(try numbers(name) == wanted && tensors(name) == weights, "\(name)")
    }
    // The clips of other programs as well.
    let clips = try ["d", "s"].map { source in
      let options = (["--sources", source] + tiny).map { "'\($0)'" }.joined(separator: " ")
      let result = try tool.shell("\"$MOSI\" clips \(options) >\(source).bin")
      #expect(result.status == 0, "\(result.errors)")
      return try folder.bytes(source + ".bin")
    }
    #expect(clips[0] == clips[1] && clips[0].count > 10_000)
  }

  /// Packed, checked, trained on and evaluated.
  @Test func datasetsInShardsAreTrainedOn() throws {
    try folder.actions()
    // Folders of frames cannot be packed.
    let refused = try tool.run(
      "datasets", "pack", "--dataset", "folders", "--data-root", "v", "--output", "s")
    #expect(refused.status == 1 && refused.errors.contains("is a folder of frames"))
    #expect(!folder.exists("s"))
    for name in ["rises", "sinks"] {
      try FileManager.default.removeItem(atPath: folder.file("v/test/\(name)/3"))
    }
    let packed = try tool.run(
      "datasets", "pack", "--dataset", "folders", "--data-root", "v", "--output", "s", "--json")
    #expect(packed.status == 0, "\(packed.errors)")
    let summary = try json(packed.output)
    #expect(summary["samples"] as? Int == 8 && summary["shard_count"] as? Int == 2)
    #expect(summary["shards"] as? [String] == ["train-000000.tar", "test-000000.tar"])
    let check = try tool.run(
      "datasets", "check", "--dataset", "shards", "--data-root", "s", "--decode")
    #expect(check.status == 0 && check.errors.isEmpty, "\(check.errors)")
    for (output, source) in [("files", ["folders", "v"]), ("shards", ["shards", "s"])] {
      let result = try tool.run(
        [
          "finetune", "--dataset", source[0], "--data-root", source[1], "--weights", "none",
          "--epochs", "2", "--output", output,
        ] + tinyFinetuning)
      #expect(result.status == 0, "\(result.errors)")
    }
    #expect(try numbers("files") == numbers("shards") && tensors("files") == tensors("shards"))
    let list = try tool.run(
      "datasets", "list", "--dataset", "shards", "--data-root", "s", "--subset", "train")
    #expect(list.status == 2 && list.errors.contains("have no paths of their own"))
  }

  @Test func wrongUsageIsRefused() throws {
    for (arguments, problem) in [
      (["--output", "s"], "name either sources or a dataset"),
      (["d", "--dataset", "csv", "--data-root", "v", "--output", "s"], "name either sources"),
      (["d", "--output", "s", "--per-shard", "0"], "--per-shard must be at least 1"),
      (["d", "--output", "s", "--per-shard", "2", "--shard-size", "1MB"], "either --shard-size"),
      (["d", "--output", "s", "--shard-size", "1"], "--shard-size"),
      (["d", "--output", "s", "--shard-size", "-1GB"], "--shard-size"),
      (["d", "--output", "d/s"], "is inside d"),
    ] {
      let result = try tool.usage(["datasets", "pack"] + arguments)
      #expect(result.status != 0 && result.errors.contains(problem), "\(result.errors)")
    }
    #expect(!folder.exists("s") && !folder.exists("d/s"))
    let result = try tool.run("datasets", "pack", "d", "--output", "s", "--shard-size", "0.5kib")
    #expect(result.status == 0 && folder.names(in: "s").count == 9)
    #expect(
      result.output.hasPrefix("s: 9 files in 9 shards, ")
        && result.output.hasSuffix("shard-{000000..000008}.tar\n"))
  }
}
