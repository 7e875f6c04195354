import Configuration
import Foundation
import SafeFiles
import Torch

/// The checkpoint from which a run is resumed.
struct ResumedCheckpoint<Configuration: RunConfiguration> {
  let checkpoint: Checkpoint<Configuration>
  /// The path of the file.
  let path: String
  /// False if the latest checkpoint could not be read and this is an earlier one.
  let isLatest: Bool
}

extension RunFolder {
  /// The newest readable checkpoint.
  ///
  /// - Parameter warn: receives a message if the latest checkpoint is damaged or missing and an earlier one is used.
  /// - Throws: ``RunError`` if there is none or if `configuration` differs from the run's.
  func resumable<Configuration: RunConfiguration>(
    _ configuration: Configuration, warn: (String) -> Void
  ) throws -> ResumedCheckpoint<Configuration> {
    try check(resuming: true)
    var failures: [(path: String, problem: String)] = []
    for path in [last] + earlierCheckpoints {
      let checkpoint: Checkpoint<Configuration>
      do {
        checkpoint = try Checkpoint(contentsOf: path)
      } catch let error where error is SafetensorsError || error is FileError {
        failures.append((path, "\(error)"))
        continue
      }
      let differences = configuration.differences(from: checkpoint.configuration)
      guard differences.isEmpty else {
        throw RunError.differentConfiguration(path: self.path, keys: differences)
      }
      if let first = failures.first {
        warn(
          "\(first.problem); resuming from the checkpoint before it, \(path), after step "
            + "\(checkpoint.position.step)")
      }
      return ResumedCheckpoint(checkpoint: checkpoint, path: path, isLatest: failures.isEmpty)
    }
    throw RunError.noUsableCheckpoint(
      path: failures[0].path, problem: failures[0].problem, others: failures.count - 1)
  }

  /// The checkpoints before the latest, from newest to oldest: the kept ones and the best one, which is also complete.
  private var earlierCheckpoints: [String] {
    var checkpoints = keptSteps.map { (step: $0, path: checkpoint(afterSteps: $0)) }
    if let step = Self.step(of: best) { checkpoints.append((step, best)) }
    return checkpoints.sorted { $0.step > $1.step }.map(\.path)
  }

  /// The number of steps according to the checkpoint; nil if it cannot be read.
  private static func step(of path: String) -> Int? {
    guard fileExists(at: path), let metadata = try? Safetensors.summary(of: path).metadata,
      let header = CheckpointHeader(metadata: metadata)
    else { return nil }
    return (try? JSONDecoder().decode(TrainingPosition.self, from: Data(header.position.utf8)))?
      .step
  }

  /// False if a resumed run already has its preview.
  func needsPreview(resuming: Bool) -> Bool {
    !resuming || !fileExists(at: preview)
  }
}
