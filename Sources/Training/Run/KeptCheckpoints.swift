import Foundation
import SafeFiles

/// The checkpoints from which a run can be resumed: last.safetensors, and earlier ones in the folder checkpoints.
struct KeptCheckpoints {
  let run: RunFolder
  /// The maximum number of checkpoints, including the latest.
  let limit: Int
  /// The number of steps of last.safetensors; nil if it is missing or damaged.
  private(set) var latestStep: Int?

  /// - Parameters:
  ///   - run: the run's folder.
  ///   - limit: the maximum number of checkpoints, at least 1.
  ///   - latestStep: the number of steps of last.safetensors; nil if it is missing or damaged.
  init(of run: RunFolder, limit: Int, latestStep: Int?) {
    (self.run, self.limit, self.latestStep) = (run, limit, latestStep)
  }

  /// Writes last.safetensors. Its previous content becomes the newest of the earlier checkpoints, and the oldest of them
  /// are removed.
  ///
  /// - Parameters:
  ///   - step: the number of steps of the new checkpoint.
  ///   - write: writes the checkpoint to a path, completely or not at all.
  /// - Throws: `FileError`, and errors of `write`; last.safetensors is then unchanged.
  mutating func save(step: Int, write: (_ path: String) throws -> Void) throws {
    if limit > 1, let latestStep, latestStep < step { try keepLatest(after: latestStep) }
    try write(run.last)
    latestStep = step
    // Later ones were written by a run that was then resumed from before them, and may be damaged.
    let earlier = run.keptSteps.filter { $0 < step }.prefix(limit - 1)
    for step in run.keptSteps where !earlier.contains(step) {
      removeFile(at: run.checkpoint(afterSteps: step))
    }
  }

  /// Links last.safetensors to a second name. If the file system has no links, the file is moved: there is none until the
  /// new one is written, and a run that is killed in the meantime resumes from the moved one.
  private func keepLatest(after step: Int) throws {
    // It was already moved, by an attempt to save that failed.
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
