import Configuration
import Foundation
import TestSupport
import Testing
import Torch
import Training

@Suite struct RetrieveTests {
  let folder: ScratchFolder
  let tool: Tool

  init() throws {
    folder = try ScratchFolder()
    tool = Tool(folder: folder)
  }

  /// A copy of a training video is its own nearest neighbor; broken videos in both sets are reported.
  @Test func copiesAreFoundAndBrokenVideosReported() throws {
    try folder.actions()
    try folder.write(folder.bytes("v/train/sinks/1.mp4"), to: "v/test/sinks/copy.mp4")
    try folder.write("Dear diary", to: "v/test/rises/text.mp4")
    try folder.write("Dear diary", to: "v/train/rises/text.mp4")
    try folder.finetuned()
    let arguments = ["retrieve", "--weights", "r", "--clips", "2"]
    let result = try tool.run(arguments + ["--json"])
    #expect(result.status == 0, "\(result.errors)")
    let warnings = result.errors.split(separator: "\n")
    #expect(warnings.count == 2, "\(warnings)")
    #expect(
      warnings.contains { $0.hasPrefix("warning: skipped as a neighbor: train/rises/text.mp4 ") })
    #expect(warnings.contains { $0.hasPrefix("warning: counted as missed: test/rises/text.mp4 ") })
    let found = try json(result.output)
    #expect(found["training_videos"] as? Int == 7 && found["test_videos"] as? Int == 6)
    #expect(found["unusable_training_videos"] as? [String] == ["train/rises/text.mp4"])
    let matches = found["matches"] as? [[String: Any]] ?? []
    #expect(matches.count == 6)
    let copy = matches.first { $0["name"] as? String == "test/sinks/copy.mp4" } ?? [:]
    #expect(copy["nearest"] as? String == "train/sinks/1.mp4" && copy["first_hit"] as? Int == 1)
    #expect(abs((copy["cosine"] as? Double ?? 0) - 1) < 1e-5)
    // The accuracies follow from the matches; the broken video is never a hit.
    let accuracies = found["accuracies"] as? [[String: Any]] ?? []
    #expect(accuracies.map { $0["k"] as? Int } == [1, 5, 10, 20, 50])
    for accuracy in accuracies {
      let hits = matches.count {
        ($0["first_hit"] as? Int ?? .max) <= accuracy["k"] as? Int ?? 0
      }
      #expect(accuracy["accuracy"] as? Double == Double(hits) / 6)
    }
    #expect(accuracies.last?["accuracy"] as? Double == 5.0 / 6)

    let text = try tool.run(arguments)
    #expect(
      text.output.contains("6 test videos, searched among 7 training videos")
        && text.output.contains("top-k"))
  }

  /// A pre-training has no dataset of its own.
  @Test func pretrainedNetworksNeedADatasetNamed() throws {
    try folder.actions(training: 1, test: 1)
    let configuration = try PretrainingConfiguration(settings: [
      "model.width=2", "clip.frames=4", "clip.size=24",
    ])
    try Checkpoint(
      configuration: configuration, position: TrainingPosition(), classNames: ["left 1", "static"],
      network: configuration.model.makeModel(head: .pretext, classes: 2, seed: 0),
      optimizer: SGD([])
    ).write(to: folder.file("p/last.safetensors"))
    let missing = try tool.run("retrieve", "--weights", "p")
    #expect(missing.status == 2 && missing.errors.contains("--dataset is missing"))
    let found = try tool.run(
      "retrieve", "--weights", "p", "--dataset", "folders", "--data-root", "v", "--interval", "1")
    #expect(found.status == 0 && found.errors.isEmpty, "\(found.errors)")
  }
}
