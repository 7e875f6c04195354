import ArgumentParser
import Insight
import Training

/// Where a command that looks into a network leaves its files: `output`, or insight/NAME in the folder of the run.
///
/// - Throws: `ValidationError` where neither is known.
func insightFolder(_ name: String, output: String?, weights: String) throws -> String {
  if let output { return output }
  guard RunFolder(path: weights).holdsRun else {
    throw ValidationError(
      "--output is missing: \(weights) is no run's folder that could hold the files")
  }
  return RunFolder(path: weights).insight(name)
}

/// What --help says of videos that cannot be used.
let skippedVideosHelp = """
  A video that cannot be read, or is shorter than a clip, is left out with a warning; where none is left, that is an \
  error.
  """

/// Warns of each video.
func warnAboutSkippedVideos(_ skipped: [SkippedVideo]) {
  for video in skipped {
    Terminal.warn("skipped: \(video.video) \(video.reason)")
  }
}

/// The progress of work in several stages, one after another.
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
