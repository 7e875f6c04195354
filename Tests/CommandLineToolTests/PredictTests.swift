import Foundation
import TestSupport
import Testing
import Torch
import Training
import VideoData

@Suite struct PredictTests {
  let folder: ScratchFolder
  let tool: Tool

  init() throws {
    folder = try ScratchFolder()
    tool = Tool(folder: folder)
    try folder.action("a.mp4", sinks: false, seed: 1)
    try folder.action("frames", sinks: true, seed: 2)
  }

  /// A broken video is reported, the others are printed, and the exit status shows that there was an error.
  @Test func brokenVideosDoNotHideTheOthers() throws {
    try folder.finetuned()
    try folder.write("Dear diary", to: "text.mp4")
    let all = ["--weights", "r", "a.mp4", "text.mp4", "gone.mp4", "frames"]
    let result = try tool.run(["predict"] + all)
    #expect(result.status == 1)
    #expect(result.complaints.count == 2, "\(result.errors)")
    #expect(result.complaints.contains { $0.hasPrefix("mosi: error: text.mp4 ") })
    #expect(result.complaints.contains { $0.hasPrefix("mosi: error: gone.mp4 ") })
    #expect(result.output.contains("a.mp4  (10 clips, ") && result.output.contains("frames  ("))
    #expect(result.output.contains("rises") && result.output.contains("sinks"))

    let printed = try tool.run(["predict", "--json"] + all)
    #expect(printed.status == 1 && printed.complaints.count == 2)
    let videos = try json(printed.output, [[String: Any]].self)
    #expect(videos.map { $0["video"] as? String } == ["a.mp4", "text.mp4", "gone.mp4", "frames"])
    #expect(videos.map { $0["failure"] != nil } == [false, true, true, false])
    for video in videos {
      let classes = video["classes"] as? [[String: Any]] ?? []
      #expect(classes.count == (video["failure"] == nil ? 2 : 0))
      #expect((video["seconds"] as? Double ?? -1) >= 0)
    }
  }

  /// The scores are the softmax averaged over the clips, in descending order.
  @Test func scoresAreTheNetworks() throws {
    let model = try folder.finetuned(classes: (0..<7).map { "class-\($0)" })
    let result = try tool.run(
      "predict", "--weights", "r", "--clips", "3", "--top", "4", "--json", "a.mp4")
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    let classes = try #require(
      json(result.output, [[String: Any]].self)[0]["classes"] as? [[String: Any]])
    let weights = try Weights(at: folder.path + "/r")
    let inference = VideoInference(
      model: model, normalization: weights.normalization!, clip: weights.clip!,
      clips: 3, device: .cpu, workers: 1)
    let expected = try inference.run([.video(path: folder.path + "/a.mp4")])[0].get().probabilities
    #expect(abs(expected.reduce(0, +) - 1) < 1e-9)
    let order = expected.indices.sorted { expected[$0] > expected[$1] }.prefix(4)
    #expect(classes.map { $0["name"] as? String } == order.map { "class-\($0)" })
    for (found, index) in zip(classes, order) {
      #expect(abs((found["probability"] as? Double ?? 0) - expected[index]) < 1e-5)
    }
  }

  @Test(arguments: [
    (
      ["--weights", "text", "a.mp4"],
      "text is neither a safetensors file nor a checkpoint of PyTorch"
    ),
    (["--weights", "nowhere", "a.mp4"], "nowhere does not exist"),
    (["--weights", "r", "--size", "4", "a.mp4"], "clip.size"),
    (["--weights", "r", "--interval", "0", "a.mp4"], "clip.interval"),
  ])
  func mistakesAreOneSentence(arguments: [String], text: String) throws {
    try folder.finetuned()
    try folder.write("weights, honestly", to: "text")
    let result = try tool.run(["predict"] + arguments)
    #expect(result.status == 1 && result.output.isEmpty)
    #expect(result.complaints.count == 1 && result.errors.contains(text), "\(result.errors)")
  }
}
