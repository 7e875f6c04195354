import CommandLineTool
import Configuration
import Foundation
import Media
import TestSupport
import Testing

@Suite struct UsageTests {
  let folder: ScratchFolder
  let tool: Tool

  init() throws {
    folder = try ScratchFolder()
    tool = Tool(folder: folder)
  }

  @Test(arguments: [
    ["--nonsense"], ["nonsense"], ["pretrain"], ["pretrain", "--output"],
    ["pretrain", "--output", "r", "--workers", "0"],
    ["pretrain", "--output", "r", "--workers", "x"],
    ["pretrain", "--output", "r", "--epochs", "1.5"],
    ["pretrain", "--output", "r", "--device", "gpu"],
    ["pretrain", "--output", "r", "--validation-sources", "x", "--validation-fraction", "0.1"],
    ["pretrain", "--output", "r", "--bogus"], ["preview", "--sources", "x"],
    ["preview", "--output", "p", "--index", "-1"], ["models", "--width", "0"], ["doctor", "extra"],
    ["finetune", "--output", "r", "--dataset", "folders", "--data-root", "v"],
    ["finetune", "--output", "r", "--weights", "none"],
    ["reproduce", "--dataset", "sprites", "--output", "r"],
    ["reproduce", "table1", "--dataset", "sprites", "--output", "r", "--repeats", "0"],
    ["reproduce", "table1", "--dataset", "sprites", "--output", "r", "--budget-hours", "-1"],
    ["reproduce", "table1", "--dataset", "ucf", "--output", "r"],
    ["reproduce", "table9", "--dataset", "sprites", "--output", "r"],
    ["finetune", "--output", "r", "--weights", "none", "--dataset", "ucf", "--data-root", "v"],
    ["finetune", "--output", "r", "--weights", "none", "--freeze-stages", "6"],
    ["finetune", "--output", "r", "--weights", "none", "--linear-probe", "--freeze-stages", "2"],
    ["finetune", "--output", "r", "--weights", "none", "--shots", "0"],
    ["evaluate"], ["evaluate", "--weights", "r", "--split", "1,2"],
    ["evaluate", "--weights", "r", "s"],
    ["evaluate", "--weights", "r", "s", "--split", "1,1"],
    ["evaluate", "--weights", "r", "--subset", "all"],
    ["evaluate", "--weights", "r", "--crops", "2"],
    ["evaluate", "--weights", "r", "--batch", "0"], ["predict", "--weights", "r"],
    ["predict", "--weights", "r", "--top", "0", "x.mp4"],
    ["predict", "--weights", "r", "--frame-rate", "0", "x.mp4"], ["retrieve"],
    ["retrieve", "--weights", "r", "--split", "one"],
    ["features", "--weights", "r", "x.mp4"],
  ])
  func wrongUsageIsStatusTwo(arguments: [String]) throws {
    let result = try tool.usage(arguments)
    #expect(result.status == 2)
    #expect(result.output.isEmpty)
    #expect(result.errors.contains("Error: ") && result.errors.contains("Usage: mosi"))
    #expect(!folder.exists("r"))
  }

  /// The process prints and ends as the parser says.
  @Test(arguments: [
    ["pretrain", "--output", "r", "--bogus"], ["pretrain", "-h"], ["help", "reproduce"],
    ["--version"], [],
  ])
  func answersOfTheParserArePrinted(arguments: [String]) throws {
    var tool = tool
    tool.environment = ["COLUMNS": "80"]
    let result = try tool.run(arguments)
    switch ParserAnswer(to: arguments, columns: 80) {
    case .help(let text):
      #expect(result.status == 0 && result.errors.isEmpty && result.output == text + "\n")
    case .wrongUsage(let text):
      #expect(result.status == 2 && result.output.isEmpty && result.errors == text + "\n")
      #expect(text.contains("--bogus"))
    case nil: Issue.record("the parser takes the arguments")
    }
  }

  @Test(arguments: [["--help"], ["help", "preview"], ["models", "--help"]])
  func helpIsStatusZero(arguments: [String]) throws {
    let result = try tool.usage(arguments)
    #expect(result.status == 0 && result.errors.isEmpty && !result.output.isEmpty)
  }

