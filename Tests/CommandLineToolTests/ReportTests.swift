import Foundation
import TestSupport
import Testing

/// Pages of runs made by the tool, with all analyses.
@Suite struct ReportTests {
  private static let chromium = [
    "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome",
  ].first { FileManager.default.isExecutableFile(atPath: $0) }
  private static let axe: String? = {
    let path = repository + "/.libtorch/axe/axe.min.js"
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }()

  private let folder: ScratchFolder
  private let tool: Tool

  init() throws {
    folder = try ScratchFolder()
    tool = Tool(folder: folder)
  }

  private func pretrain() throws {
    let settings = [
      "model.width=4", "clip.frames=4", "clip.size=32", "sources.size=48", "batch.sources=2",
      "batch.accumulation=1", "sources.validation_fraction=0.3",
    ].flatMap { ["--set", $0] }
    let result = try tool.run(
      ["pretrain", "--sources", "synthetic:dead-leaves:10", "--epochs", "1", "--output", "pre"]
        + settings)
    try #require(result.status == 0, "\(result.errors)")
  }

  private func expectSuccess(_ arguments: String...) throws {
    let result = try tool.run(arguments)
    #expect(result.status == 0, "\(arguments): \(result.errors)")
  }

  /// All sections, and the page as readers see it: on a phone and on a desktop, light and dark.
  @Test func aPageContainsAllSectionsAndIsReadableOnAllScreens() throws {
    try pretrain()
    try folder.actions(training: 4, test: 2)
    let videos = ["v/train/rises/0.mp4", "v/train/sinks/0.mp4"]
    try expectSuccess(
      "gradcam", "--weights", "pre", videos[0], videos[1], "--stage", "conv2",
      "--interval", "2")
    try expectSuccess(
      "localize", "--weights", "pre", videos[0], videos[1], "--stage", "conv2",
      "--random-networks",
      "2", "--clips", "1", "--interval", "2")
    try expectSuccess(
      "clusters", "--weights", "pre", "v/train", "--clusters", "2", "--perplexity", "2",
      "--clips", "1", "--random-networks", "1", "--interval", "2")
    let finetuned = try tool.run(
      [
        "finetune", "--dataset", "folders", "--data-root", "v", "--weights", "none", "--epochs",
        "1",
        "--output", "tuned",
      ] + tinyFinetuning)
    try #require(finetuned.status == 0, "\(finetuned.errors)")
    // A run in progress: the page offers to follow it.
    let metrics = String(decoding: try folder.bytes("tuned/metrics.jsonl"), as: UTF8.self)
      .split(separator: "\n")
    try #require(metrics.last?.contains("summary") == true)
    try folder.write(metrics.dropLast().joined(separator: "\n") + "\n", to: "tuned/metrics.jsonl")

    let watching = try tool.start(
      Tool.path, ["report", "--watch", "pre", "tuned", "--output", "page.html"])
    tool.wait(for: watching) { folder.exists("page.html") }
    let growing = String(decoding: try folder.bytes("page.html"), as: UTF8.self)
    #expect(growing.contains("id=\"follow\"") && growing.contains("in progress or interrupted"))
    for part in [
      "Grad-CAM of videos", "Localization of motion", "heat inside the moving region",
      "rank correlation of heat and flow", "Clusters of clips", "static, horizontal, vertical",
      "Accuracy by label", "Accuracy by class", "Confusion", "Pseudo-motions",
      "settings that differ",
      "data:image/gif", "data:image/svg+xml",
    ] { #expect(growing.contains(part), "\(part)") }
    if let chromium = Self.chromium, let axe = Self.axe {
      try check("page.html", chromium, axe)
    } else {
      print(
        "skipped: no Chromium or no axe to check the page with; scripts/setup-checks.sh installs them"
      )
    }

    // When the run ends, watching ends, and the page shows the end.
    try folder.write(metrics.joined(separator: "\n") + "\n", to: "tuned/metrics.jsonl")
    let watched = try tool.wait(for: watching)
    #expect(watched.status == 0 && watched.errors.isEmpty, "\(watched.errors)")
    let finished = String(decoding: try folder.bytes("page.html"), as: UTF8.self)
    #expect(!finished.contains("id=\"follow\"") && !finished.contains("in progress or interrupted"))
  }

  private func check(_ page: String, _ chromium: String, _ axe: String) throws {
    let result = try tool.wait(
      for: tool.start(
        "/usr/bin/env",
        [
          "python3", repository + "/Tests/CommandLineToolTests/check_page.py", chromium, axe, page,
          "pictures",
        ]))
    try #require(result.status == 0, "\(result.errors)")
    struct Findings: Decodable {
      struct View: Decodable {
        let width: Int
        let scheme: String
        let scrollWidth: Int
        let console: [String]
        let requests: [String]
        let violations: [String]
        let brokenPictures: [String]
      }
      let views: [View]
      let follow: [String]?
      let tabStops: [String]
      let invisibleFocus: [String]
    }
    let findings = try JSONDecoder().decode(Findings.self, from: Data(result.output.utf8))
    #expect(findings.views.map(\.width) == [390, 390, 1280, 1280])
    for view in findings.views {
      let place: Comment = "\(view.width) pixels, \(view.scheme)"
      #expect(view.console.isEmpty, place)
      #expect(view.requests.isEmpty, place)
      #expect(view.violations.isEmpty, place)
      #expect(view.brokenPictures.isEmpty, place)
      #expect(view.scrollWidth == view.width, place)
      #expect(folder.exists("pictures/\(view.width)-\(view.scheme).png"), place)
    }
    #expect(findings.follow == ["false", "true", "false"])
    // Links, the button, and elements that open or scroll can be reached with the keyboard and show the focus.
    #expect(Set(findings.tabStops).isSuperset(of: ["A", "BUTTON", "SUMMARY", "DIV"]))
    #expect(findings.invisibleFocus.isEmpty)
  }

  @Test func unreportableRunsGiveOneSentence() throws {
    try folder.write("x", to: "empty/file")
    for arguments in [
      ["report", "empty", "--output", "p.html"], ["report", "nowhere", "--output", "p.html"],
      ["report", "--watch", "nowhere", "--output", "p.html"],
    ] {
      let result = try tool.run(arguments)
      #expect(result.status == 1 && result.complaints.count == 1, "\(result.errors)")
      #expect(!folder.exists("p.html"))
    }
    #expect(try tool.run("report", "empty", "--output", "p.pdf").status == 2)
  }

  /// Ctrl-C ends the watching.
  @Test func watchingEndsWhenAsked() throws {
    try pretrain()
    let metrics = String(decoding: try folder.bytes("pre/metrics.jsonl"), as: UTF8.self)
      .split(separator: "\n").dropLast()
    try folder.write(metrics.joined(separator: "\n") + "\n", to: "pre/metrics.jsonl")
    let watching = try tool.start(Tool.path, ["report", "--watch", "pre", "--output", "page.html"])
    tool.wait(for: watching) { folder.exists("page.html") }
    kill(watching.process.processIdentifier, SIGINT)
    let result = try tool.wait(for: watching)
    #expect(result.status == 0 && result.errors.isEmpty)
    #expect(folder.exists("page.html"))
  }
}
