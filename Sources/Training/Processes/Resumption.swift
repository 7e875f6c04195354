import Configuration
import Torch

/// Where a training begins: at its start, or at a checkpoint, which only the first process reads and all take over.
struct Resumption<Configuration: RunConfiguration> {
  /// nil for a new run.
  let position: TrainingPosition?
  /// False if the latest checkpoint could not be read, and an earlier one takes its place.
  let isLatest: Bool
  /// The summary of a run that is finished.
  let summary: SummaryRecord?
  private let resumed: ResumedCheckpoint<Configuration>?
  private let processes: Processes

  /// - Parameter warn: receives a sentence if the latest checkpoint is damaged or missing and an earlier one is used.
  /// - Throws: ``RunError`` if there is nothing to resume or it is another run; `PeerFailure`.
  init(
    _ configuration: Configuration, of run: RunFolder, resuming: Bool, in processes: Processes,
    warn: (String) -> Void
  ) throws {
    var resumed: ResumedCheckpoint<Configuration>?
    let found = try processes.fromFirst {
      resumed = resuming ? try run.resumable(configuration, warn: warn) : nil
      return Found(
        position: resumed?.checkpoint.position, isLatest: resumed?.isLatest ?? true,
        summary: resumed?.isLatest == true ? run.summary : nil)
    }
    self.resumed = resumed
    self.processes = processes
    position = found.position
    isLatest = found.isLatest
    summary = found.summary
  }

  /// Gives all processes the checkpoint's state, or without one that of the first process.
  ///
  /// - Throws: ``RunError`` if the checkpoint does not fit; `PeerFailure`.
  func restore(_ network: Module, _ update: WeightUpdate) throws {
    if let resumed {
      try resumed.checkpoint.restore(
        network: network, optimizer: update.optimizer, average: update.average,
        lossScale: update.lossScale, path: resumed.path)
    }
    try processes.share([network.state] + update.states)
  }
}

/// What the first process finds in the folder of a run.
private struct Found: Codable {
  let position: TrainingPosition?
  let isLatest: Bool
  let summary: SummaryRecord?
}
