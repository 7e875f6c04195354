import ArgumentParser
import Foundation
import SafeFiles
import Training

/// The result of a training, for scripts.
struct TrainingResult: Encodable {
  let summary: SummaryRecord
  let preview: String
  let curves: String
  let checkpoint: String

  init(_ summary: SummaryRecord, _ run: RunFolder) {
    self.summary = summary
    preview = run.preview
    curves = run.curves
    checkpoint = run.last
  }

  var json: String { get throws { try JSON.text(self) } }

  /// Carries out a training, which Ctrl-C stops after the current step, and prints its result.
  ///
  /// - Parameters:
  ///   - command: the command that resumes the training with `--resume`.
  ///   - table: formats the result as a table.
  /// - Throws: errors of the training, and `ExitCode` if it was stopped.
  static func report(
    _ command: String, _ run: RunFolder, asJSON: Bool,
    table: (SummaryRecord, RunFolder) -> String,
    of training: (any TrainingReporter) throws -> TrainingOutcome
  ) throws {
    InterruptSignal.listen()
    let reporter = TrainingProgressReporter()
    let outcome: TrainingOutcome
    do {
      defer { reporter.finish() }
      outcome = try training(reporter)
    } catch is StopRequested {
      Terminal.line("stopped before the first step; nothing was written")
      throw ExitCode(InterruptSignal.exitStatus)
    }
    switch outcome {
    case .finished(let summary):
      print(asJSON ? try TrainingResult(summary, run).json : table(summary, run))
    case .stopped(let step, let totalSteps):
      Terminal.line(
        "saved after step \(step) of \(totalSteps); resume with: mosi \(command) --output \(run.path) --resume"
      )
      throw ExitCode(InterruptSignal.exitStatus)
    }
  }

  /// The rows that all trainings have in common.
  static func table(_ summary: SummaryRecord) -> TextTable {
    var table = TextTable()
    table.add("steps", "\(Format.grouped(summary.step)) in \(summary.epoch) epochs")
    table.add("time", Format.duration(summary.seconds))
    table.add("speed", "\(Format.rate(summary.clipsPerSecond)) clips/s")
    table.add("training loss", "\(Format.number(summary.loss, 3)) in the last epoch")
    if let steps = summary.nonFiniteSteps {
      table.add(
        "skipped steps", "\(Format.grouped(steps)), with a loss or gradients that are not finite")
    }
    return table
  }
}
