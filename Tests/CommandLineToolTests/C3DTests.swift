import TestSupport
import Testing

/// All commands with a network that is not residual.
@Suite struct C3DTests {
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
      "pretrain", "--output", "p", "--sources", "synthetic:dead-leaves:10", "--epochs", "1",
      "--set", "model.architecture=c3d", "--set", "model.width=2", "--set", "clip.frames=8",
      "--set", "clip.size=16", "--set", "sources.size=32", "--set", "batch.sources=2", "--set",
      "batch.accumulation_steps=2")
    _ = try output(
      "finetune", "--dataset", "folders", "--videos", "v", "--weights", "p", "--output", "f",
      "--epochs", "1", "--freeze-stages", "2", "--set", "clip.frames=8", "--set",
      "clip.interval=1", "--set", "clip.size=24", "--set", "batch.clips=2", "--set",
      "batch.accumulation_steps=1")
    #expect(try output("evaluate", "--weights", "f", "--clips", "1").contains("rises"))
    #expect(
      try output("predict", "v/test/sinks/2", "--weights", "f", "--clips", "1").contains("sinks"))
    #expect(
      try output(
        "features", "v/test/sinks/2", "--weights", "f", "--clips", "1", "--output",
        "f.safetensors"
      ).contains("features [1, 16], logits [1, 2]"))
    #expect(
      try output("gradcam", "v/test", "--weights", "f", "--stage", "conv3")
        .contains("2 clips, Grad-CAM at conv3"))
    #expect(
      try output("localize", "--weights", "p", "--stage", "conv2", "--random-networks", "1")
        .contains("heat inside the region"))
    #expect(
      try output("convert", "f", "w.pth", "--to", "vcop").hasPrefix("w.pth: c3d of width 2, a head")
    )
    #expect(try output("inspect", "w.pth").contains("VCOP's"))
    #expect(try output("models").contains("c3d"))
  }

  /// Clips that the poolings would reduce to nothing are rejected before the first step.
  @Test func clipsThatWouldVanishAreRefused() throws {
    let sentence =
      "mosi: error: the configuration's clip.frames must be at least 8 for model.architecture=c3d, not 4"
    let training = try tool.run(
      ["pretrain", "--output", "p", "--sources", "synthetic:dead-leaves:10"] + tiny + [
        "--set", "model.architecture=c3d", "--set", "clip.frames=4", "--set", "clip.size=24",
        "--set", "sources.size=32",
      ])
    #expect(training.status == 1 && training.complaints == [sentence[...]])
    #expect(!folder.exists("p"))
    try folder.finetuned {
      $0.model.architecture = .c3d
      $0.clip.frames = 8
    }
    try folder.action("a.mp4", sinks: true, seed: 1)
    let prediction = try tool.run("predict", "a.mp4", "--weights", "r", "--frames", "4")
    #expect(prediction.status == 1 && prediction.complaints == [sentence[...]])
    #expect(try tool.run("models", "--frames", "4").output.contains("clip too small"))
  }
}
