import Configuration
import Foundation
import SafeFiles

extension RunFolder {
  /// The checkpoint to resume from.
  ///
  /// - Throws: ``RunError`` if there is none or if `configuration` differs from the run's.
  func resumable<Configuration: RunConfiguration>(_ configuration: Configuration) throws
    -> Checkpoint<Configuration>
  {
    try check(resuming: true)
    let checkpoint = try Checkpoint<Configuration>(contentsOf: last)
    let differences = configuration.differences(from: checkpoint.configuration)
    guard differences.isEmpty else {
      throw RunError.differentConfiguration(path: path, keys: differences)
    }
    return checkpoint
  }

  /// False if a resumed run already has its preview.
  func needsPreview(resuming: Bool) -> Bool {
    !resuming || !fileExists(at: preview)
  }
}
