import Foundation
import Media
import TestSupport
import Testing
import Torch
import Training

@Suite struct FinetuneTests {
  let folder: ScratchFolder
  let tool: Tool

  init() throws {
    folder = try ScratchFolder()
    tool = Tool(folder: folder)
  }

  /// Two epochs of two steps on three videos per class.
  private func arguments(_ output: String, weights: String = "none", _ more: [String] = [])
    -> [String]
  {
    [
      "finetune", "--dataset", "folders", "--data-root", "v", "--weights", weights, "--output",
      output,
    ]
      + ["--epochs", "2"]
      + (weights == "none" ? tinyFinetuning : Array(tinyFinetuning.dropFirst(2)))
      + more
  }

  private func metrics(_ name: String) throws -> [[String: Any]] {
    try jsonLines(folder.bytes(name + "/metrics.jsonl"))
  }

  private func tensors(_ name: String) throws -> [String: [Float]] {
    try Safetensors(contentsOf: folder.path + "/\(name)/last.safetensors").tensors
      .mapValues { $0.to(.float32).array() }
  }

  // MARK: The files of a run

  /// All files, only the result on stdout, and an evaluation that `mosi evaluate` reproduces.
  @Test func writesAllFilesOfARun() throws {
    try folder.actions()
    let result = try tool.run(arguments("a/r", ["--json"]))
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("step 4/4") && result.errors.contains("epoch 2: top-1"))
    #expect(!(result.output + result.errors).contains("\u{1B}"))
    let found = try json(result.output)
    let summary = found["summary"] as? [String: Any] ?? [:]
    #expect(summary["step"] as? Int == 4 && summary["training_sources"] as? Int == 6)
    #expect(found["checkpoint"] as? String == "a/r/last.safetensors")
    for name in [
      "config.yaml", "last.safetensors", "best.safetensors", "preview.png", "curves.png",
      "curves.svg", "events", "evaluation/evaluation.json", "evaluation/videos.csv",
      "evaluation/classes.csv", "evaluation/confusion.csv", "evaluation/confusion.png",
      "evaluation/confusion.svg", "evaluation/scores.safetensors",
    ] { #expect(folder.exists("a/r/" + name), "\(name)") }
    #expect(
      try metrics("a/r").map { $0["event"] as? String } == [
        "step", "step", "validation", "step", "step", "validation", "summary",
      ])

