import Foundation
import KeyedRandom
import Reproduction
import SafeFiles
import TestSupport
import Testing
import Training

/// Experiments as users run them, with networks that train in a second.
@Suite struct ReproduceTests {
  let folder: ScratchFolder
  let tool: Tool

  init() throws {
    folder = try ScratchFolder()
    tool = Tool(folder: folder)
    try folder.actions(training: 4, test: 3)
    try folder.write(
      """
      title: "Two rows"
      question: "Does anything come of it?"
      axis: "labels"
      measures: [pretraining, finetuning]
      pretraining:
        epochs: 3
        model: {width: 2}
        clip: {frames: 2, size: 16}
        sources: {size: 32, paths: ["synthetic:dead-leaves:22"]}
        batch: {sources: 2, accumulation: 2}
        records: {checkpoint_minutes: 0.000001}
      finetuning:
        epochs: 6
        clip: {frames: 2, size: 16, interval: 1}
        batch: {clips: 4, accumulation: 1}
        validation: {final_clips: 2}
        records: {checkpoint_minutes: 0.000001}
      series:
        - {name: "scratch", start: scratch}
        - {name: "MoSI"}
      rows:
        - name: "three speeds"
          position: 3
          pretraining: {labels: {granularity: 1}}
          paper: {hmdb51: {finetuning: [~, 43.0]}}
        - name: "five | speeds"
          position: 5
      """, to: "mine.yaml")
  }

  private func arguments(_ output: String, _ more: [String] = []) -> [String] {
    [
      "reproduce", "mine.yaml", "--dataset", "folders", "--data-root", "v", "--repeats", "2",
      "--output", output,
    ] + more
  }

  private func table(_ output: String) throws -> ResultTable {
    try JSON.decode(
      ResultTable.self, from: folder.bytes("\(output)/mine-folders-v-paper.json"))
  }

  /// Killed and interrupted five times at any point, a plan gives the same table as an uninterrupted one.
  @Test func interruptedPlansEndWithTheSameTable() throws {
    let whole = try tool.run(arguments("whole"))
    #expect(whole.status == 0, "\(whole.errors)")
    let expected = try table("whole")
    #expect(expected.isWhole && expected.lines.count == 4)
    #expect(whole.output.contains("Two rows") && whole.output.contains("five | speeds"))
    #expect(expected.lines[1].paper[.hmdb51]?[.finetuning] == 0.43)

    var draw = KeyedGenerator(2026, 6)
    var runsDone = [0]
    var disturbed = 0
    for attempt in 0..<5 {
      let started = try tool.start(Tool.path, arguments("cut", ["--results", "kept"]))
      // At a point after the existing files.
      let target = runsDone.last! + draw.integer(below: 2)
      tool.wait(for: started) { summaries("cut") > target || begun("cut") > target + 1 }
      usleep(UInt32(draw.integer(below: 30_000)))
      kill(started.process.processIdentifier, attempt % 2 == 0 ? SIGKILL : SIGINT)
      let result = try tool.wait(for: started)
      #expect([-SIGKILL, 130, 0].contains(result.status), "\(result.errors)")
      runsDone.append(summaries("cut"))
      if result.status != 0 { disturbed += 1 }
    }
    #expect(disturbed >= 3)
    let resumed = try tool.run(arguments("cut", ["--results", "kept"]))
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(resumed.output == whole.output)
    #expect(try table("cut") == expected)

    // Small files suffice to make the table again, without any run.
    let kept = try tool.run(arguments("other", ["--results", "kept"]))
    #expect(kept.status == 0, "\(kept.errors)")
    #expect(runs("other").isEmpty)
    #expect(try table("other").lines.map(\.ours) == expected.lines.map(\.ours))
    for name in try FileManager.default.contentsOfDirectory(
      atPath: folder.file("kept"))
    {
      #expect(try folder.bytes("kept/\(name)").count < 4000, "\(name)")
    }

    // The plan is done: running it again trains nothing.
    let before = try folder.contents(of: "cut/runs")
    let again = try tool.run(arguments("cut"))
    #expect(again.status == 0 && again.output == whole.output)
    #expect(again.errors.contains("all 10 runs are done"), "\(again.errors)")
    #expect(!again.errors.contains("timing this machine"), "\(again.errors)")
    #expect(try folder.contents(of: "cut/runs") == before)
    let page = String(decoding: try folder.bytes("cut/mine-folders-v-paper.html"), as: UTF8.self)
    #expect(page.contains("Two rows") && page.contains("43.0") && page.contains("Line chart"))
  }

