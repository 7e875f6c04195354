import ArgumentParser
import Foundation
import RunRecords
import Torch
import Training

struct Pretrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Pre-trains a video network on still pictures.",
    discussion: """
      Leaves in RUN: config.yaml (every setting), metrics.jsonl, events/ (for TensorBoard), preview.png (what \
      was trained on), curves.png and .svg, last.safetensors and best.safetensors (weights and all that going on needs).

      Ctrl-C saves and leaves; --resume goes on to the very numbers of a run that was never stopped. Sources \
      that cannot be used are reported once and replaced.

      Examples:
        mosi pretrain --sources photos/ --output run --config tiny
        mosi pretrain --sources videos/ --output run --set batch.sources=4 --epochs 20
        mosi pretrain --output run --resume
      """)

  @OptionGroup var options: ConfigurationOptions

  @Option(help: ArgumentHelp("The run's folder, made where it is missing.", valueName: "run"))
  var output: String

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Unseen sources to validate on. Default: a share of the sources is held out.",
      valueName: "path"))
  var valSources: [String] = []

  @Option(
    help: ArgumentHelp("The share of the sources that is held out; 0 for none.", valueName: "share")
  )
  var valFraction: Double?

  @Option(help: ArgumentHelp("Passes over the sources.", valueName: "number"))
  var epochs: Int?

  @Flag(help: "Go on from the run's last checkpoint.")
  var resume = false

  @OptionGroup var machine: MachineOptions

  @Flag(help: "Print the result as JSON.")
  var json = false

  func validate() throws {
    if !valSources.isEmpty, valFraction != nil {
      throw ValidationError("--val-sources and --val-fraction exclude each other")
    }
  }

  func run() throws {
    let run = RunFolder(path: output)
    try run.check(resuming: resume)
    let isStarted = FileManager.default.fileExists(atPath: run.configuration)
    let configuration = try options.resolved(base: resume && isStarted ? run.configuration : nil) {
      if !valSources.isEmpty { $0.sources.validationPaths = valSources }
      if let valFraction { $0.sources.validationFraction = valFraction }
      if let epochs { $0.epochs = epochs }
    }
    let execution = try machine.execution()
    try TrainingResult.report("pretrain", run, asJSON: json, table: Self.table) {
      try pretrain(
        configuration, in: run, resuming: resume, options: execution,
        observers: runObservers(reportingTo: $0), reporter: $0)
    }
  }

  private static func table(_ summary: SummaryRecord, _ run: RunFolder) -> String {
    var table = TrainingResult.table(summary)
    if let top1 = summary.top1, let best = summary.bestTop1 {
      table.add(
        "accuracy",
        "\(percent(top1)) on \(summary.validationSources) unseen sources "
          + "(best \(percent(best))\(summary.chance.map { ", chance \(percent($0))" } ?? ""))")
    } else if let loss = summary.validationLoss, let best = summary.bestValidationLoss {
      table.add(
        "validation loss",
        "\(fixed(loss, 3)) on \(summary.validationSources) unseen sources (best \(fixed(best, 3)))")
    }
    if summary.skippedSources > 0 { table.add("skipped sources", "\(summary.skippedSources)") }
    table.add("preview", run.preview)
    table.add("curves", run.curves)
    table.add("checkpoint", run.last)
    if summary.validationLoss != nil { table.add("best checkpoint", run.best) }
    table.add("TensorBoard", "tensorboard --logdir \(run.events)")
    return table.text(leftAligned: true)
  }
}