    let own = try json(
      String(decoding: folder.bytes("a/r/evaluation/evaluation.json"), as: UTF8.self))
    let evaluation = summary["evaluation"] as? [String: Any] ?? [:]
    #expect(own["top1"] as? Double == evaluation["top1"] as? Double)
    #expect(own["video_count"] as? Int == 4 && own["clips"] as? Int == 2)
    let before = try Safetensors(
      contentsOf: folder.path + "/a/r/evaluation/scores.safetensors"
    ).tensors["probabilities"]!
    try FileManager.default.removeItem(atPath: folder.path + "/a/r/evaluation")
    let again = try tool.run("evaluate", "--weights", "a/r", "--clips", "2")
    #expect(again.status == 0, "\(again.errors)")
    let after = try Safetensors(
      contentsOf: folder.path + "/a/r/evaluation/scores.safetensors"
    ).tensors["probabilities"]!
    #expect(difference(before, after) < 1e-5)
  }

  /// Frozen stages keep their weights and statistics bit for bit, the others do not; the head is new.
  @Test func startsFromAPretraining() throws {
    try folder.actions()
    let pretraining = try tool.run(
      [
        "pretrain", "--sources", "synthetic:dead-leaves:8", "--output", "p", "--epochs", "1",
        "--validation-fraction", "0",
      ]
        + [
          "model.width=3", "clip.frames=4", "clip.size=24", "sources.size=48", "batch.sources=2",
          "batch.accumulation=1",
        ].flatMap { ["--set", $0] })
    #expect(pretraining.status == 0, "\(pretraining.errors)")
    let before = try tensors("p")
    for (output, option, frozen) in [
      ("f", ["--freeze-stages", "2"], ["conv1", "conv2"]),
      ("l", ["--linear-probe"], ["conv1", "conv2", "conv3", "conv4", "conv5"]),
    ] {
      // The run itself describes the network and its clips.
      let result = try tool.run(arguments(output, weights: "p", option))
      #expect(result.status == 0, "\(result.errors)")
      let after = try tensors(output)
      let names = before.keys.filter { $0.hasPrefix("model.backbone.") && !$0.contains("batches") }
      #expect(names.count > 40)
      for name in names {
        let isFrozen = frozen.contains { name.hasPrefix("model.backbone.\($0).") }
        #expect((before[name]! == after[name]!) == isFrozen, "\(name)")
      }
      #expect(after["model.head.out.weight"]?.count == 2 * 3 * 4)
      let weights = try Weights(at: folder.path + "/" + output)
      #expect(weights.classNames == ["rises", "sinks"] && weights.model.width == 3)
    }
  }

  /// K videos per class, the same for the same seed; a class with fewer videos uses all of them.
  @Test func shotsAreDrawnByTheSeed() throws {
    try folder.actions(training: 4)
    try FileManager.default.removeItem(atPath: folder.path + "/v/train/sinks/0.mp4")
    try FileManager.default.removeItem(atPath: folder.path + "/v/train/sinks/1.mp4")
    let more = ["--shots", "3", "--set", "validation.final_clips=0", "--epochs", "1"]
    for (name, seed) in [("a", "1"), ("b", "1"), ("c", "2")] {
      let result = try tool.run(arguments(name, more + ["--seed", seed]))
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.errors.contains("some classes have fewer than 3 training videos"))
      #expect(try metrics(name).last?["training_sources"] as? Int == 3 + 2)
      #expect(!folder.exists("\(name)/evaluation"))
    }
    #expect(try tensors("a") == tensors("b") && tensors("a") != tensors("c"))
  }

  // MARK: Resuming

  @Test func interruptedRunsResumeToTheSameNumbers() throws {
    try folder.actions()
    func numbers(_ name: String) throws -> [String] {
      try metrics(name).map { line in
        ["event", "step", "epoch", "loss", "top1", "learning_rate", "top1_per_label", "evaluation"]
          .map { key in
            (line[key] as? [String: Any])?.map { "\($0) \($1)" }.sorted().description
              ?? line[key].map { "\($0)" } ?? "-"
          }.joined(separator: " ")
      }
    }
    let more = ["--epochs", "8", "--set", "regularization.average_decay=0.9"]
    #expect(try tool.run(arguments("whole", more)).status == 0)
    let stopped = try tool.run(arguments("r", more), leaving: "r", signalling: SIGINT) {
      ((try? metrics("r")) ?? []).count >= 5
    }
    #expect(stopped.status == 130 && stopped.output.isEmpty, "\(stopped.errors)")
    #expect(stopped.errors.contains("resume with: mosi finetune --output r --resume"))
    #expect(!folder.exists("r/evaluation"))

    let absent = try tool.run("finetune", "--output", "x", "--resume")
    #expect(absent.status == 1 && absent.complaints[0].contains("no checkpoint to resume"))
    let changed = try tool.run("finetune", "--output", "r", "--resume", "--shots", "1")
    #expect(changed.status == 1 && changed.complaints[0].contains("other settings (dataset.shots)"))
    let resumed = try tool.run("finetune", "--output", "r", "--resume", "--workers", "3")
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try numbers("r") == numbers("whole"))
    #expect(try tensors("r") == tensors("whole"))
    for name in ["evaluation.json", "videos.csv", "scores.safetensors"] {
      #expect(
        try folder.bytes("r/evaluation/" + name) == folder.bytes("whole/evaluation/" + name))
    }
    let occupied = try tool.run(arguments("r", more))
    #expect(occupied.status == 1 && occupied.complaints[0].contains("already contains a run"))
  }

  // MARK: Unreadable videos

  /// Training reports them once and replaces them; the evaluation counts them as wrong and lists them.
  @Test func brokenVideosAreAlwaysReported() throws {
    try folder.actions()
    let good = try folder.bytes("v/train/rises/0.mp4")
    try folder.write(good.prefix(good.count / 2), to: "v/train/rises/half.mp4")
    try folder.write("Dear diary", to: "v/test/sinks/text.mp4")
    let result = try tool.run(arguments("r", ["--epochs", "3", "--cache-mb", "10"]))
    #expect(result.status == 0, "\(result.errors)")
    let warnings = result.errors.split(separator: "\n").filter { $0.hasPrefix("warning: ") }
    #expect(warnings.count { $0.contains("v/train/rises/half.mp4") } == 1, "\(warnings)")
    let summary = try metrics("r").last ?? [:]
    #expect(summary["skipped_sources"] as? Int == 1 && summary["training_sources"] as? Int == 7)
    #expect((summary["evaluation"] as? [String: Any])?["failed"] as? Int == 1)
    #expect(result.output.contains("1 test videos, counted as wrong"))
    let listed = try #require(
      String(decoding: folder.bytes("r/evaluation/videos.csv"), as: UTF8.self)
        .split(separator: "\n").first { $0.hasPrefix("test/sinks/text.mp4,sinks,,,,") })
    #expect(listed.count > "test/sinks/text.mp4,sinks,,,,".count)
  }

  @Test func unusableVideosGiveOneSentenceAndNoRun() throws {
    for name in ["rises/a", "sinks/b"] { try folder.write("", to: "v/train/\(name).mp4") }
    let result = try tool.run(arguments("r"))
    #expect(result.status == 1 && result.complaints.count == 1, "\(result.errors)")
    #expect(result.complaints.first?.contains("none of the 2 sources can be used") == true)
    #expect(!folder.exists("r"))
  }

  // MARK: Mistakes

  @Test(arguments: [
    (
      ["--weights", "p", "--set", "model.width=5"],
      "configuration's model (r2d3d-18, width 5): the tensors do not fit the model: with another shape backbone.conv1"
    ),
    (["--weights", "text"], "text is neither a safetensors file nor a checkpoint of PyTorch"),
    (["--weights", "nowhere"], "nowhere does not exist"),
    (["--weights", "v"], "v is a folder without last.safetensors"),
    (["--data-root", "nowhere"], "nowhere does not exist"),
    (["--dataset", "csv"], "v/annotations.csv does not exist"),
    (["--dataset", "ucf101", "--splits", "v"], "classInd.txt"), (["--split", "2"], "no split 2"),
    (["--set", "dataset.vidoes=x"], "did you mean"),
  ])
  func mistakesAreOneSentence(more: [String], text: String) throws {
    try folder.actions(training: 1, test: 1)
    try folder.finetuned("p")
    try folder.write("weights, honestly", to: "text")
    let result = try tool.run(arguments("r", more))
    #expect(result.status == 1 && result.output.isEmpty)
    #expect(
      result.complaints.count == 1 && result.complaints.first?.contains(text) == true,
      "\(result.errors)")
    #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
    #expect(!folder.exists("r"))
  }
}
