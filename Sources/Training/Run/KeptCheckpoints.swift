import Foundation
import SafeFiles

/// The checkpoints that a run can be resumed from: last.safetensors, and before it those in the folder checkpoints.
struct KeptCheckpoints {
  let run: RunFolder
  /// The largest number of checkpoints, the latest among them.
  let limit: Int
  /// The number of steps of last.safetensors; nil if it is missing or damaged.
  private(set) var latestStep: Int?

  /// - Parameters:
  ///   - run: the run's folder.
  ///   - limit: the largest number of checkpoints, at least 1.
  ///   - latestStep: the number of steps of last.safetensors; nil if it is missing or damaged.
  init(of run: RunFolder, limit: Int, latestStep: Int?) {
    (self.run, self.limit, self.latestStep) = (run, limit, latestStep)
  }

  /// Writes last.safetensors; what it was becomes the newest of the earlier checkpoints, and the oldest of them are removed.
  ///
  /// - Parameters:
  ///   - step: the number of steps of the new checkpoint.
  ///   - write: writes the checkpoint to a path, completely or not at all.
  /// - Throws: `FileError`, and what `write` throws; last.safetensors is then as it was.
  mutating func save(step: Int, write: (_ path: String) throws -> Void) throws {
    if limit > 1, let latestStep, latestStep < step { try keepLatest(after: latestStep) }
    try write(run.last)
    latestStep = step
    // Later ones are of a run that went on from here before, and may be damaged.
    let earlier = run.keptSteps.filter { $0 < step }.prefix(limit - 1)
    for step in run.keptSteps where !earlier.contains(step) {
      removeFile(at: run.checkpoint(afterSteps: step))
    }
  }

  /// Gives last.safetensors a second name. Without links it is moved: until the new one is written there is none, and a run
  /// that is killed meanwhile resumes from the moved one.
  private func keepLatest(after step: Int) throws {
    // Moved already, by an attempt to save that then failed.
    guard fileExists(at: run.last) else { return }
    let path = run.checkpoint(afterSteps: step)
    try makeFolder(at: run.checkpoints)
    removeFile(at: path)
    guard !linkFile(at: run.last, to: path) else { return }
    let hasNoLinks = [EPERM, ENOTSUP, EOPNOTSUPP, ENOSYS, EMLINK].contains(errno)
    guard hasNoLinks, renameFile(at: run.last, to: path) else {
      throw FileError(path: path, attempt: "cannot write")
    }
  }
}
