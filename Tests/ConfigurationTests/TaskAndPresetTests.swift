import Configuration
import Foundation
import TestSupport
import Testing

@Suite struct TaskAndPresetTests {
  // MARK: Kinds of tasks

  /// A preset for one task can be used for another: settings that only the first one uses are kept, not checked against
  /// the others, and reported.
  @Test func groupsOfOtherTasksAreKeptAndReported() throws {
    let c = try PretrainingConfiguration(
      file: "tiny", settings: ["task.kind=rotation", "mask.ratio=[0.2, 0.4]", "clip.frames=2"])
    #expect(c.task.kind == .rotation && !c.task.mosi.mask.enabled && c.model.width == 24)
    #expect(c.ignoredChanges == ["task.mosi.mask.enabled", "task.mosi.mask.ratio"])
    #expect(try PretrainingConfiguration(yaml: c.yaml, origin: "x") == c)
    #expect(c.values["task.mosi.mask.enabled"] == nil && c.values["task.rotation.interval"] == "2")
    #expect(PretrainingConfiguration().ignoredChanges.isEmpty)
  }

  @Test func otherKindsAreNotWritten() {
    let c = PretrainingConfiguration()
    #expect(c.yaml.contains("task:\n  kind: mosi\n  mosi:\n    labels:\n"))
    #expect(!c.yaml.contains("rotation:"))
  }

  // MARK: The output of mosi config

  private func isGivenBack<Configuration: RunConfiguration>(_ configuration: Configuration) throws {
    let yaml = configuration.commentedYAML
    #expect(try Configuration(yaml: yaml, origin: "printed") == configuration)
    // A comment above each key, and no line that is too long for a terminal of 120 columns.
    let lines = yaml.split(separator: "\n").map { $0.drop { $0 == " " } }
    for (before, line) in zip(lines, lines.dropFirst())
    where !line.hasPrefix("#") && !line.hasPrefix("-") {
      #expect(before.hasPrefix("# "), "\(line)")
    }
    #expect(yaml.split(separator: "\n").allSatisfy { $0.count <= 132 })
  }

  @Test(arguments: TaskKind.allCases) func printedDefaultsGiveTheDefaults(kind: TaskKind) throws {
    var c = PretrainingConfiguration()
    c.task.kind = kind
    if kind == .masked { c.model.architecture = .vitTiny }
    try isGivenBack(c)
    try isGivenBack(FinetuningConfiguration())
  }

