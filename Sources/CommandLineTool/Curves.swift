import ArgumentParser
import Insight
import RunRecords
import SafeFiles
import Training

struct Curves: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draws the learning curves of runs.",
    discussion: """
      Draws loss, accuracy, learning rate and speed over the steps, for training and validation, with all runs in one \
      figure. Unfinished runs are drawn as far as they are. To compare results by a setting, use mosi sweep.

      Examples:
        mosi curves run --output curves.svg
        mosi curves runs/* --output seeds.png
      """)

  @Argument(help: ArgumentHelp("Folders of runs.", valueName: "run"))
  var runs: [String]

  @OptionGroup var output: FigureOption

  @OptionGroup var format: JSONOption

  // In earlier versions, `mosi sweep` was `curves --against`.
  @Option(help: .hidden)
  var against: String?

  @Option(help: .hidden)
  var measure: SweepMeasure?

  func validate() throws {
    if measure != nil, against == nil {
      throw ValidationError("--measure needs --against: use mosi sweep")
    }
  }

  func run() throws {
    if let against {
      return try RunSweep(
        runs: runs, key: against, measure: measure ?? .accuracy, output: output.path,
        json: format.json
      ).run()
    }
    let recorded = try runs.map(RecordedRun.init)
    let names = RecordedRun.names(recorded)
    let figure = LearningCurves(
      zip(recorded, names).map { .init(name: $1, metrics: $0.metrics, chance: $0.chance) }
    ).figure(title: names.count == 1 ? names[0] : Format.count(names.count, "run"))
    try figure.write(to: output.path, scale: 2)
    let statuses = zip(recorded, names).map(RunStatus.init)
    if format.json { return print(try JSON.text(statuses)) }
    var table = TextTable("run", "steps", "epochs", "loss", "validation loss", "top-1")
    func text(_ value: Double?) -> String { value.map { Format.number($0, 3) } ?? "-" }
    for status in statuses {
      table.add(
        status.run, Format.grouped(status.steps), Format.grouped(status.epochs), text(status.loss),
        text(status.validationLoss), status.top1.map { Format.percent($0) } ?? "-")
    }
    print(table.text() + "\n\n" + output.path.printable)
  }
}

/// The figure that a command draws.
struct FigureOption: ParsableArguments {
  @Option(
    name: .customLong("output"),
    help: ArgumentHelp("The figure to write: .png or .svg.", valueName: "file"))
  var path: String

  func validate() throws {
    guard [".png", ".svg"].contains(where: path.lowercased().hasSuffix) else {
      throw ValidationError("--output must end in .png or .svg, not \(path)")
    }
  }
}

/// The progress of a run.
private struct RunStatus: Encodable {
  let run: String
  let steps: Int
  let epochs: Int
  /// The loss of the last step; absent if it is not finite.
  let loss: Double?
  /// The loss of the last validation.
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
    top1 = validation?.top1.flatMap { $0.isFinite ? $0 : nil }
  }
}
