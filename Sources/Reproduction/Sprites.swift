import Foundation
import SafeFiles
import VideoData

extension BenchmarkData {
  /// Makes the videos of Moving Sprites where they are missing, whole or not at all. Of several processes one makes them
  /// while the others wait.
  ///
  /// - Parameters:
  ///   - sprites: what they are made of.
  ///   - folder: theirs.
  ///   - progress: told the number of videos done, from several threads, also while it waits; throws to stop.
  /// - Throws: `MediaError`, `FileError`, what `progress` throws.
  public static func writeSprites(
    _ sprites: SpriteDataset, to folder: String, progress: @Sendable (Int) throws -> Void
  ) throws {
    let parent = (folder as NSString).deletingLastPathComponent
    try makeFolder(at: parent)
    while !FileManager.default.fileExists(atPath: folder) {
      guard let claim = try Claim(at: "\(parent)/.sprites.lock") else {
        try progress(0)
        usleep(200_000)
        continue
      }
      defer { claim.release() }
      guard !FileManager.default.fileExists(atPath: folder) else { return }
      // What an interruption has left is begun over.
      let partial = "\(parent)/.sprites.partial"
      try? FileManager.default.removeItem(atPath: partial)
      try sprites.write(to: partial, progress: progress)
      guard rename(partial, folder) == 0 else {
        throw FileError(path: folder, attempt: "cannot write")
      }
    }
  }
}