  /// Two processes on the same folder carry out each run once.
  @Test func twoProcessesShareTheWork() throws {
    let first = try tool.start(Tool.path, arguments("both"))
    let second = try tool.start(Tool.path, arguments("both"))
    let results = [try tool.wait(for: first), try tool.wait(for: second)]
    #expect(results.allSatisfy { $0.status == 0 }, "\(results.map(\.errors))")
    #expect(results[0].output == results[1].output)
    let told = results.flatMap { $0.errors.split(separator: "\n") }
      .filter { $0.hasPrefix("run ") }.map { $0.split(separator: ": ").last! }
    // For each seed, two pre-trainings, a fine-tuning of each, and one from random weights that both rows share.
    #expect(Set(told).count == told.count && told.count == 10, "\(told)")
  }

  /// Figures are analyses of pre-trained networks, each carried out once.
  @Test func figuresAreAnalyses() throws {
    try folder.write(
      """
      title: "Analyses"
      measures: [heat, random-heat, square-area, flow-correlation, worst-flow-correlation, axes, random-axes]
      pretraining:
        epochs: 1
        model: {width: 2}
        clip: {frames: 4, size: 32}
        sources: {size: 48, paths: ["synthetic:dead-leaves:22"]}
        batch: {sources: 2, accumulation: 2}
      finetuning:
        clip: {frames: 4, size: 32, interval: 1}
      rows:
        - name: "MoSI"
      """, to: "analyses.yaml")
    // A test video of two frames is shorter than a clip.
    let short = folder.file("v/test/rises/short")
    try FileManager.default.createDirectory(atPath: short, withIntermediateDirectories: true)
    for frame in 0..<2 {
      try FileManager.default.copyItem(
        atPath: folder.file("v/test/rises/4/\(frame).png"), toPath: "\(short)/\(frame).png")
    }
    let arguments = [
      "reproduce", "analyses.yaml", "--dataset", "folders", "--data-root", "v", "--output", "o",
    ]
    let result = try tool.run(arguments)
    #expect(result.status == 0, "\(result.errors)")
    let table = try JSON.decode(
      ResultTable.self, from: folder.bytes("o/analyses-folders-v-paper.json"))
    let ours = table.lines[0].ours
    // A network that was trained for a second may have no heat; chance is the mean area of the squares.
    #expect(ours[.squareArea].map { (0.09...0.25).contains($0.mean) } == true, "\(ours)")
    for measure in [Measure.heat, .randomHeat, .axes, .randomAxes] {
      #expect(ours[measure].map { (0...1).contains($0.mean) } == true, "\(measure)")
    }
    #expect(ours[.flowCorrelation].map { (-1...1).contains($0.mean) } == true)
    #expect(table.notes.count == 3)
    for note in table.notes {
      #expect(
        note.contains("1 of the test videos was skipped") && note.contains("short"), "\(note)")
      #expect(result.output.contains(note))
    }
    let before = try folder.contents(of: "o/runs")
    #expect(try tool.run(arguments).output == result.output)
    #expect(try folder.contents(of: "o/runs") == before)
    // An analysis by another command in the same place does not belong to the plan.
    let run = try #require(runs("o").first { $0.hasPrefix("pretraining") })
    let clusters = "o/runs/\(run)/insight/clusters/clusters.json"
    let own = String(decoding: try folder.bytes(clusters), as: UTF8.self)
    try folder.write(own + "\n", to: clusters)
    #expect(try tool.run(arguments).output == result.output)
    #expect(try String(decoding: folder.bytes(clusters), as: UTF8.self) == own)
    let page = String(decoding: try folder.bytes("o/analyses-folders-v-paper.html"), as: UTF8.self)
    for part in [
      "Grad-CAM of videos", "Clips in which heat and flow agree least", "Clusters of clips",
    ] {
      #expect(page.contains(part), "\(part)")
    }

