import Foundation
import SafeFiles
import SyntheticData
import VideoData

extension BenchmarkData {
  /// Makes the Moving Sprites videos if they do not exist, all or none. If several processes need them, one makes them
  /// while the others wait.
  ///
  /// - Parameters:
  ///   - sprites: the description of the videos.
  ///   - folder: the folder to write to.
  ///   - progress: called with the number of finished videos, from several threads and also while waiting; an error that
  ///     it throws stops the work.
  /// - Throws: `MediaError`, `FileError`, errors of `progress`.
  public static func writeSprites(
    _ sprites: SpriteDataset, to folder: String, progress: @Sendable (Int) throws -> Void
  ) throws {
    let parent = PathParts(folder).folder
    try makeFolder(at: parent)
    while !fileExists(at: folder) {
      guard let claim = try Claim(at: "\(parent)/.sprites.lock") else {
        try progress(0)
        usleep(200_000)
        continue
      }
      defer { claim.release() }
      guard !fileExists(at: folder) else { return }
      // Restart after an interruption.
      let partial = "\(parent)/.sprites.partial"
      removeFolder(at: partial)
      try sprites.write(to: partial, progress: progress)
      guard renameFile(at: partial, to: folder) else {
        throw FileError(path: folder, attempt: "cannot write")
      }
    }
  }
}
