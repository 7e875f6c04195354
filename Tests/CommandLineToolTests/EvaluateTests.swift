import Configuration
import Foundation
import Media
import TestSupport
import Testing
import Torch
import Training

@Suite struct EvaluateTests {
  let folder: ScratchFolder
  let tool: Tool

  init() throws {
    folder = try ScratchFolder()
    tool = Tool(folder: folder)
  }

  /// The result is on stdout, without anything else; the files are in the run's folder.
  @Test func theDefaultDatasetIsTheRuns() throws {
    try folder.actions()
    try folder.finetuned()
    let result = try tool.run("evaluate", "--weights", "r", "--clips", "2")
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    #expect(result.output.contains("4, 2 clips of 1 crop"))
    #expect(result.output.contains("r/evaluation") && result.output.contains("rises"))
    let files = try folder.contents(of: "r/evaluation")
    #expect(
      files.keys.sorted() == [
        "classes.csv", "confusion.csv", "confusion.png", "confusion.svg", "evaluation.json",
        "scores.safetensors", "videos.csv",
      ])
    let printed = try tool.run("evaluate", "--weights", "r", "--clips", "2", "--json")
    let report = try json(printed.output)
    let splits = report["splits"] as? [[String: Any]] ?? []
    let evaluation = splits.first?["evaluation"] as? [String: Any] ?? [:]
    #expect(splits.count == 1 && splits[0]["split"] as? Int == 1)
    #expect(evaluation["video_count"] as? Int == 4 && report["top5"] == nil)
    let own = try json(String(decoding: files["evaluation.json"]!, as: UTF8.self))
    #expect(NSDictionary(dictionary: evaluation) == NSDictionary(dictionary: own))

