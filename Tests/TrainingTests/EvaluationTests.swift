import Foundation
import RunRecords
import SafeFiles
import TestSupport
import Testing
import Torch
import Training
import VideoData

@Suite struct EvaluationTests {
  /// Six classes and five videos: correct, second, a tie that the first class wins, sixth, unreadable.
  private let evaluation = Evaluation(
    classNames: ["a", "b", "c, d", "e", "f", "g"],
    videos: [
      .init(name: "v0", label: 0, probabilities: [0.5, 0.1, 0.1, 0.1, 0.1, 0.1]),
      .init(name: "v1", label: 1, probabilities: [0.6, 0.3, 0.1, 0, 0, 0]),
      .init(name: "v2", label: 2, probabilities: [0.4, 0.2, 0.4, 0, 0, 0]),
      .init(name: "v3", label: 2, probabilities: [0.3, 0.2, 0.1, 0.15, 0.13, 0.12]),
      .init(name: "v4", label: 0, probabilities: nil, failure: "is empty"),
    ], clips: 10, crops: 1)

  @Test func measuresAreThoseOfTheScores() {
    #expect(evaluation.videos.map(\.rank) == [0, 1, 1, 5, nil])
    #expect(evaluation.videos.map(\.prediction) == [0, 0, 0, 0, nil])
    #expect(evaluation.top1 == 1.0 / 5)
    #expect(evaluation.top5 == 3.0 / 5)
    // Classes without videos do not count: a has 1 of 2, b 0 of 1, "c, d" 0 of 2.
    #expect(evaluation.meanClassAccuracy == 0.5 / 3)
    #expect(evaluation.confusion.map { $0.reduce(0, +) } == [1, 1, 2, 0, 0, 0])
    #expect(evaluation.confusion[2] == [2, 0, 0, 0, 0, 0])
    #expect(evaluation.failures.map(\.name) == ["v4"])
  }

  @Test func fewClassesHaveNoTopFive() {
    let few = Evaluation(
      classNames: ["a", "b"], videos: [.init(name: "v", label: 1, probabilities: [0.1, 0.9])],
      clips: 1, crops: 1)
    #expect(few.top5 == nil && few.top1 == 1)
  }

  @Test func filesHoldEveryVideo() throws {
    let folder = try ScratchFolder()
    try evaluation.write(to: folder.file("e"))
    try evaluation.drawConfusion(in: folder.file("e"))
    let json = try JSON.decode(
      Evaluation.Summary.self, from: bytes(folder.file("e/evaluation.json")))
    #expect(json.top1 == 0.2 && json.failed == 1 && json.videos.count == 5)
    #expect(json.videos[4].prediction == nil && json.videos[4].failure == "is empty")
    let table = String(decoding: try bytes(folder.file("e/confusion.csv")), as: UTF8.self)
    #expect(table.hasPrefix("true \\ predicted,a,b,\"c, d\",e,f,g\na,1,0"))
    let scores = try Safetensors(contentsOf: folder.file("e/scores.safetensors"))
    #expect(scores.tensors["probabilities"]?.shape == [5, 6])
    #expect(scores.tensors["labels"]?.array(of: Int.self) == [0, 1, 2, 2, 0])
    let png = try bytes(folder.file("e/confusion.png"))
    #expect(png.starts(with: [0x89, 0x50, 0x4E, 0x47]))
  }

  // MARK: Retrieval

  private func video(_ name: String, _ label: Int) -> LabeledVideo {
    LabeledVideo(name: name, label: label, subset: .test, footage: nil)
  }

  @Test func neighborsAreRankedByCosine() {
    // Lengths differ: only directions matter.
    let retrieval = Retrieval(
      training: [
        (video("right", 0), [10, 0]), (video("up", 1), [0, 1]), (video("diagonal", 1), [1, 1]),
        (video("bad", 0), nil),
      ],
      test: [
        (video("a", 0), [0.1, 0.01], nil),  // nearest: correct
        (video("b", 0), [1, 2], nil),  // diagonal, up, right
        (video("c", 2), [1, 0], nil),  // no video of its class
        (video("d", 1), nil, "is empty"),
      ], classNames: ["x", "y", "z"])
    #expect(retrieval.matches.map(\.firstHit) == [1, 3, nil, nil])
    #expect(retrieval.matches.map(\.nearest) == ["right", "diagonal", "right", nil])
    #expect(retrieval.accuracies.map(\.k) == [1, 5, 10, 20, 50])
    #expect(retrieval.accuracies.map(\.accuracy) == [0.25, 0.5, 0.5, 0.5, 0.5])
    #expect(retrieval.unusableTrainingVideos == ["bad"])
    // 1/3 for a and b, 0 for c, 2/3 for d.
    #expect(abs(retrieval.chance - (1 + 1 + 0 + 2) / 12.0) < 1e-12)
  }
}
