import Foundation
import KeyedRandom
import Media
import SafeFiles
import Synchronization

/// Moving Sprites: videos of actions that motion alone tells apart, made from a seed.
///
/// Scene number n looks the same in every class: ground, sprite, what distracts and how the camera shakes. Places and
/// angles of the sprite are uniform in every class. So what a single frame shows hardly tells the class: only sizes differ,
/// which approaching, receding and pulsing take further than others. Who knew each sprite's own size would be right for
/// 10 % of the frames, and 16 % of first frames, where chance is 6.7 %.
public struct SpriteDataset: Sendable {
  public var actions = SpriteAction.allCases
  /// Videos of each class to learn from.
  public var trainingVideos = 40
  /// Videos of each class to be tested on.
  public var testVideos = 20
  public var difficulty = SpriteDifficulty.standard
  public var format = SpriteFormat()
  public var seed = 0

  public init() {}

  public var videoCount: Int { actions.count * (trainingVideos + testVideos) }

  /// Writes CLASS/train-0000.mp4 and so on, and annotations.csv, which tells path, label and split: what `--dataset csv`
  /// reads. The list comes last: where it is missing the set is incomplete.
  ///
  /// - Parameters:
  ///   - folder: made where it is missing.
  ///   - progress: told the number of videos done, from several threads; throws to stop.
  /// - Throws: ``SpriteDatasetError`` where the folder has something in it, `MediaError`, `FileError`, what `progress`
  ///   throws.
  public func write(to folder: String, progress: @Sendable (Int) throws -> Void) throws {
    try makeFolder(at: folder)
    let there = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    guard there.allSatisfy({ $0.hasPrefix(".") }) else { throw SpriteDatasetError(path: folder) }
    for action in actions { try makeFolder(at: "\(folder)/\(action.rawValue)") }

    let videos = videos
    let state = Mutex<(done: Int, failure: (any Error)?)>((0, nil))
    DispatchQueue.concurrentPerform(iterations: videos.count) { index in
      guard state.withLock({ $0.failure == nil }) else { return }
      do {
        let video = videos[index]
        try MP4Writer.write(
          frames(of: video.action, number: video.number), to: "\(folder)/\(video.path)",
          framesPerSecond: format.framesPerSecond, keyframeInterval: 12)
        try progress(
          state.withLock { state in
            state.done += 1
            return state.done
          })
      } catch {
        state.withLock { $0.failure = $0.failure ?? error }
      }
    }
    if let failure = state.withLock({ $0.failure }) { throw failure }
    let lines =
      ["path,label,split"]
      + videos.map { "\($0.path),\($0.action.rawValue),\($0.isTest ? "test" : "train")" }
    try replaceFile(
      at: "\(folder)/annotations.csv", with: Data((lines.joined(separator: "\n") + "\n").utf8))
  }

  /// The frames of a video, [frames], each uint8 [height, width, 3].
  ///
  /// - Parameters:
  ///   - action: the class.
  ///   - number: of the scene; those below ``trainingVideos`` are to learn from.
  public func frames(of action: SpriteAction, number: Int) -> [Picture] {
    let scene = SpriteScene(
      action,
      key: [RandomStream.movingSprites.rawValue, UInt64(bitPattern: Int64(seed)), UInt64(number)],
      difficulty: difficulty, format: format)
    return (0..<format.frameCount).map { scene.frame(at: Double($0) / format.framesPerSecond) }
  }

  /// The videos in the order of the list.
  public var videos: [Video] {
    actions.flatMap { action in
      (0..<trainingVideos + testVideos).map {
        Video(action: action, number: $0, isTest: $0 >= trainingVideos)
      }
    }
  }

  /// A video of the dataset.
  public struct Video: Sendable {
    public let action: SpriteAction
    /// Of the scene.
    public let number: Int
    public let isTest: Bool

    /// The path in the dataset's folder.
    public var path: String {
      let digits = String(format: "%04d", number)
      return "\(action.rawValue)/\(isTest ? "test" : "train")-\(digits).mp4"
    }
  }
}

/// A folder that is not free for a new set.
public struct SpriteDatasetError: Error, Sendable, CustomStringConvertible {
  public let path: String
  public var description: String {
    "\(path) is not empty: choose another --output, or remove what is in it"
  }
}
