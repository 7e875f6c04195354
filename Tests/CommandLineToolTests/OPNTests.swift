import TestSupport
import Testing

/// All commands with OPN's network, which sees each frame by itself.
@Suite struct OPNTests {
  let folder: ScratchFolder
  let tool: Tool

  init() throws {
    folder = try ScratchFolder()
    tool = Tool(folder: folder)
  }

  private func output(_ arguments: String...) throws -> String { try tool.output(arguments) }

  @Test func everyCommandTakesIt() throws {
    try folder.actions(training: 2, test: 1)
    _ = try output(
      "pretrain", "--output", "p", "--sources", "v/train", "--epochs", "1", "--set",
      "task.kind=frame_order", "--set", "task.frame_order.margin=4", "--set",
      "task.frame_order.longest_window=9", "--set", "model.architecture=opn", "--set",
      "model.width=2", "--set", "clip.frames=2", "--set", "clip.size=72", "--set",
      "sources.size=76", "--set", "sources.validation_fraction=0.25", "--set", "batch.sources=2",
      "--set", "batch.accumulation_steps=1")
    _ = try output(
      "finetune", "--dataset", "folders", "--videos", "v", "--weights", "p", "--output", "f",
      "--epochs", "1", "--freeze-stages", "2", "--set", "clip.frames=4", "--set",
      "clip.interval=1", "--set", "clip.size=80", "--set", "batch.clips=2", "--set",
      "batch.accumulation_steps=1")
    #expect(try output("evaluate", "--weights", "f", "--clips", "1").contains("rises"))
    #expect(
      try output("predict", "v/test/sinks/2", "--weights", "f", "--clips", "1").contains("sinks"))
    #expect(
      try output(
        "features", "v/test/sinks/2", "--weights", "f", "--clips", "1", "--output",
        "f.safetensors"
      ).contains("features [1, 21], logits [1, 2]"))
    #expect(
      try output("gradcam", "v/test", "--weights", "f", "--stage", "conv3")
        .contains("2 clips, Grad-CAM at conv3"))
    #expect(try output("convert", "f", "w.pth", "--to", "mosi").hasPrefix("w.pth: opn of width 2"))
    #expect(try output("inspect", "w.pth").contains("opn of width 2"))
    #expect(try output("models").contains("opn"))
    #expect(try output("models", "--size", "64").contains("clip too small"))
  }

  /// Frames on which fc6 would have no place are rejected before the first step.
  @Test func framesThatAreTooSmallAreRefused() throws {
    let sentence =
      "mosi: error: the configuration's clip.size must be at least 71 for model.architecture=opn, not 70"
    let training = try tool.run(
      ["pretrain", "--output", "p", "--sources", "synthetic:dead-leaves:10"] + tiny + [
        "--set", "model.architecture=opn", "--set", "clip.size=70", "--set", "sources.size=80",
      ])
    #expect(training.status == 1 && training.complaints == [sentence[...]])
    #expect(!folder.exists("p"))
  }
}
