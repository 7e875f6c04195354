import ArgumentParser
import Insight
import SafeFiles
import Training

struct Curves: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draws the learning curves of runs, or their results against what was varied.",
    discussion: """
      Without --against: loss, accuracy, learning rate and speed over the steps, of training and validation, all runs in \
      one figure. With --against KEY: the final --measure of each run against that value of its configuration, with mean \
      and standard deviation where several runs share the value. A run that goes on is drawn as far as it is.

      Examples:
        mosi curves run --output curves.svg
        mosi curves runs/* --output seeds.png
        mosi curves runs/* --against optimizer.learning_rate --output sweep.png
      """)

  @Argument(help: ArgumentHelp("Folders of runs.", valueName: "run"))
  var runs: [String]

  @Option(help: ArgumentHelp("The figure to write: .png or .svg.", valueName: "file"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "The key of the configuration to draw results against, as optimizer.learning_rate.",
      valueName: "key"))
  var against: String?

  @Option(
    help: ArgumentHelp(
      "With --against: accuracy (of the final evaluation where all runs have one, else of the last validation), "
        + "loss (of the last validation) or speed. Default: accuracy.", valueName: "measure"))
  var measure: Sweep.Measure?

  @Flag(help: "Print the numbers as JSON.")
  var json = false

  func validate() throws {
    if measure != nil, against == nil {
      throw ValidationError("--measure means nothing without --against")
    }
    guard [".png", ".svg"].contains(where: output.lowercased().hasSuffix) else {
      throw ValidationError("--output must end in .png or .svg, not \(output)")
    }
  }

  func run() throws {
    let recorded = try runs.map(RecordedRun.init)
    if let against {
      try sweep(recorded, against: against)
    } else {
      try curves(recorded)
    }
  }

  private func sweep(_ recorded: [RecordedRun], against key: String) throws {
    let sweep = try Sweep(recorded, against: key, measure: measure ?? .accuracy)
    for name in sweep.unfinished {
      Terminal.warn("skipped: \(name) has not ended with a final \(sweep.measure)")
    }
    try sweep.figure.write(to: output, scale: 2)
    if json { return print(try JSON.text(sweep)) }
    var table = TextTable(key, "runs", "mean", "deviation")
    func text(_ value: Double) -> String {
      sweep.measure == .accuracy ? Format.percent(value) : Format.number(value, 3)
    }
    for group in sweep.groups {
      table.add(
        group.value, "\(group.runs.count)", text(group.spread.mean),
        group.spread.deviation.map(text) ?? "-")
    }
    print(table.text() + "\n\n" + output)
  }

  private func curves(_ recorded: [RecordedRun]) throws {
    let names = RecordedRun.names(recorded)
    let figure = LearningCurves(
      zip(recorded, names).map { .init(name: $1, metrics: $0.metrics, chance: $0.chance) }
    ).figure(title: names.count == 1 ? names[0] : "\(names.count) runs")
    try figure.write(to: output, scale: 2)
    let states = zip(recorded, names).map(RunStatus.init)
    if json { return print(try JSON.text(states)) }
    var table = TextTable("run", "steps", "epochs", "loss", "validation loss", "top-1")
    for state in states {
      table.add(
        state.run, Format.grouped(state.steps), Format.grouped(state.epochs),
        state.loss.map { Format.number($0, 3) } ?? "-",
        state.validationLoss.map { Format.number($0, 3) } ?? "-",
        state.top1.map { Format.percent($0) } ?? "-")
    }
    print(table.text() + "\n\n" + output)
  }
}

/// Where a run stands.
private struct RunStatus: Encodable {
  let run: String
  let steps: Int
  let epochs: Int
  /// Of the last step; absent where it is no finite number.
  let loss: Double?
  /// Of the last validation.
  let validationLoss: Double?
  let top1: Double?

  init(_ run: RecordedRun, _ name: String) {
    self.run = name
    let last = run.metrics.steps.last
    let validation = run.metrics.validations.last
    steps = last?.step ?? 0
    epochs = last?.epoch ?? 0
    loss = last.flatMap { $0.loss.isFinite ? $0.loss : nil }
    validationLoss = validation.flatMap { $0.loss.isFinite ? $0.loss : nil }
    top1 = validation.flatMap { $0.top1.isFinite ? $0.top1 : nil }
  }
}

extension Sweep.Measure: ExpressibleByArgument {}