    // Analyses of other videos are different analyses, even of the same network; each seed has its own random networks.
    for index in 0..<8 {
      try folder.action(
        "w/\(index < 2 ? "train" : "test")/\(index % 2 == 0 ? "rises" : "sinks")/\(index).mp4",
        sinks: index % 2 == 1, seed: UInt64(20 + index))
    }
    let others = try tool.run([
      "reproduce", "analyses.yaml", "--dataset", "folders", "--data-root", "w", "--output", "o",
      "--repeats", "2",
    ])
    #expect(others.status == 0, "\(others.errors)")
    #expect(runs("o").count { $0.hasPrefix("pretraining-seed0") } == 1)
    let found = try JSON.decode(
      ResultTable.self, from: folder.bytes("o/analyses-folders-w-paper.json"))
    #expect(found.notes.isEmpty)
    let flow = try #require(found.lines[0].ours[.flowCorrelation]?.values[0])
    #expect(flow != ours[.flowCorrelation]?.values[0])
    let random = try #require(found.lines[0].ours[.randomHeat]?.values)
    #expect(random.count == 2 && random[0] != random[1])
    #expect(folder.exists("o/analyses-folders-v-paper.json"))
  }

  /// For sprites, plain and other motions are distinguished, also in another folder.
  @Test func spritesAreReportedByKindOfMotion() throws {
    let made = try tool.run(
      "synthesize", "sprites", "--output", "s", "--train", "2", "--test", "2", "--difficulty",
      "plain", "--sprites", "plain")
    #expect(made.status == 0, "\(made.errors)")
    try folder.write(
      """
      title: "Sprites"
      measures: [finetuning, plain-classes, other-classes]
      pretraining: {model: {width: 2}}
      finetuning:
        epochs: 2
        clip: {frames: 2, size: 16}
        batch: {clips: 5, accumulation: 1}
        validation: {epochs: 0, final_clips: 1}
      rows:
        - {name: "scratch", start: scratch}
      """, to: "sprites.yaml")
    let result = try tool.run(
      "reproduce", "sprites.yaml", "--dataset", "sprites", "--scale", "paper", "--data-root", "s",
      "--output", "o")
    #expect(result.status == 0, "\(result.errors)")
    let table = try JSON.decode(
      ResultTable.self, from: folder.bytes("o/sprites-sprites-s-paper.json"))
    #expect(table.dataset.hasPrefix("Moving Sprites (plain, version 1) in "))
    let run = try #require(runs("o").first)
    let evaluation = try JSON.decode(
      Evaluation.Summary.self, from: folder.bytes("o/runs/\(run)/evaluation/evaluation.json"))
    let plain: Set = ["still", "left", "right", "up", "down", "fast-left", "fast-right"]
    func share(_ isIn: (String) -> Bool) -> Double {
      let classes = evaluation.classes.filter { isIn($0.name) }
      return Double(classes.reduce(0) { $0 + $1.correct })
        / Double(classes.reduce(0) { $0 + $1.videos })
    }
    let ours = table.lines[0].ours
    #expect(evaluation.classes.count == 15)
    #expect(ours[.finetuning]?.mean == share { _ in true })
    #expect(ours[.plainClasses]?.mean == share(plain.contains))
    #expect(ours[.otherClasses]?.mean == share { !plain.contains($0) })
    // A network that has learned hardly anything predicts the same class for most videos: the two values differ.
    #expect(ours[.plainClasses] != ours[.otherClasses])
  }

  /// Damaged files are reported with a remedy; the tables are written nevertheless.
  @Test func damagedRunsAreReportedWithARemedy() throws {
    let arguments = [
      "reproduce", "mine.yaml", "--dataset", "folders", "--data-root", "v", "--output", "o",
    ]
    let whole = try tool.run(arguments)
    #expect(whole.status == 0, "\(whole.errors)")
    // The user deletes files to save space.
    let scratch = try #require(runs("o").first { $0.hasPrefix("finetuning-scratch") })
    try FileManager.default.removeItem(
      atPath: folder.file("o/runs/\(scratch)/last.safetensors"))
    let without = try tool.run(arguments)
    #expect(without.status == 0 && without.output == whole.output, "\(without.errors)")
    #expect(
      without.errors.contains("the page omits fine-tuning, scratch")
        && without.errors.contains("remove \(folder.path)/o/runs/\(scratch) and run the same"))
    #expect(folder.exists("o/mine-folders-v-paper.html"))
    // An unfinished fine-tuning whose checkpoint is damaged, and one whose initial weights are.
    let tuned = try #require(runs("o").first { $0.hasPrefix("finetuning-mosi") })
    let metrics = "o/runs/\(tuned)/metrics.jsonl"
    let lines = String(decoding: try folder.bytes(metrics), as: UTF8.self).split(separator: "\n")
    try folder.write(lines.dropLast().joined(separator: "\n") + "\n", to: metrics)
    let checkpoint = "o/runs/\(tuned)/last.safetensors"
    try Data(folder.bytes(checkpoint).prefix(1000)).write(
      to: URL(fileURLWithPath: folder.file(checkpoint)))
    try FileManager.default.removeItem(
      atPath: folder.file("o/runs/\(tuned)/best.safetensors"))
    let torn = try tool.run(arguments)
    #expect(torn.status == 1 && torn.output.contains("unfinished: 1 run is missing"))
    #expect(
      torn.errors.contains("remove \(folder.path)/o/runs/\(tuned), and the same command makes it"),
      "\(torn.errors)")
    try FileManager.default.removeItem(atPath: folder.file("o/runs/\(tuned)"))
    let mended = try tool.run(arguments)
    #expect(mended.status == 0 && mended.output == whole.output, "\(mended.errors)")
  }

  @Test func plansAreShownAndBudgetsKept() throws {
    let plan = try tool.run(arguments("out", ["--plan", "--json"]))
    #expect(plan.status == 0, "\(plan.errors)")
    let told = try JSONSerialization.jsonObject(with: Data(plan.output.utf8)) as! [String: Any]
    #expect((told["runs"] as! [Any]).count == 10)
    #expect(!folder.exists("out/runs"))
    let stopped = try tool.run(arguments("out", ["--budget-hours", "0.0000001"]))
    #expect(stopped.status == 0 && stopped.errors.contains("0 of 10 runs are done"))
    #expect(stopped.output.contains("Two rows"))
  }

  private func recipe(_ name: String, lastRow line: String) throws {
    let text = String(decoding: try folder.bytes("mine.yaml"), as: UTF8.self)
    try folder.write(text + "\n    \(line)\n", to: name)
  }

  @Test func missingSourcesAreReportedBeforeTheStart() throws {
    try recipe("bad.yaml", lastRow: "pretraining: {sources: {paths: [gone.jpg]}}")
    let bad = try tool.run(
      "reproduce", "bad.yaml", "--dataset", "folders", "--data-root", "v", "--output", "o")
    #expect(bad.status == 1 && bad.complaints.count == 1)
    #expect(bad.complaints[0].contains("gone.jpg does not exist"), "\(bad.errors)")
    #expect(!folder.exists("o/runs"))
  }

  /// If a run fails, the runs that depend on it are skipped, and no others.
  @Test func failuresAreReportedAndTheOthersContinue() throws {
    try recipe("bad.yaml", lastRow: "pretraining: {batch: {sources: 50}}")
    let bad = try tool.run(
      "reproduce", "bad.yaml", "--dataset", "folders", "--data-root", "v", "--output", "o")
    #expect(bad.status == 1, "\(bad.errors)")
    #expect(
      bad.errors.contains("1 run failed") && bad.errors.contains("do not fill a step of 100"),
      "\(bad.errors)")
    let table = try JSON.decode(
      ResultTable.self, from: folder.bytes("o/bad-folders-v-paper.json"))
    // Everything for "three speeds" and for random weights is available; nothing for "five | speeds" after MoSI.
    #expect(table.lines.map { $0.ours[.finetuning] != nil } == [true, true, true, false])
    #expect(table.openRuns == 2 && bad.output.contains("unfinished: 2 runs are missing"))
  }

  /// Folders with the same name can be different datasets.
  @Test func resultsOfOtherDatasetsAreNotReplaced() throws {
    try folder.write(
      #"{"experiment":"mine","fileName":"mine-folders-v-paper","title":"","question":"","axis":"","#
        + #""dataset":"/elsewhere/v","scale":"paper","seeds":1,"openRuns":0,"measures":[],"#
        + #""paperDatasets":[],"lines":[],"others":[],"omissions":[],"conditions":[],"notes":[]}"#,
      to: "o/mine-folders-v-paper.json")
    let refused = try tool.run(
      "reproduce", "mine.yaml", "--dataset", "folders", "--data-root", "v", "--output", "o",
      "--plan")
    #expect(
      refused.status != 0 && refused.errors.contains("holds results of /elsewhere/v, not of "),
      "\(refused.errors)")
  }

  @Test func mistakesAreOneSentence() throws {
    for name in ["mine", "table1"] {
      try folder.write(
        "title: t\nmeasures: [finetuning]\nrows:\n  - name: a\n", to: "other/\(name).yaml")
    }
    for (arguments, words) in [
      (
        ["reproduce", "table9", "--dataset", "sprites", "--output", "o"],
        "there is no experiment table9"
      ),
      (
        ["reproduce", "table1", "--dataset", "ucf", "--output", "o"],
        "- ucf101"
      ),
      (["reproduce", "table1", "--dataset", "ucf101", "--output", "o"], "--data-root is missing"),
      (
        ["reproduce", "table1", "--dataset", "sprites", "--split", "2", "--output", "o"],
        "its own lists"
      ),
      (
        [
          "reproduce", "table1", "--dataset", "folders", "--data-root", "v", "--sprites", "plain",
          "--output", "o",
        ], "--sprites needs --dataset sprites"
      ),
      (
        ["reproduce", "mine.yaml", "other/mine.yaml", "--dataset", "sprites", "--output", "o"],
        "two experiments are called mine"
      ),
      (
        ["reproduce", "other/table1.yaml", "--dataset", "sprites", "--output", "o"],
        "has the name of the built-in experiment table1"
      ),
      (["reproduce", "gone.yaml", "--dataset", "sprites", "--output", "o"], "gone.yaml"),
      (
        ["reproduce", "table1", "--dataset", "folders", "--data-root", "none", "--output", "o"],
        "none"
      ),
      (
        ["reproduce", "mine.yaml", "--dataset", "folders", "--data-root", "v", "--output", "v/o"],
        "v, where the next search would find the output: choose another folder"
      ),
    ] {
      let result = try tool.run(arguments)
      #expect(result.status != 0 && result.errors.contains(words), "\(result.errors)")
      #expect(!folder.exists("o"))
    }
  }

  /// The number of finished runs, and the number of runs that have begun.
  private func summaries(_ output: String) -> Int {
    runs(output).count { name in
      (try? folder.bytes("\(output)/runs/\(name)/metrics.jsonl")).map {
        String(decoding: $0.suffix(2000), as: UTF8.self).contains("\"summary\"")
      } ?? false
    }
  }

  private func begun(_ output: String) -> Int { runs(output).count }

  private func runs(_ output: String) -> [String] {
    let names = try? FileManager.default.contentsOfDirectory(
      atPath: "\(folder.path)/\(output)/runs")
    return (names ?? []).filter { !$0.hasPrefix(".") }
  }
}