    // Another protocol is reported, and the run's own files stay.
    let other = try tool.run("evaluate", "--weights", "r", "--clips", "3", "--crops", "3")
    #expect(
      other.output.contains("4, 3 clips of 3 crops") && !other.output.contains("r/evaluation"))
    #expect(try folder.contents(of: "r/evaluation") == files)
  }

  /// Batches, threads and the end of the list do not change the results.
  @Test func scoresDependOnNeitherBatchesNorThreads() throws {
    try folder.actions()
    try folder.finetuned()
    var scores: [Tensor] = []
    for (name, more) in [
      ("a", ["--batch", "1", "--workers", "1"]), ("b", ["--batch", "3", "--workers", "4"]),
      ("c", ["--batch", "100"]),
    ] {
      let result = try tool.run(
        ["evaluate", "--weights", "r/last.safetensors", "--clips", "2", "--output", name] + more)
      #expect(result.status == 0, "\(result.errors)")
      scores.append(
        try Safetensors(contentsOf: folder.path + "/\(name)/scores.safetensors")
          .tensors["probabilities"]!)
    }
    for other in scores.dropFirst() { #expect(difference(scores[0], other) < 1e-6) }
    // For a single checkpoint, no folder can be derived.
    #expect(try tool.run("evaluate", "--weights", "r/last.safetensors").status == 0)
    #expect(!folder.exists("r/evaluation"))
  }

  /// UCF101's lists, with a network for each split.
  @Test func splitsAreAveraged() throws {
    try folder.write("1 rises\n2 sinks\n", to: "s/classInd.txt")
    for (split, (training, test)) in [([0, 1], [2]), ([1, 2], [0])].enumerated() {
      func list(_ indices: [Int], labels: Bool) -> String {
        ["rises", "sinks"].enumerated().flatMap { label, name in
          indices.map { "\(name)/\($0).avi" + (labels ? " \(label + 1)" : "") + "\n" }
        }.joined()
      }
      try folder.write(list(training, labels: true), to: "s/trainlist0\(split + 1).txt")
      // The second split needs another video of one class.
      let more = split == 1 ? "sinks/1000.avi\n" : ""
      try folder.write(list(test, labels: false) + more, to: "s/testlist0\(split + 1).txt")
    }
    for index in 0..<3 {
      try folder.action("v/rises/\(index).mp4", sinks: false, seed: UInt64(index))
      try folder.action("v/sinks/\(index).mp4", sinks: true, seed: UInt64(index))
    }
    for split in [1, 2] {
      try folder.finetuned("r\(split)", seed: UInt64(split)) {
        $0.dataset.kind = .ucf101
        $0.dataset.splits = "s"
        $0.dataset.split = split
      }
    }
    let result = try tool.run(
      "evaluate", "--weights", "r1", "r2", "--split", "1,2", "--clips", "2", "--output", "e",
      "--json")
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      result.errors == "warning: counted as wrong (split 2): sinks/1000.avi is not there\n")
    let report = try json(result.output)
    let splits = report["splits"] as? [[String: Any]] ?? []
    let evaluations = splits.compactMap { $0["evaluation"] as? [String: Any] }
    #expect(splits.map { $0["split"] as? Int } == [1, 2])
    #expect(evaluations.map { $0["video_count"] as? Int } == [2, 3])
    let top1s = evaluations.compactMap { $0["top1"] as? Double }
    let mean = try #require(report["top1"] as? Double)
    #expect(top1s.count == 2 && abs(mean - (top1s[0] + top1s[1]) / 2) < 1e-12)
    for split in [1, 2] { #expect(folder.exists("e/split-\(split)/evaluation.json")) }
    #expect(!folder.exists("r1/evaluation"))
    // The network may have been trained on the videos that it is evaluated on; the run's own evaluation stays.
    let foreign = try tool.run("evaluate", "--weights", "r1", "--split", "2", "--clips", "1")
    #expect(foreign.errors.contains("warning: r1 was trained on split 1"))
    #expect(foreign.status == 0 && !folder.exists("r1/evaluation"))
  }

  /// The order of classes in a dataset may differ from the network's: classes are matched by name.
  @Test func classesAreMatchedByName() throws {
    try folder.actions()
    try folder.finetuned("r")
    try folder.finetuned("s", classes: ["sinks", "rises"])
    let summaries = try ["r", "s"].map { name in
      let result = try tool.run("evaluate", "--weights", name, "--clips", "1", "--json")
      #expect(result.status == 0, "\(result.errors)")
      let splits = try json(result.output)["splits"] as? [[String: Any]] ?? []
      return splits[0]["evaluation"] as? [String: Any] ?? [:]
    }
    // The same network with exchanged class names is correct where the original is wrong.
    let top1s = summaries.compactMap { $0["top1"] as? Double }
    #expect(top1s[0] + top1s[1] == 1)

    try folder.finetuned("t", classes: ["rises", "falls", "drifts"])
    let result = try tool.run("evaluate", "--weights", "t")
    #expect(result.status == 1 && result.complaints.count == 1)
    #expect(result.errors.contains("only the dataset has sinks"))
    #expect(result.errors.contains("only the weights have drifts, falls"))
    #expect(!folder.exists("t/evaluation"))
  }

  @Test func unreadableVideosCountAsWrongAndAreListed() throws {
    try folder.actions()
    try folder.write("Dear diary", to: "v/test/rises/text.mp4")
    try folder.write("", to: "v/test/rises/empty.avi")
    try folder.write("", to: "v/test/sinks/frames/0.png")
    try folder.finetuned()
    let result = try tool.run("evaluate", "--weights", "r", "--clips", "2", "--json")
    #expect(result.status == 0, "\(result.errors)")
    let splits = try json(result.output)["splits"] as? [[String: Any]] ?? []
    let evaluation = splits[0]["evaluation"] as? [String: Any] ?? [:]
    #expect(evaluation["failed"] as? Int == 3 && evaluation["video_count"] as? Int == 7)
    let videos = evaluation["videos"] as? [[String: Any]] ?? []
    let warnings = result.errors.split(separator: "\n")
    #expect(warnings.count == 3)
    for name in ["test/rises/text.mp4", "test/rises/empty.avi", "test/sinks/frames"] {
      let video = videos.first { $0["name"] as? String == name } ?? [:]
      #expect((video["failure"] as? String)?.isEmpty == false && video["prediction"] == nil)
      #expect(warnings.count { $0.hasPrefix("warning: counted as wrong: \(name) ") } == 1)
    }
    let correct = (evaluation["classes"] as? [[String: Any]] ?? [])
      .compactMap { $0["correct"] as? Int }.reduce(0, +)
    #expect(evaluation["top1"] as? Double == Double(correct) / 7)
  }

  @Test func pretrainedNetworksAreRefused() throws {
    try folder.actions(training: 1, test: 1)
    let model = try PretrainingConfiguration(settings: ["model.width=2"])
    try Checkpoint(
      configuration: model, position: TrainingPosition(), classNames: ["left 1", "static"],
      network: model.model.makeModel(head: .pretext, classes: 2, seed: 0), optimizer: SGD([])
    ).write(to: folder.file("p/last.safetensors"))
    let result = try tool.run(
      "evaluate", "--weights", "p", "--dataset", "folders", "--data-root", "v")
    #expect(result.status == 1 && result.complaints.count == 1)
    #expect(result.errors.contains("fine-tune it first"))
  }
}
