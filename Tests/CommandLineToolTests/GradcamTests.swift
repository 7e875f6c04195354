import Foundation
import Media
import TestSupport
import Testing

@Suite struct GradcamTests {
  let folder: ScratchFolder
  let tool: Tool

  init() throws {
    folder = try ScratchFolder()
    tool = Tool(folder: folder)
    try folder.finetuned()
  }

  /// All defaults: the files are written to the run's folder, and the output describes them.
  @Test func writesPicturesToTheRunsFolder() throws {
    try folder.action("v/sinks/a.mp4", sinks: true, seed: 1)
    try folder.action("v/rises/b.mp4", sinks: false, seed: 2)
    let arguments = ["gradcam", "--weights", "r", "v", "--stage", "conv3"]
    let result = try tool.run(arguments)
    #expect(result.status == 0 && result.complaints.isEmpty, "\(result.errors)")
    #expect(result.output.contains("rises/b.mp4"))
    #expect(result.output.contains("2 clips, Grad-CAM at conv3"))
    for name in ["001-b", "002-a"].flatMap({ ["\($0).png", "\($0).mp4", "\($0).gif"] }) {
      #expect(folder.exists("r/insight/gradcam/\(name)"), "\(name)")
    }
    let printed = try tool.run(arguments + ["--json"])
    #expect(printed.status == 0)
    let written = try folder.bytes("r/insight/gradcam/gradcam.json")
    #expect(printed.output == String(decoding: written, as: UTF8.self) + "\n")
    let clips = try #require(json(printed.output)["clips"] as? [[String: Any]])
    #expect(clips.map { $0["video"] as? String } == ["rises/b.mp4", "sinks/a.mp4"])
  }

  @Test func theWorstAreRankedAndDrawn() throws {
    for seed in 1...3 { try folder.action("\(seed).mp4", sinks: true, seed: UInt64(seed)) }
    let result = try tool.run(
      "gradcam", "--weights", "r", "1.mp4", "2.mp4", "3.mp4", "--stage", "conv2",
      "--worst", "1", "--output", "out", "--json")
    #expect(result.status == 0, "\(result.errors)")
    let clips = try #require(json(result.output)["clips"] as? [[String: Any]])
    let agreements = clips.compactMap { $0["agreement"] as? Double }
    #expect(agreements.count == 3 && agreements == agreements.sorted())
    #expect(clips.filter { $0["files"] != nil }.count == 1)
    #expect(try folder.contents(of: "out").count == 4)
  }

  /// An unsuitable video is reported and skipped; if all are unsuitable, that is an error.
  @Test func shortVideosAreReported() throws {
    try folder.action("a.mp4", sinks: true, seed: 1)
    try folder.write("Dear diary", to: "b.mp4")
    let result = try tool.run(
      "gradcam", "--weights", "r", "a.mp4", "--interval", "5", "--output", "out")
    #expect(result.status == 1 && result.output.isEmpty)
    #expect(result.complaints.count == 1, "\(result.errors)")
    #expect(
      result.complaints.first?.hasPrefix("mosi: error: a.mp4 is shorter than a clip: ") == true)
    let others = try tool.run(
      "gradcam", "--weights", "r", "a.mp4", "b.mp4", "--stage", "conv3", "--output",
      "out")
    #expect(others.status == 0 && others.output.contains("1 clip, Grad-CAM at conv3"))
    #expect(others.errors.contains("warning: skipped: b.mp4 "), "\(others.errors)")
  }

  @Test(arguments: [
    (
      ["--stage", "conv6"],
      "there is no convolutional stage conv6: the networks have conv1, conv2, conv3, conv4, conv5"
    ),
    (["--explain", "2"], "there is no label 2: the network has 2 labels, 0 to 1"),
    (["--output", "a.mp4/out"], "cannot make the folder a.mp4/out: "),
    (["--frames", "1"], "clips of one frame do not move"),
    (["--size", "12"], "clips of 12 pixels are too small"),
    (["--weights", "nowhere", "--output", "out"], "nowhere does not exist"),
  ])
  func mistakesAreOneSentence(arguments: [String], text: String) throws {
    try folder.action("a.mp4", sinks: true, seed: 1)
    let weights = arguments[0] == "--weights" ? [] : ["--weights", "r"]
    let result = try tool.run(["gradcam", "a.mp4"] + weights + arguments)
    #expect(result.status == 1 && result.output.isEmpty)
    #expect(result.complaints.count == 1 && result.errors.contains(text), "\(result.errors)")
    #expect(!folder.exists("r/insight"))
  }

  @Test(arguments: [["--explain", "best"], ["--clips", "0"], ["--worst", "0"]])
  func wrongUsageIsRefused(arguments: [String]) throws {
    let result = try tool.usage(["gradcam", "--weights", "r", "a.mp4"] + arguments)
    #expect(result.status == 2 && result.errors.contains(arguments[0]))
  }
}
