import Foundation
import Insight
import TestSupport
import Testing

@Suite struct ClustersTests {
  let folder: ScratchFolder
  let tool: Tool

  init() throws {
    folder = try ScratchFolder()
    tool = Tool(folder: folder)
  }

  private let quick = ["--clips", "2", "--clusters", "2", "--random-networks", "1"]

  /// Sinking squares are recognized as moving down, rising ones as moving up; a broken video is reported and skipped.
  @Test func clipsAreClusteredAndTheirMotionIsThatOfTheVideos() throws {
    try folder.actions()
    try folder.write("Dear diary", to: "v/train/rises/text.mp4")
    try folder.finetuned()
    let arguments = ["clusters", "--weights", "r", "v"] + quick
    let result = try tool.run(arguments)
    #expect(result.status == 0, "\(result.errors)")
    let warnings = result.errors.split(separator: "\n").filter { $0.hasPrefix("warning") }
    #expect(
      warnings.count == 1 && warnings[0].hasPrefix("warning: skipped: train/rises/text.mp4 "))
    #expect(result.output.contains("NMI with static, right, down, left, up"))
    let output = folder.path + "/r/insight/clusters"
    let report = try ClusterReport(folder: output)
    #expect(report.clips.count == 20 && report.clusters.map(\.size).reduce(0, +) == 20)
    #expect(report.skipped.map(\.video) == ["train/rises/text.mp4"])
    // The flow of such a small square on plain ground is occasionally wrong.
    let seen = report.clips.count {
      $0.direction == ($0.video.contains("sinks") ? .down : .up)
    }
    #expect(seen >= 18, "\(report.clips.map { "\($0.video) \($0.direction)" })")
    for video in Set(report.clips.map(\.video)) {
      let starts = report.clips.filter { $0.video == video }.map(\.start)
      #expect(starts.count == 2 && starts[0] == 0 && starts[1] > 0.1)
    }
    #expect(report.random?.networks.count == 1)
    for (index, cluster) in report.clusters.enumerated() {
      #expect(cluster.size == report.clips.count { $0.cluster == index })
      #expect(abs(cluster.directionShares.values.reduce(0, +) - 1) < 1e-9)
      #expect(cluster.nearest.allSatisfy { report.clips[$0].cluster == index })
      #expect(Set(cluster.nearest.map { report.clips[$0].video }).count == cluster.nearest.count)
    }
    let names = report.clusters.map(\.picture) + [report.embeddingPNG, report.embeddingSVG]
    for name in names + [ClusterReport.fileName] {
      #expect(folder.exists("r/insight/clusters/\(name)"))
    }
    // The same command again, with JSON; another seed gives another start.
    let again = try tool.run(arguments + ["--output", "o", "--json"])
    let text = String(decoding: try folder.bytes("o/clusters.json"), as: UTF8.self)
    #expect(again.output == text + "\n")
    #expect(try folder.bytes("r/insight/clusters/clusters.json") == folder.bytes("o/clusters.json"))
  }

  @Test func impossibleRequestsFailAtTheStart() throws {
    try folder.actions(training: 1, test: 0)
    try folder.finetuned()
    try folder.write("", to: "file")
    try folder.write("", to: "empty/text.txt")
    func complaint(_ arguments: String...) throws -> String {
      let result = try tool.run(["clusters", "--weights", "r"] + arguments)
      #expect(result.status == 1 && result.complaints.count == 1, "\(result.errors)")
      return result.errors
    }
    let few = try complaint("v", "--clips", "1")
    #expect(few.contains("2 clips are fewer than the 5 clusters"))
    let pair = try complaint("v", "--clips", "1", "--clusters", "2")
    #expect(pair.contains("a t-SNE needs at least 4 clips, not 2"), "\(pair)")
    let wide = try complaint("v", "--clips", "5", "--perplexity", "30")
    #expect(
      wide.contains("a perplexity of 30 needs at least 91 clips, not 10: it can be at most 3"))
    let many = try complaint(
      "v", "v/train/rises/0.mp4", "v/train/sinks/0.mp4", "--clips", "1000", "--crops",
      "3")
    #expect(many.contains("more than the 10000"), "\(many)")
    #expect(try complaint("empty").contains("no video was found in empty"))
    #expect(try complaint("nowhere").contains("cannot read nowhere"))
    #expect(try complaint("v", "--frames", "1").contains("clips of one frame"))
    #expect(try complaint("v", "--output", "file").contains("cannot make the folder"))
    let homeless = try tool.run("clusters", "--weights", "r/last.safetensors", "v")
    #expect(homeless.status == 2 && homeless.errors.contains("--output is missing"))
    #expect(!folder.exists("r/insight"))
  }

  @Test func unusableVideosAreReported() throws {
    try folder.finetuned()
    for name in ["a", "b", "c"] { try folder.write("Dear diary", to: "v/\(name).mp4") }
    let result = try tool.run(["clusters", "--weights", "r", "v"] + quick)
    #expect(result.status == 1)
    #expect(result.errors.contains("none of the 3 videos can be used; the first, a.mp4, "))
    #expect(!folder.exists("r/insight/clusters/clusters.json"))
    // Frames beyond the end would all repeat the last one, in which nothing moves.
    try folder.actions(training: 1, test: 0)
    let short = try tool.run(
      ["clusters", "--weights", "r", "v/train", "--interval", "5"] + quick)
    #expect(short.status == 1)
    #expect(
      short.errors.contains(
        "none of the 2 videos can be used; the first, rises/0.mp4, is shorter than a clip: "))
  }
}
