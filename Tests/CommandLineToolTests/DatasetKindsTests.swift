import Foundation
import KeyedRandom
import TestSupport
import Testing
import Training

/// Fine-tunings on the newer kinds of lists, and on unsuitable datasets.
@Suite struct DatasetKindsTests {
  let folder: ScratchFolder
  let tool: Tool

  /// Three training videos and two test videos per class. The last of each is a folder of frames.
  init() throws {
    folder = try ScratchFolder()
    tool = Tool(folder: folder)
    for (label, name) in ["rises", "sinks"].enumerated() {
      for index in 0..<5 {
        try folder.action(
          "v/\(name)\(index)\(index == 4 ? "" : ".mp4")", sinks: label == 1, seed: UInt64(index))
      }
    }
  }

  /// The names of the training or test videos with their labels.
  private func rows(training: Bool) -> [(name: String, label: Int)] {
    ["rises", "sinks"].enumerated().flatMap { label, name in
      (training ? 0..<3 : 3..<5).map { ("\(name)\($0)", label) }
    }
  }

  private func writeSomething(
    templates: [String] = ["Moving [something] up", "Moving [something] down"]
  )
    throws
  {
    for (list, training) in [("train", true), ("validation", false)] {
      let entries = rows(training: training).map {
        "{\"id\": \"\($0.name)\", \"template\": \"\(templates[$0.label])\"}"
      }
      try folder.write("[\(entries.joined(separator: ",\n"))]", to: "ssv2/\(list).json")
    }
    let names = templates.map { $0.filter { $0 != "[" && $0 != "]" } }
    try folder.write("{\"\(names[0])\": \"0\", \"\(names[1])\": \"1\"}", to: "ssv2/labels.json")
  }

  private func writeDiving() throws {
    for (list, training) in [("train", true), ("test", false)] {
      let entries = rows(training: training).map {
        "{\"vid_name\": \"\($0.name)\", \"label\": \($0.label), \"start_frame\": 0, \"end_frame\": 12}"
      }
      try folder.write(
        "[\(entries.joined(separator: ","))]", to: "diving48/Diving48_V2_\(list).json")
    }
    try folder.write(
      "[[\"Back\", \"Dive\"], [\"Inward\", \"Dive\"]]", to: "diving48/Diving48_vocab.json")
  }

  private func writeLists() throws {
    try folder.write(
      rows(training: true).map { "\($0.name).mp4 \($0.label)\n" }.joined(),
      to: "mmaction2/mine_train_list_videos.txt")
    try folder.write(
      rows(training: false).map { "\($0.name) 12 \($0.label)\n" }.joined(),
      to: "mmaction2/mine_val_list_rawframes.txt")
    try folder.write("left turn\nright turn\n", to: "mmaction2/label_map.txt")
  }

  private func data(_ kind: String) -> [String] {
    ["--dataset", kind, "--data-root", "v", "--splits", kind]
  }

  /// Two epochs of two steps.
  private func finetune(_ kind: String, to output: String, _ more: String...) throws -> Tool.Result
  {
    try tool.run(
      ["finetune"] + data(kind) + ["--weights", "none", "--output", output, "--epochs", "1"]
        + tinyFinetuning + more)
  }

  @Test(arguments: ["ssv2", "diving48", "mmaction2"])
  func everyCommandTakesTheKind(kind: String) throws {
    try writeSomething()
    try writeDiving()
    try writeLists()
    let check = try tool.run(["datasets", "check", "--decode"] + data(kind))
    #expect(check.status == 0 && check.errors.isEmpty, "\(check.errors)")
    let list = try tool.run(["datasets", "list", "--subset", "train"] + data(kind))
    #expect(list.output.split(separator: "\n").count == 6)
    let finetuned = try finetune(kind, to: "r")
    #expect(finetuned.status == 0, "\(finetuned.errors)")
    #expect(finetuned.errors.contains("step 2/2") && finetuned.output.contains("of 4 videos"))
    let evaluated = try tool.run("evaluate", "--weights", "r", "--clips", "2")
    #expect(evaluated.status == 0 && evaluated.output.contains("4, 2 clips"), "\(evaluated.errors)")
    let retrieved = try tool.run(["retrieve", "--weights", "r", "--clips", "1"] + data(kind))
    #expect(retrieved.status == 0, "\(retrieved.errors)")
    #expect(retrieved.output.contains("4 test videos, searched among 6 training videos"))
  }

  private func flipProbability(of run: String) throws -> Double? {
    try Weights(at: folder.path + "/" + run).finetuning?.clip.flipProbability
  }

