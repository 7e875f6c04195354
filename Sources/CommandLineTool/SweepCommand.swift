import ArgumentParser
import Insight
import SafeFiles
import Training

struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Draws the results of runs against a setting in which they differ.",
    usage: "mosi sweep <run> ... --against <key> --output <file> [<options>]",
    discussion: """
      Draws the final --measure of each run against that setting, with mean and standard deviation if several runs share a \
      value. Unfinished runs are skipped with a warning.

      Examples:
        mosi sweep runs/* --against optimizer.learning_rate --output sweep.png
      """)

  @Argument(help: ArgumentHelp("Folders of runs.", valueName: "run"))
  var runs: [String]

  @Option(
    help: ArgumentHelp(
      "The setting, as a key of the configuration: optimizer.learning_rate.", valueName: "key"))
  var against: String

  @Option(
    help: ArgumentHelp(
      "accuracy (of the final evaluation if all runs have one, else of the last validation), loss (of the last "
        + "validation) or speed.", valueName: "measure"))
  var measure = SweepMeasure.accuracy

  @OptionGroup var output: FigureOption

  @OptionGroup var format: JSONOption

  func run() throws {
    try RunSweep(
      runs: runs, key: against, measure: measure, output: output.path, json: format.json
    ).run()
  }
}

typealias SweepMeasure = Sweep.Measure

extension SweepMeasure: ExpressibleByArgument {}

/// A sweep that is drawn and printed as a table or as JSON.
struct RunSweep {
  let runs: [String]
  let key: String
  let measure: SweepMeasure
  let output: String
  let json: Bool

  func run() throws {
    let sweep = try Sweep(runs.map(RecordedRun.init), against: key, measure: measure)
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
        group.value, "\(group.runs.count)", text(group.statistics.mean),
        group.statistics.deviation.map(text) ?? "-")
    }
    print(table.text() + "\n\n" + output.printable)
  }
}
