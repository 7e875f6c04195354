import Foundation
import TestSupport
import Testing
import Training

@Suite struct CurvesTests {
  let folder: ScratchFolder
  let tool: Tool

  init() throws {
    folder = try ScratchFolder()
    tool = Tool(folder: folder)
  }

  /// A run with these validation accuracies, 10 steps apart; finished if `isFinished`.
  private func run(
    _ name: String, rate: String, accuracies: [Double], isFinished: Bool = true
  ) throws {
    try folder.write(
      "optimizer:\n  kind: adam\n  learning_rate: \(rate)\nseed: 0\n", to: "\(name)/config.yaml")
    var lines = (1...10 * max(accuracies.count, 1)).map { step in
      """
      {"event": "step", "step": \(step), "epoch": \((step + 9) / 10), "loss": \(10 / Double(step)), "top1": 0.5, \
      "learningRate": \(rate), "clipsPerSecond": 40}
      """
    }
    for (index, accuracy) in accuracies.enumerated() {
      lines.append(
        """
        {"event": "validation", "step": \(10 * (index + 1)), "epoch": \(index + 1), "loss": \(2 - accuracy), \
        "top1": \(accuracy), "top1PerLabel": {"a": 1, "b": 0}, "sources": 8}
        """)
    }
    if isFinished {
      lines.append(
        """
        {"event": "summary", "step": \(10 * accuracies.count), "epoch": \(accuracies.count), "loss": 1, \
        "chance": 0.5, "clipsPerSecond": 50, "seconds": 9, "trainingSources": 8, "validationSources": 8, "badSources": 0}
        """)
    }
    try folder.write(lines.joined(separator: "\n") + "\n{torn", to: "\(name)/metrics.jsonl")
  }

  @Test func unfinishedRunsAreDrawn() throws {
    try run("a/r", rate: "0.1", accuracies: [0.4, 0.8])
    try run("b/r", rate: "0.1", accuracies: [], isFinished: false)
    let result = try tool.run("curves", "a/r", "b/r/", "--output", "c.svg", "--json")
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    let states = try json(result.output, [[String: Any]].self)
    #expect(states.map { $0["run"] as? String } == ["a/r", "b/r"])
    #expect(states[0]["top1"] as? Double == 0.8 && states[1]["top1"] == nil)
    #expect(states.map { $0["steps"] as? Int } == [20, 10] && folder.exists("c.svg"))
    let one = try tool.run("curves", "a/r", "--output", "c.png")
    #expect(one.status == 0 && one.output.contains("80.0%") && folder.exists("c.png"))
  }

  @Test func aSweepGathersTheRunsOfAValue() throws {
    // YAML reads 1e-1 as text and 0.1 as a number; they are the same value.
    try run("a", rate: "0.1", accuracies: [0.9, 0.6])
    try run("b", rate: "1e-1", accuracies: [0.9, 0.8])
    try run("c", rate: "0.02", accuracies: [0.5])
    try run("d", rate: "0.02", accuracies: [0.5], isFinished: false)
    let arguments = ["sweep", "a", "b", "c", "d", "--against", "optimizer.learning_rate"]
    let result = try tool.run(arguments + ["--output", "s.png", "--json"])
    #expect(result.status == 0 && folder.exists("s.png"), "\(result.errors)")
    #expect(result.errors.contains("skipped: d has not ended"))
    let sweep = try json(result.output)
    let groups = sweep["groups"] as? [[String: Any]] ?? []
    #expect(groups.map { $0["value"] as? String } == ["0.02", "0.1"])
    #expect(groups.map { $0["runs"] as? [String] } == [["c"], ["a", "b"]])
    let statistics = groups.last?["statistics"] as? [String: Any] ?? [:]
    #expect(abs((statistics["mean"] as? Double ?? 0) - 0.7) < 1e-9)
    #expect(abs((statistics["deviation"] as? Double ?? 0) - 0.02.squareRoot()) < 1e-9)
    #expect(sweep["chance"] as? Double == 0.5)
    let byText = try tool.run(
      "sweep", "a", "c", "--against", "optimizer.kind", "--measure", "loss", "--output", "t.svg")
    #expect(byText.status == 0 && byText.output.contains("adam"), "\(byText.errors)")
  }

  /// An unfinished run does not change which results the others are compared by.
  @Test func unfinishedRunsChangeNothing() throws {
    for (name, top1) in [("a", 0.8), ("b", 0.9)] {
      try run(name, rate: "0.1", accuracies: [0.5])
      let text = String(decoding: try folder.bytes("\(name)/metrics.jsonl"), as: UTF8.self)
      try folder.write(
        text.replacingOccurrences(
          of: "\"badSources\": 0}",
          with:
            "\"badSources\": 0, \"evaluation\": {\"videos\": 9, \"clips\": 10, \"top1\": \(top1), "
            + "\"meanClassAccuracy\": 0, \"failed\": 0}}"), to: "\(name)/metrics.jsonl")
    }
    try run("c", rate: "0.1", accuracies: [0.5], isFinished: false)
    for runs in [["a", "b"], ["a", "b", "c"]] {
      let result = try tool.run(
        ["sweep"] + runs
          + ["--against", "optimizer.learning_rate", "--output", "s.png", "--json"])
      #expect(result.status == 0, "\(result.errors)")
      let groups = try json(result.output)["groups"] as? [[String: Any]] ?? []
      #expect(groups.first?["results"] as? [Double] == [0.8, 0.9])
    }
  }

  @Test func drawingErrorsAreReported() throws {
    try run("a", rate: "0.1", accuracies: [0.5], isFinished: false)
    try folder.write("", to: "x/metrics.jsonl")
    func complaint(_ arguments: String...) throws -> String {
      let result = try tool.run(["curves"] + arguments)
      #expect(result.status != 0 && !folder.exists("c.png"), "\(result.output)")
      return result.errors
    }
    #expect(try complaint("x", "--output", "c.png").contains("x is not the folder of a run"))
    let key = try complaint("a", "--output", "c.png", "--against", "optimizer.learningRate")
    #expect(key.contains("did you mean optimizer.learning_rate?"))
    let early = try complaint("a", "--output", "c.png", "--against", "seed")
    #expect(early.contains("none of the runs has ended"))
    #expect(try complaint("a", "--output", "c.pdf").contains("must end in .png or .svg"))
    #expect(try complaint("a", "--output", "no/c.png").contains("Cannot write the figure no/c.png"))
    #expect(try complaint("a", "--output", "c.png", "--measure", "loss").contains("--against"))
  }
}