  /// Mirrored clips of "from left to right" would get a wrong label.
  @Test func clipsOfSomethingSomethingAreNotMirroredUnlessAskedFor() throws {
    try writeSomething(
      templates: [
        "Pulling [something] from left to right", "Pulling [something] from right to left",
      ])
    let note = "clips are not mirrored, because ssv2 has classes that differ in left and right"
    let plain = try finetune("ssv2", to: "plain")
    #expect(plain.status == 0 && plain.errors.contains(note), "\(plain.errors)")
    #expect(try flipProbability(of: "plain") == 0)

    let asked = try finetune("ssv2", to: "asked", "--set", "clip.flip_probability=0.25")
    #expect(asked.status == 0 && !asked.errors.contains(note))
    #expect(
      asked.errors.contains(
        "warning: a mirror turns Pulling something from left to right into Pulling something from right to left, but "
          + "training clips are mirrored: --set clip.flip_probability=0"))
    #expect(try flipProbability(of: "asked") == 0.25)

    // The dataset decides, not the data that the weights were trained on before.
    try writeDiving()
    let next = try tool.run(
      ["finetune"] + data("diving48") + ["--weights", "plain", "--output", "next", "--epochs", "1"]
        + tinyFinetuning.dropFirst(2))
    #expect(next.status == 0 && !next.errors.contains("mirror"), "\(next.errors)")
    #expect(try flipProbability(of: "next") == 0.5)
    let help = try tool.run("finetune", "--help").output.split { $0.isWhitespace }
    #expect(help.joined(separator: " ").contains("clips are not mirrored unless"))
  }

  @Test func mirroredClassesOfOtherKindsAreWarnedOf() throws {
    try writeLists()
    let result = try finetune("mmaction2", to: "r")
    #expect(result.status == 0)
    #expect(result.errors.contains("warning: a mirror turns left turn into right turn"))
    #expect(try flipProbability(of: "r") == 0.5)
  }

  // MARK: Unsuitable datasets

  private func csv(_ rows: String...) throws -> [String] {
    try folder.write(rows.joined(separator: "\n"), to: "v/annotations.csv")
    return ["--dataset", "csv", "--data-root", "v"]
  }

  private func finetune(_ data: [String]) throws -> Tool.Result {
    try tool.run(
      ["finetune"] + data + ["--weights", "none", "--output", "r", "--epochs", "1"] + tinyFinetuning
    )
  }

  /// True if the warning comes before the first step.
  private func warnsFirst(_ result: Tool.Result, of words: String) -> Bool {
    guard let warning = result.errors.range(of: "warning: \(words)"),
      let step = result.errors.range(of: "step ")
    else { return false }
    return warning.lowerBound < step.lowerBound
  }

  @Test func aRunOnOneClassWarnsThatItIsMeaningless() throws {
    let result = try finetune(
      csv("rises0.mp4,up,train", "rises1.mp4,up,train", "rises2.mp4,up,test"))
    #expect(result.status == 0, "\(result.errors)")
    #expect(warnsFirst(result, of: "there is one class, up: every prediction is correct"))
    #expect(
      result.output.contains("100.0% of 1 videos, 2 clips each (meaningless with one class)"))
    let evaluated = try tool.run("evaluate", "--weights", "r", "--clips", "1")
    #expect(evaluated.status == 0 && evaluated.errors.contains("warning: there is one class, up"))
  }

  @Test func missingEvaluationVideosAreReportedAtStartAndEnd() throws {
    let result = try finetune(csv("rises0.mp4,up,train", "sinks0.mp4,down,train"))
    #expect(result.status == 0, "\(result.errors)")
    #expect(warnsFirst(result, of: "there is no video for testing or validation"))
    #expect(result.errors.contains("warning: not evaluated: there is no video for testing"))
    #expect(!result.output.contains("top-1"))
  }

  @Test func aRunNamesClassesThatAreSpelledAlmostAlikeOrNotTrained() throws {
    let result = try finetune(
      csv(
        "rises0.mp4,moves_up,train", "sinks0.mp4,down,train", "rises1.mp4,moves up,test",
        "sinks1.mp4,down,test"))
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      warnsFirst(
        result,
        of: "classes that are spelled almost alike count as different: moves up and moves_up"))
    #expect(warnsFirst(result, of: "there is no training video for the class moves up"))
    let evaluated = try tool.run("evaluate", "--weights", "r", "--clips", "1")
    #expect(evaluated.errors.contains("warning: classes that are spelled almost alike"))
    // Findings about training are not reported again.
    #expect(!evaluated.errors.contains("training video"))
  }

  /// The paths before the labels are used for training.
  @Test func preTrainingReadsListsWithLabels() throws {
    try folder.write("v/rises0.mp4 3\nv/sinks0.mp4 4\n", to: "labeled.txt")
    let result = try tool.run(
      ["pretrain", "--sources", "labeled.txt", "--output", "p", "--epochs", "1"] + tiny
        + ["--validation-fraction", "0", "--set", "batch.accumulation=1"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      result.errors.contains(
        "labeled.txt has numbers behind its paths; they are taken for labels, which are not used"))
    #expect(!result.errors.contains("skipped"))
  }
}
