import Foundation
import SafeFiles
import SyntheticData
import VideoData

extension BenchmarkData {
  /// Makes the videos of Moving Sprites if they are missing, all or none. If several processes ask for them, one makes them
  /// while the others wait.
  ///
  /// - Parameters:
  ///   - sprites: describes the videos.
  ///   - folder: where to write them.
  ///   - progress: called with the number of finished videos, from several threads, also while it waits; throws to stop.
  /// - Throws: `MediaError`, `FileError`, what `progress` throws.
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
      // Start over after an interruption.
      let partial = "\(parent)/.sprites.partial"
      removeFolder(at: partial)
      try sprites.write(to: partial, progress: progress)
      guard renameFile(at: partial, to: folder) else {
        throw FileError(path: folder, attempt: "cannot write")
      }
    }
  }
}
