import Configuration
import Figures
import Foundation
import Insight
import Media
import TestSupport
import Testing
import Torch
import Training
import VideoModels

@Suite struct ReportTests {
  private let folder: ScratchFolder
  /// A class name from an untrusted file.
  private static let hostile = "<script>alert('x')</script>\"&"

  init() throws { folder = try ScratchFolder() }

  /// A run as a training leaves it.
  @discardableResult
  private func run<Configuration: RunConfiguration>(
    _ name: String, _ configuration: Configuration, classes: [String], isFinished: Bool = true
  ) throws -> String {
    let lines =
      (1...20).map { step in
        #"{"event":"step","step":\#(step),"epoch":\#(1 + step / 11),"loss":\#(2.0 / Double(step)),"#
          + #""top1":0.5,"learningRate":0.001,"clipsPerSecond":10}"#
      } + [
        #"{"event":"validation","step":20,"epoch":2,"loss":0.5,"top1":0.75,"top1PerLabel":{"\#(classes[0])":0.625},"sources":8}"#
      ]
    let summary =
      #"{"event":"summary","step":20,"epoch":2,"loss":0.1,"top1":0.75,"bestTop1":0.75,"#
      + #""chance":0.5,"clipsPerSecond":10,"seconds":3725,"trainingSources":30,"validationSources":8,"badSources":1}"#
    // The last line of a run in progress may be incomplete.
    let end = isFinished ? summary + "\n" : String(summary.prefix(40))
    try folder.write(lines.joined(separator: "\n") + "\n" + end, to: "\(name)/metrics.jsonl")
    try folder.write(configuration.yaml, to: "\(name)/config.yaml")
    let isPretext = Configuration.phase == .pretraining
    let model = configuration.model.makeModel(
      head: isPretext ? .pretext : .actions, classes: classes.count, seed: 1)
    try Checkpoint(
      configuration: configuration, position: TrainingPosition(), classNames: classes,
      network: model, optimizer: SGD([])
    ).write(to: folder.file("\(name)/last.safetensors"))
    try Picture(width: 60, height: 40, pixels: [UInt8](repeating: 90, count: 60 * 40 * 3))
      .writePNG(to: folder.file("\(name)/preview.png"))
    return "\(folder.path)/\(name)"
  }

  private func pretraining(_ name: String, width: Int = 2, isFinished: Bool = true) throws -> String
  {
    var configuration = PretrainingConfiguration()
    configuration.model.width = width
    configuration.epochs = 2
    return try run(
      name, configuration, classes: (0..<9).map { "motion \($0)" }, isFinished: isFinished)
  }

  private func finetuning(_ name: String) throws -> String {
    var configuration = FinetuningConfiguration()
    configuration.model.width = 2
    configuration.dataset.videos = "v"
    let path = try run(name, configuration, classes: ["run", Self.hostile])
    let quoted = String(decoding: try JSONEncoder().encode(Self.hostile), as: UTF8.self)
    try folder.write(
      #"{"videoCount":5,"clips":10,"crops":1,"top1":0.6,"meanClassAccuracy":0.55,"failed":0,"classes":["#
        + #"{"name":"run","videos":3,"correct":2,"accuracy":0.66},"#
        + #"{"name":\#(quoted),"videos":2,"correct":1,"accuracy":0.5}],"#
        + #""confusion":[[2,1],[1,1]],"videos":[]}"#,
      to: "\(name)/evaluation/evaluation.json")
    return path
  }

  private func page(_ runs: [String], follows: Bool = false) throws -> String {
    let path = "\(folder.path)/report.html"
    try ReportPage(of: RunDescription.all(at: runs), follows: follows).write(to: path)
    return String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
  }

  @Test func aPageDescribesTheRunAndIsSelfContained() throws {
    let page = try page([finetuning("a")])
    for part in [
      "<html lang=\"en\">", "<title>Run a – mosi</title>", "Fine-tuning", "2 actions",
      "finished at step 20, epoch 2 of 300", "30 for training, 8 for validation, 1 unreadable",
      "1 h 02 min", "top-1 60.0%", "2 of 3", "run taken for", "optimizer:",
    ] { #expect(page.contains(part), "\(part)") }
    // Untrusted names are treated as text.
    #expect(!page.contains("<script>"))
    #expect(page.contains("&lt;script&gt;alert"))
    // Pictures are embedded, each with a description for people who cannot see them.
    for tag in page.components(separatedBy: "<img").dropFirst() {
      let attributes = tag.prefix { $0 != ">" }
      #expect(attributes.contains(" src=\"data:image/"))
      #expect(attributes.contains(" alt=\"") && !attributes.contains(" alt=\"\""))
    }
    for source in ["http://", "https://", "url(", "@import", "<link"] {
      // Pictures inside an SVG are in base64.
      #expect(!page.contains(source), "\(source)")
    }
  }

  @Test func severalRunsShowWhereTheyDiffer() throws {
    let page = try page([pretraining("x/narrow"), pretraining("x/wide", width: 3)])
    #expect(page.contains("2 runs side by side"))
    let section = try #require(page.range(of: "id=\"comparison\"")).lowerBound
    let comparison = page[section...].prefix { _ in true }
    let end = try #require(comparison.range(of: "</section>")).lowerBound
    let table = comparison[..<end]
    #expect(table.contains("model.width") && !table.contains("model.architecture"))
    // No run has been tested on videos.
    #expect(table.contains("75.0%") && !table.contains("test top-1"))
  }

  @Test func runsInProgressCanBeFollowed() throws {
    let runs = [try pretraining("on", isFinished: false)]
    #expect(try !RunDescription.all(at: runs)[0].isFinished)
    let page = try page(runs, follows: true)
    #expect(page.contains("in progress or interrupted at step 20"))
    #expect(page.contains("aria-pressed=\"false\"") && page.contains("location.reload"))
    // Reloading is the reader's choice.
    #expect(!page.contains("http-equiv"))
  }

  @Test func foldersThatAreNotRunsAreRejected() throws {
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/empty", withIntermediateDirectories: true)
    #expect(throws: RunError.self) { try page(["\(folder.path)/empty"]) }
    let path = try finetuning("b")
    try folder.write("{}", to: "b/evaluation/evaluation.json")
    let error = #expect(throws: ReportError.self) { try page([path]) }
    #expect(error?.description.contains("evaluation.json cannot be read") == true)
  }
}
