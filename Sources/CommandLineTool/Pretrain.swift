import ArgumentParser
import Configuration
import Foundation
import RunRecords
import SafeFiles
import Torch
import Training

struct Pretrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Pre-trains a video network on still pictures.",
    usage: "mosi pretrain [--sources <path> ...] --output <run> [<options>]",
    discussion: """
      Writes to RUN: config.yaml (every setting), metrics.jsonl, events/ (for TensorBoard), preview.png (training clips), \
      curves.png and .svg, last.safetensors and best.safetensors (weights, and everything that resuming needs).

      Ctrl-C saves and stops; --resume continues with the same numbers as a run that was never stopped. Sources that cannot be \
      used are reported once and replaced.

      Examples:
        mosi pretrain --sources photos/ --output run --config tiny
        mosi pretrain --sources videos/ --output run --epochs 20 \\
          --set batch.sources=4
        mosi pretrain --output run --resume
        mosi pretrain --weights run --sources photos/ --output more \\
          --epochs 20
      """)

  @OptionGroup var options: ConfigurationOptions

  @Option(help: ArgumentHelp("The run's folder, created if missing.", valueName: "run"))
  var output: String

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Sources to validate on. Default: a fraction of the sources is held out.", valueName: "path"))
  var validationSources: [String] = []

  @Option(name: .customLong("val-sources"), parsing: .upToNextOption, help: .hidden)
  var oldValidationSources: [String] = []

  @Option(
    help: ArgumentHelp(
      "Fraction of the sources to hold out for validation; 0 for none.",
      valueName: "fraction"))
  var validationFraction: Double?

  @Option(name: .customLong("val-fraction"), help: .hidden)
  var oldValidationFraction: Double?

  @Option(
    help: ArgumentHelp(
      "The weights to start from: a run's folder or a checkpoint. Its network, task and clips are adopted; the layers of "
        + "the task start from random weights. Default: random weights.", valueName: "run|file"))
  var weights: String?

  @Option(help: ArgumentHelp("Number of passes over the sources.", valueName: "number"))
  var epochs: Int?

  @OptionGroup var resumption: ResumeOptions

  @OptionGroup var machine: MachineOptions

  @OptionGroup var activations: ActivationOptions

  @OptionGroup var together: ProcessOptions

  @OptionGroup var format: JSONOption

  private var heldOut: (sources: [String], fraction: Double?) {
    get throws {
      (
        try renamed(
          "--validation-sources", validationSources, from: "--val-sources", oldValidationSources),
        try renamed(
          "--validation-fraction", validationFraction, from: "--val-fraction",
          oldValidationFraction)
      )
    }
  }

  func validate() throws {
    let heldOut = try heldOut
    if !heldOut.sources.isEmpty, heldOut.fraction != nil {
      throw ValidationError("give either --validation-sources or --validation-fraction")
    }
  }

  func run() throws { try together.run(machine, run) }

  private func run(_ execution: ExecutionOptions) throws {
    let run = RunFolder(path: output)
    let resuming = try resumption.resumes(run, in: execution.processes)
    let configuration = try execution.processes.configuration {
      try run.check(resuming: resuming)
      let isStarted = fileExists(at: run.configuration)
      let start = try weights.map { try Weights(at: $0) }
      let configuration = try resolved(
        options, base: resuming && isStarted ? run.configuration : nil, startingFrom: start)
      options.noticeIgnored(configuration)
      let sources = configuration.sources
      if !resuming {
        try requireOutput(output, outside: sources.paths + sources.validationPaths)
      }
      return configuration
    }
    try TrainingResult.report("pretrain", run, asJSON: format.json, table: Self.table) {
      try pretrain(
        configuration, in: run, resuming: resuming, options: activations.applied(to: execution),
        observers: [costNotice(of: configuration, on: execution.device)]
          + runObservers(reportingTo: $0),
        reporter: $0)
    }
  }

  private func resolved(
    _ options: ConfigurationOptions, base: String? = nil, startingFrom start: Weights?
  ) throws -> PretrainingConfiguration {
    let heldOut = try heldOut
    return try options.resolved(base: base, startingFrom: start) {
      if let weights { $0.start.weights = weights }
      if !heldOut.sources.isEmpty { $0.sources.validationPaths = heldOut.sources }
      if let fraction = heldOut.fraction { $0.sources.validationFraction = fraction }
      if let epochs { $0.epochs = epochs }
    }
  }

  /// Reports before the first step if the training takes long.
  private func costNotice(of configuration: PretrainingConfiguration, on device: Device)
    -> StartObserver
  {
    StartObserver { start in
      guard !device.isCUDA, start.resumedAfterStep == nil else { return }
      func estimate(
        _ configuration: PretrainingConfiguration, measure: (Double) -> Throughput
      ) -> TrainingEstimate {
        TrainingEstimate(
          configuration, training: start.trainingSources, heldOut: start.validationSources,
          measure: measure)
      }
      let preset = Preset.tiny(for: configuration.task).rawValue
      let notice = CostNotice.text(
        for: estimate(configuration) { operations in
          CostNotice.throughput(for: operations) { .measured(configuration, on: device) }
        },
        preset: (
          preset,
          {
            var options = options
            options.config = preset
            return (try? resolved(options, startingFrom: weights.map { try Weights(at: $0) }))
              .map { smaller in estimate(smaller) { _ in .measured(smaller, on: device) } }
          }
        ))
      if let notice { Terminal.line(notice) }
    }
  }

  /// Calls a closure before the first step.
  private final class StartObserver: TrainingObserver {
    private let body: (TrainingStart) -> Void
    init(_ body: @escaping (TrainingStart) -> Void) { self.body = body }
    func began(_ start: TrainingStart) { body(start) }
  }

  private static func table(_ summary: SummaryRecord, _ run: RunFolder) -> String {
    var table = TrainingResult.table(summary)
    if let top1 = summary.top1, let best = summary.bestTop1 {
      table.add(
        "accuracy",
        "\(Format.percent(top1)) on \(summary.validationSources) unseen sources (best \(Format.percent(best))"
          + (summary.chance.map { ", chance \(Format.percent($0))" } ?? "") + ")")
    } else if let loss = summary.validationLoss, let best = summary.bestValidationLoss {
      table.add(
        "validation loss",
        "\(Format.number(loss, 3)) on \(summary.validationSources) unseen sources (best \(Format.number(best, 3)))"
      )
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
