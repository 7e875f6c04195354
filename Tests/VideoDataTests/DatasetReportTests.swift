import Foundation
import Media
import TestSupport
import Testing
import VideoData

@Suite struct DatasetReportTests {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func video(_ name: String, frames: Int = 30) throws {
    let writer = try MP4Writer(
      path: folder.file(name), width: 32, height: 24, framesPerSecond: 10, keyframeInterval: 5)
    for frame in 0..<frames {
      let pixels = (0..<32 * 24 * 3).map { UInt8(truncatingIfNeeded: $0 * (frame + 3)) }
      try writer.append(Picture(width: 32, height: 24, pixels: pixels))
    }
    try writer.finish()
  }

  private func report(workers: Int = 2) throws -> DatasetReport {
    try folder.write(
      [
        "whole.mp4", "cut.mp4", "empty.mp4", "text.mp4", "gone.mp4", "frames", "torn", "mixed",
        "none",
      ]
      .enumerated().map { "\($1),\($0 % 2 == 0 ? "run" : "wave"),\($0 < 6 ? "train" : "test")\n" }
      .joined(), to: "annotations.csv")
    let dataset = try ActionDataset(DatasetDescription(kind: .csv, videos: folder.path))
    var calls: [Int] = []
    let report = try DatasetReport(decoding: dataset, workers: workers) { done, total in
      calls.append(done)
      #expect(total == 9)
    }
    #expect(calls == Array(1...9))
    return report
  }

  @Test(arguments: [1, 4]) func undecodableVideosAreListedWithReasons(workers: Int) throws {
    try video("whole.mp4")
    try video("cut.mp4")
    let cut = URL(fileURLWithPath: folder.path + "/cut.mp4")
    let data = try Data(contentsOf: cut)
    try data.prefix(data.count / 2).write(to: cut)
    try folder.write("", to: "empty.mp4")
    try folder.write("no video at all", to: "text.mp4")
    for frame in 1...3 { try folder.picture("frames/\(frame).png") }
    try folder.picture("torn/1.png")
    try folder.write("no picture", to: "torn/2.png")
    try folder.picture("mixed/1.png")
    try folder.write("", to: "mixed/notes.txt")
    try FileManager.default.createDirectory(
      atPath: folder.path + "/none", withIntermediateDirectories: true)
    let report = try report(workers: workers)
    #expect(
      report.problems.map {
        "\($0.kind.rawValue) \($0.video) \($0.className) \($0.subset.rawValue)"
      }
        == [
          "undecodable cut.mp4 wave train", "undecodable empty.mp4 run train",
          "undecodable text.mp4 wave train", "absent gone.mp4 run train",
          "undecodable torn run test", "undecodable mixed wave test", "undecodable none run test",
        ])
    #expect(report.problems[0].reason.hasPrefix(folder.path + "/cut.mp4 ends after 1."))
    #expect(report.absent == 1 && report.undecodable == 6)
    #expect(report.listed(.training) == 6 && report.listed(.test) == 3)
    #expect(report.classes.map(\.name) == ["run", "wave"])
    #expect(report.classes.map(\.listed) == [[.training: 3, .test: 2], [.training: 3, .test: 1]])
    #expect(report.classes.map(\.absent) == [1, 0])
    #expect(report.classes.map(\.undecodable) == [3, 3])
  }

  /// Otherwise, frames that were not extracted, or flow among the frames, would be learned silently.
  @Test func differingFrameCountsAreReported() throws {
    for frame in 1...3 { try folder.picture("v/three/img_\(frame).png") }
    for frame in 1...2 {
      for prefix in ["img", "flow_x", "flow_y"] {
        try folder.picture("v/two/\(prefix)_\(frame).png")
      }
    }
    try folder.write("three 5 0\ntwo 2 1\n", to: "s/train.txt")
    try folder.write("", to: "s/val.txt")
    let dataset = try ActionDataset(
      DatasetDescription(
        kind: .mmaction2, videos: folder.path + "/v", splits: folder.path + "/s"))
    let report = try DatasetReport(decoding: dataset, workers: 1) { _, _ in }
    #expect(report.problems.isEmpty)
    #expect(
      report.findings == [
        .nothingToEvaluate, .otherFrameCounts(videos: 1, first: "three with 3 instead of 5"),
      ])
    #expect(report.spoilsTraining)
  }

  @Test func countingOpensNothing() throws {
    try folder.write("no video", to: "run/a.mp4")
    let report = DatasetReport(
      try ActionDataset(DatasetDescription(kind: .folders, videos: folder.path)))
    #expect(report.problems.isEmpty && !report.isDecoded && report.listed(.training) == 1)
  }
}