  /// Lines that the terminal wraps would break tables and examples.
  @Test(arguments: [
    "", "pretrain", "preview", "finetune", "evaluate", "predict", "retrieve", "features", "gradcam",
    "localize", "clusters", "curves", "sweep", "convert", "inspect", "report", "reproduce",
    "datasets check", "datasets list", "datasets pack", "synthesize sprites", "models", "config",
    "doctor",
  ])
  func helpFitsEightyColumns(command: String) throws {
    let arguments = command.split(separator: " ").map(String.init) + ["--help"]
    let help = try #require(ParserAnswer(to: arguments, columns: 80))
    let lines = help.text.split(separator: "\n", omittingEmptySubsequences: false)
    for line in lines { #expect(line.count <= 80) }
    let examples = lines.drop { $0 != "Examples:" }.dropFirst().prefix { !$0.isEmpty }
    for line in examples { #expect(line.hasPrefix("  ")) }
  }

  @Test func modelsPrintsThePapersNumbers() throws {
    let result = try tool.run("models")
    #expect(result.status == 0 && result.errors.isEmpty)
    let rows = result.output.split(separator: "\n").map { $0.split(separator: " ") }
    #expect(rows.contains(["r2d3d-18", "14,059,849", "13.73"]))
    #expect(rows.contains(["r2plus1d-10", "14,370,094", "42.67"]))
    let json = try tool.run("models", "--json", "--width", "24", "--classes", "5")
    let list = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]]
    #expect(list?.count == 19 && list?.allSatisfy { $0["parameters"] is Int } == true)
  }

  /// The defaults of a task are a file that can be read again.
  @Test func configPrintsTheSettingsOfATask() throws {
    let printed = try tool.output(["config", "--task", "cloze"])
    #expect(printed.contains("  cloze:\n"))
    let read = try PretrainingConfiguration(yaml: printed, origin: "cloze.yaml")
    var expected = PretrainingConfiguration()
    expected.task.kind = .cloze
    #expect(read == expected)
  }

  @Test func doctorPrintsTheInstallation() throws {
    let result = try tool.run("doctor", "--json")
    #expect(result.status == 0 && result.errors.isEmpty)
    let found =
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any] ?? [:]
    #expect((found["libtorch"] as? String)?.hasPrefix("2.") == true)
    #expect((found["decoders"] as? [String])?.isEmpty == false)
    #expect((found["cores"] as? Int ?? 0) > 0)
    #expect(try tool.run("doctor").output.contains("libtorch"))
  }

  /// A contact sheet, and for each label a GIF and an MP4 with the frames of the clip.
  @Test func previewsCanBeDecoded() throws {
    try folder.picture(3, width: 90, height: 70).writePNG(to: folder.file("p.png"))
    let result = try tool.run(["preview", "--sources", "p.png", "--output", "a/b"] + tiny)
    #expect(result.status == 0, "\(result.errors)")
    let paths = result.output.split(separator: "\n").map { folder.path + "/" + $0 }
    #expect(paths.count == 1 + 9 * 2)
    #expect(try Picture(contentsOf: paths[0]).width > 100)
    #expect(paths.count { $0.hasSuffix(".gif") } == 9 && paths.count { $0.hasSuffix(".mp4") } == 9)
    for path in paths.dropFirst() {
      var frames = try Video(contentsOf: path).frames()
      var count = 0
      while try frames.next() != nil { count += 1 }
      #expect(count == (path.hasSuffix(".gif") ? 2 : 8), "\(path)")
    }
    #expect(result.output.contains("label-0-left-2") && result.output.contains("label-8-static"))
  }

  /// Output to a full disk is lost, which is reported.
  @Test func failedOutputIsAnError() throws {
    let full = try tool.shell("$MOSI models >/dev/full; echo $?")
    #expect(full.output == "1\n")
    #expect(full.errors.contains("cannot print the results: No space left on device"))
  }

  /// Files that a run opens must not get the descriptor of a closed stderr.
  @Test func messagesToAClosedStderrAreDiscarded() throws {
    let training = tiny.joined(separator: " ")
    let closed = try tool.shell(
      "$MOSI pretrain --sources synthetic:dead-leaves:8 --epochs 1 --output r \(training) 2>&-; echo $?"
    )
    #expect(closed.output.hasSuffix("0\n"))
    for line in try jsonLines(folder.bytes("r/metrics.jsonl")) {
      #expect(line["event"] is String)
    }
  }

  @Test func closedPipesDoNotKillTheTool() throws {
    let result = try tool.shell("{ $MOSI models; echo $? >status; } | true; cat status")
    #expect(result.output == "0\n")
    let training = tiny.joined(separator: " ")
    let run = try tool.shell(
      "{ $MOSI pretrain --sources synthetic:dead-leaves:8 --epochs 1 --output r \(training) 2>&1; "
        + "echo $? >status; } | true; cat status")
    #expect(run.output == "0\n")
    #expect(folder.exists("r/curves.svg"))
  }
}