  @Test func keysAreInTheOrderOfTheirDeclaration() {
    let keys = PretrainingConfiguration().yaml.split(separator: "\n")
      .filter { $0.first != " " && $0.first != "-" }.map { $0.prefix { $0 != ":" } }
    #expect(
      keys == [
        "seed", "epochs", "task", "sources", "start", "clip", "jitter", "normalization", "model",
        "optimizer", "batch", "precision", "records",
      ])
  }

  // MARK: Explanations

  @Test func keysAreExplained() throws {
    let rate = try PretrainingConfiguration.explanation(of: "optimizer.warmup_share")
    #expect(rate.count == 1 && rate[0].key == "optimizer.warmup_fraction")
    #expect(rate[0].type == "a number" && rate[0].rule == "must be from 0 to 1")
    #expect(
      rate[0].defaultValue == .number(0.1) && rate[0].formerNames == ["optimizer.warmup_share"])
    let shots = try FinetuningConfiguration.explanation(of: "dataset.shots")[0]
    #expect(shots.type == "a whole number or null" && shots.defaultValue == .null)
    let mask = try PretrainingConfiguration.explanation(of: "mask")
    #expect(mask.count == 8 && mask[0].key == "task.mosi.mask.enabled")
    #expect(mask[0].formerNames == ["mask.enabled"])
    #expect(
      try PretrainingConfiguration.explanation(of: "precision")[0].choices == [
        "float32", "bfloat16", "float16",
      ])
    #expect(
      complaint { _ = try PretrainingConfiguration.explanation(of: "optimizer.lerning_rate") }
        == "there is no key optimizer.lerning_rate; did you mean optimizer.learning_rate?")
  }

  /// Each key is explained in one sentence.
  @Test func everyKeyIsDescribed() throws {
    for explanation in PretrainingConfiguration.explanations + FinetuningConfiguration.explanations
    {
      #expect(explanation.description.hasSuffix("."), "\(explanation.key)")
      #expect(explanation.description.count <= 110, "\(explanation.key)")
    }
  }

  // MARK: Presets

  @Test(arguments: Preset.allCases) func presetsAreReadFromAnyFolder(preset: Preset) throws {
    let name = preset.rawValue
    #expect(preset.text.hasPrefix("# ") && preset.text.contains("--config \(name)"))
    switch preset.phase {
    case .pretraining:
      let c = try PretrainingConfiguration(file: name)
      #expect((c == PretrainingConfiguration()) == (preset == .paperPretrain))
      #expect(c.ignoredChanges.isEmpty)
    case .finetuning:
      let c = try FinetuningConfiguration(file: name)
      #expect((c == FinetuningConfiguration()) == (preset == .paperFinetune))
    }
  }

  /// Whoever trains a task in full is offered a small one of the same kind.
  @Test func theSmallPresetHasTheSameTask() throws {
    let wholes: [Preset] = [
      .paperPretrain, .rotation, .clipOrder, .cloze, .frameOrder, .cubicPuzzle, .speed,
      .playbackRate, .densePrediction, .memoryPrediction,
    ]
    for preset in wholes {
      let whole = try PretrainingConfiguration(file: preset.rawValue)
      let small = try PretrainingConfiguration(file: Preset.tiny(for: whole.task).rawValue)
      #expect(small.task.kind == whole.task.kind && small.model.width == 24)
    }
  }

  /// Masked modeling in full and in small has the same motion.
  @Test(arguments: [Preset.videoMAE, .pmg, .movingShapes])
  func theSmallPresetHasTheSameMotion(preset: Preset) throws {
    let whole = try PretrainingConfiguration(file: preset.rawValue)
    let small = try PretrainingConfiguration(file: Preset.tiny(for: whole.task).rawValue)
    #expect(small.task.masked.motion == whole.task.masked.motion)
    #expect(whole.task.kind == .masked && small.model.architecture == .vitTiny)
    #expect(whole.model.architecture == .vitBase && whole.task.masked.ratio == 0.75)
  }

  /// The paper's presets contain all defaults: applied over another preset, they undo it.
  @Test func thePapersPresetsAreComplete() throws {
    var tiny = try PretrainingConfiguration(file: "tiny-masked")
    tiny = try PretrainingConfiguration(file: "paper-pretrain", settings: [], over: tiny)
    let left = ["sources.validation_fraction", "task.mosi.mask.curriculum.enabled"]
    #expect(tiny.differences(from: PretrainingConfiguration()) == left)
    let other = try FinetuningConfiguration(
      file: "paper-finetune", settings: [], over: FinetuningConfiguration(file: "tiny-finetune"))
    #expect(other == FinetuningConfiguration())
  }

  @Test func namesThatAreNotPresetsAreFiles() throws {
    let path = NSTemporaryDirectory() + "preset-\(UUID().uuidString).yaml"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("epochs: 3\n".utf8).write(to: URL(fileURLWithPath: path))
    #expect(try PretrainingConfiguration(file: path).epochs == 3)
    #expect(
      complaint { _ = try PretrainingConfiguration(file: "tinny") }
        == "there is neither a file nor a preset tinny; did you mean tiny?")
    #expect(
      complaint { _ = try PretrainingConfiguration(file: "somethingelse") }
        == "there is neither a file nor a preset somethingelse: presets are paper-pretrain, tiny, "
        + "tiny-masked, demo, rotation, tiny-rotation, clip-order, tiny-clip-order, cloze, "
        + "tiny-cloze, frame-order, "
        + "tiny-frame-order, cubic-puzzle, tiny-cubic-puzzle, speed, tiny-speed, playback-rate, "
        + "tiny-playback-rate, dense-prediction, tiny-dense-prediction, memory-prediction, "
        + "tiny-memory-prediction, videomae, tiny-videomae, tiny-window, pmg, tiny-pmg, "
        + "moving-shapes, tiny-moving-shapes")
    #expect(
      complaint { _ = try FinetuningConfiguration(file: "tiny") }
        == "the preset tiny is for mosi pretrain: use paper-finetune or dense-prediction-finetune or "
        + "memory-prediction-finetune or videomae-finetune or "
        + "tiny-videomae-finetune or tiny-finetune or demo-finetune")
    #expect(
      complaint { _ = try PretrainingConfiguration(file: "tinny.yaml") }
        == "cannot read tinny.yaml: No such file or directory")
  }
}
