/// Shows the progress of work in several stages.
final class StagedProgressLine {
  private var label = ""
  private var progress: ProgressLine?

  func update(_ stage: (label: String, unit: String), _ done: Int, of total: Int) {
    if stage.label != label {
      finish()
      label = stage.label
      progress = ProgressLine(label: stage.label, total: total, unit: stage.unit)
    }
    progress?.update(done)
  }

  /// Ends the line.
  func finish() { progress?.finish() }
}
