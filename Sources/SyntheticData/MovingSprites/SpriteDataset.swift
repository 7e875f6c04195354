import Foundation
import KeyedRandom
import Media
import SafeFiles
import Synchronization

/// Moving Sprites: videos of actions, made from a seed.
///
/// In the setting ``SpriteSetting/plain`` only motion distinguishes them: scene number n looks the same in every class,
/// background, sprite, distractors and camera shake. Positions and angles of the sprite are uniform in every class. A single
/// frame therefore hardly reveals the class: only sizes differ, which vary more in approaching, receding and pulsing. A
/// classifier that knew every sprite's true size would reach 10 % on single frames, and 16 % on first frames (chance 6.7 %).
///
/// In ``SpriteSetting/looks``, the look tells a part: a single frame reveals which three classes a video likely belongs to.
public struct SpriteDataset: Sendable {
  /// The name of the list of the videos in the dataset's folder.
  static let annotations = "annotations.csv"

  /// What tells the classes apart.
  public var setting = SpriteSetting.looks
  /// The classes.
  public var actions = SpriteAction.allCases
  /// The number of training videos per class.
  public var trainingVideos = 40
  /// The number of test videos per class.
  public var testVideos = 20
  /// The amount of distraction.
  public var difficulty = SpriteDifficulty.standard
  /// The size and duration of videos.
  public var format = SpriteFormat()
  /// The random seed.
  public var seed = 0

  /// The defaults.
  public init() {}

  /// The number of videos.
  public var videoCount: Int { actions.count * (trainingVideos + testVideos) }

  /// Writes CLASS/train-0000.mp4 and so on, and annotations.csv with path, label and split, for `--dataset csv`, and except
  /// for ``SpriteSetting/plain`` the look of each video and the setting with its version. The list is written last: if it is
  /// missing, the dataset is incomplete.
  ///
  /// - Parameters:
  ///   - folder: the folder, which is made if it does not exist.
  ///   - progress: called with the number of finished videos, from several threads; an error that it throws stops the
  ///     work.
  /// - Throws: ``SpriteDatasetError`` if the folder is not empty, `MediaError`, `FileError`, errors of `progress`.
  public func write(to folder: String, progress: @Sendable (Int) throws -> Void) throws {
    try makeFolder(at: folder)
    guard try entries(ofFolder: folder).isEmpty else { throw SpriteDatasetError(path: folder) }
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
    try replaceFile(at: "\(folder)/\(Self.annotations)", with: Data(list.utf8))
  }

  /// The content of annotations.csv.
  private var list: String {
    var rows = [["path", "label", "split"]]
    if setting != .plain { rows[0] += ["look", "sprites"] }
    rows += videos.map { video in
      [video.path, video.action.rawValue, video.isTest ? "test" : "train"]
        + (look(of: video.action, number: video.number).map { [$0.rawValue, setting.label] } ?? [])
    }
    return rows.map { $0.joined(separator: ",") + "\n" }.joined()
  }

  /// The look of a video; nil for ``SpriteSetting/plain``.
  ///
  /// - Parameters:
  ///   - action: the class.
  ///   - number: the number of the scene.
  public func look(of action: SpriteAction, number: Int) -> SpriteLook? {
    setting == .plain ? nil : SpriteLook(of: action, number: number, seed: seed)
  }

  /// The frames of a video, each uint8 [height, width, 3].
  ///
  /// - Parameters:
  ///   - action: the class.
  ///   - number: the number of the scene; those below ``trainingVideos`` are for training.
  public func frames(of action: SpriteAction, number: Int) -> [Picture] {
    let scene = SpriteScene(
      action,
      key: [RandomStream.movingSprites.rawValue, UInt64(bitPattern: Int64(seed)), UInt64(number)],
      look: look(of: action, number: number), difficulty: difficulty, format: format)
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
    /// The class.
    public let action: SpriteAction
    /// The number of the scene.
    public let number: Int
    /// True for a test video.
    public let isTest: Bool

    /// The path in the dataset's folder.
    public var path: String {
      let digits = String(format: "%04d", number)
      return "\(action.rawValue)/\(isTest ? "test" : "train")-\(digits).mp4"
    }
  }
}

/// The error if a folder for a new dataset is not empty.
public struct SpriteDatasetError: Error, Sendable, CustomStringConvertible {
  /// The path of the folder.
  public let path: String
  public var description: String {
    "\(path) is not empty: choose another --output, or remove what is in it"
  }
}
