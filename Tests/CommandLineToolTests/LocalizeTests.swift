import Foundation
import Media
import TestSupport
import Testing

@Suite struct LocalizeTests {
  let folder: ScratchFolder
  let tool: Tool

  init() throws {
    folder = try ScratchFolder()
    tool = Tool(folder: folder)
  }

  private func pretrained(heldOut: String = "0.3") throws {
    let result = try tool.run(
      [
        "pretrain", "--output", "r", "--sources", "synthetic:dead-leaves:10", "--epochs", "1",
        "--validation-fraction", heldOut,
      ] + tiny + ["--set", "clip.size=24", "--set", "sources.size=40"])
    try #require(result.status == 0, "\(result.errors)")
  }

  @Test func runsAreMeasuredOnTheirHeldOutSources() throws {
    try pretrained()
    let result = try tool.run(
      "localize", "--weights", "r", "--stage", "conv2", "--random-networks", "2")
    #expect(result.status == 0, "\(result.errors)")
    for words in [
      "24 moving clips of 3 unseen sources", "heat inside the region", "hottest place inside",
      "overlap (IoU)", "maps of the target label", "random weights", "chance", "r/insight/localize",
    ] { #expect(result.output.contains(words), "\(words)") }
    #expect(
      try folder.contents(of: "r/insight/localize").keys.sorted()
        == ["localization.json", "localization.png"])
    #expect(
      try Picture(contentsOf: folder.path + "/r/insight/localize/localization.png").width > 300)
    let written = try json(
      String(decoding: folder.bytes("r/insight/localize/localization.json"), as: UTF8.self))
    #expect(
      written["maps"] as? String == "conv2" && written["sheet"] as? String == "localization.png")
    // The same numbers again, without files for a checkpoint.
    let again = try tool.run(
      "localize", "--weights", "r/last.safetensors", "--stage", "conv2", "--random-networks", "2",
      "--json")
    #expect(
      NSDictionary(dictionary: try json(again.output)["regions"] as? [String: Any] ?? [:])
        == NSDictionary(dictionary: written["regions"] as? [String: Any] ?? ["": ""]))
    #expect(again.errors.isEmpty && !folder.exists("r/last.safetensors/insight"))
    let none = try tool.run("localize", "--weights", "r", "--maps", "attention")
    #expect(none.status != 0 && none.errors.contains("r2d3d-18 has no attention"))
  }

  /// The heat of transformers is that of their attention, unless a stage is chosen.
  @Test func transformersHaveAttention() throws {
    let trained = try tool.run([
      "pretrain", "--output", "r", "--sources", "synthetic:dead-leaves:10", "--epochs", "1",
      "--validation-fraction", "0.2", "--set", "model.architecture=vit-tiny",
      "--set", "model.width=2", "--set", "clip.frames=4", "--set", "clip.size=24",
      "--set", "sources.size=40", "--set", "batch.sources=4", "--set",
      "batch.accumulation_steps=1",
    ])
    try #require(trained.status == 0, "\(trained.errors)")
    func maps(_ more: String...) throws -> String? {
      let result = try tool.run(
        ["localize", "--weights", "r", "--random-networks", "1", "--json"] + more)
      return try json(result.output)["maps"] as? String
    }
    #expect(try maps() == "attention")
    #expect(try maps("--stage", "conv3") == "conv3")
    #expect(try maps("--maps", "grad-cam") == "conv4")
    let both = try tool.run(
      "localize", "--weights", "r", "--maps", "attention", "--stage", "conv3")
    #expect(both.status != 0 && both.errors.contains("leave out --stage"))
    let drawn = try tool.run(
      "localize", "--weights", "r", "--random-networks", "1", "--output", "o")
    #expect(drawn.output.contains("maps of the target label"))
    #expect(folder.exists("o/localization.png"))
  }

  @Test func videosAreMeasuredWithTheirFlow() throws {
    try pretrained(heldOut: "0")
    try folder.actions(training: 2, test: 1)
    try folder.write("no video", to: "v/torn.mp4")
    let arguments = [
      "localize", "--weights", "r", "v", "--stage", "conv3", "--random-networks", "1",
      "--frames", "4", "--interval", "2", "--clips", "1",
    ]
    let result = try tool.run(arguments + ["--output", "o"])
    #expect(result.status == 0, "\(result.errors)")
    // Nothing was held out: the lack of pictures is reported, and so is the file that is not a video.
    #expect(result.errors.contains("no pictures are measured: the run held out no sources"))
    #expect(result.errors.contains("skipped: v/torn.mp4"))
    // A single random network has no deviation.
    #expect(!result.output.contains("deviation") && result.output.contains("label with motion"))
    #expect(result.output.contains("6 clips of 6 videos") && result.output.contains("rank corr"))
    #expect(try folder.contents(of: "o").keys.sorted() == ["localization.json"])
    // Without a pretext task, only the videos are measured.
    try folder.finetuned("f")
    let other = try tool.run([
      "localize", "--weights", "f", "v/train", "--random-networks", "1", "--clips", "1", "--json",
    ])
    let report = try json(other.output)
    #expect(report["regions"] == nil && report["videos"] is [String: Any], "\(other.errors)")
  }

  @Test func unmeasurableInputGivesOneSentence() throws {
    try pretrained()
    try folder.finetuned("f")
    try folder.actions(training: 1, test: 0)
    try folder.write("x", to: "file")
    for (arguments, words) in [
      (
        ["--weights", "r", "--stage", "conv6"],
        "the networks have conv1, conv2, conv3, conv4, conv5"
      ),
      (["--weights", "r", "--output", "file/o"], "cannot make the folder file/o"),
      (
        ["--weights", "f", "v", "--interval", "5"],
        "none of the 2 videos can be used; the first, v/train/rises/0.mp4, is shorter than a clip: "
      ),
      (["--weights", "r", "nowhere"], "nowhere"),
      (["--weights", "r", "--sources", "nowhere"], "nowhere does not exist"),
      (["--weights", "f"], "there is no moving region to find: name videos"),
      (["--weights", "r", "--random-networks", "0"], "--random-networks must be from 1 to 100"),
    ] {
      let result = try tool.run(["localize"] + arguments)
      #expect(result.status != 0 && result.errors.contains(words), "\(result.errors)")
    }
    #expect(!folder.exists("r/insight"))
  }
}
