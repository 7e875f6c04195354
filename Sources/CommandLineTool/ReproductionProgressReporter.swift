import Reproduction
import SafeFiles
import Training

/// Shows the runs of a plan on stderr: a line for each, and the bar of its training.
final class ReproductionProgressReporter: ReproductionReporter {
  private let bar = TrainingProgressReporter()
  private let begun = ContinuousClock.now
  /// The seconds after which the work stops; nil for never.
  private let seconds: Double?

  init(seconds: Double?) { self.seconds = seconds }

  var wantsToStop: Bool {
    bar.wantsToStop || seconds.map { (ContinuousClock.now - begun) / .seconds(1) > $0 } ?? false
  }

  func began(_ run: PlannedRun, done: Int, of total: Int, seconds: Double) {
    bar.note(
      "run \(done + 1) of \(total), about \(Format.duration(seconds)) left for all: \(run.title)")
  }

  func analyzing(_ what: String, _ done: Int, of total: Int) {
    bar.counted(what, done, of: total)
  }

  func ended() { bar.finish() }

  func note(_ text: String) { bar.note("  " + text) }
  func warn(_ text: String) { bar.warn(text) }
  func stepped(_ progress: TrainingProgress) { bar.stepped(progress) }
  func evaluating(_ done: Int, of total: Int) { bar.evaluating(done, of: total) }
  func validated(_ record: ValidationRecord) { bar.validated(record) }
}
