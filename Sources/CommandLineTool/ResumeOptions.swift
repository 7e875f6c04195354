import ArgumentParser
import Training

/// Whether a training begins or continues.
struct ResumeOptions: ParsableArguments {
  @Flag(help: "Continue from the run's last checkpoint.")
  var resume = false

  @Flag(
    help:
      "Continue from the run's last checkpoint if there is one, else begin a run: for launchers that restart the command."
  )
  var resumeOrBegin = false

  /// Whether the training in `run` continues: the first of the processes decides.
  ///
  /// - Throws: `PeerFailure`.
  func resumes(_ run: RunFolder, in processes: Processes) throws -> Bool {
    try processes.fromFirst { resume || (resumeOrBegin && run.holdsCheckpoint) }
  }
}
