import Foundation
import KeyedRandom
import Media

/// How much distracts from the sprite's action.
public enum SpriteDifficulty: String, CaseIterable, Sendable {
  /// Only the sprite.
  case plain
  /// A hand-held camera, and one or two small distractors.
  case standard
  /// A shaky camera, and three or four distractors.
  case hard

  /// The maximum displacement of the camera as a share of the frame's short side.
  fileprivate var shake: Double {
    switch self {
    case .plain: 0
    case .standard: 0.012
    case .hard: 0.03
    }
  }

  fileprivate var distractors: ClosedRange<Int> {
    switch self {
    case .plain: 0...0
    case .standard: 1...2
    case .hard: 3...4
    }
  }
}

/// A Moving Sprites video. Background, sprite and distractors depend on the scene's number and its look, and are the same
/// in all classes with that look; the class determines how the sprite moves.
struct SpriteScene {
  private let format: SpriteFormat
  private let ground: Picture
  private let margin: Double
  private let sprite: Sprite
  private let path: SpritePath
  private let distractors: [(sprite: Sprite, path: SpritePath)]
  private let shake: [(amplitude: Double, hertz: Double, phase: Double)]

  /// - Parameters:
  ///   - action: the action of the sprite.
  ///   - key: the key of the scene: the same key and look give the same appearance.
  ///   - look: the look of ground and sprite; nil if looks do not depend on the class.
  init(
    _ action: SpriteAction, key: [UInt64], look: SpriteLook?, difficulty: SpriteDifficulty,
    format: SpriteFormat
  ) {
    self.format = format
    let short = Double(min(format.width, format.height))
    let (width, height) = (Double(format.width) / short, Double(format.height) / short)
    margin = (2 * difficulty.shake * short).rounded(.up)
    var looks = KeyedGenerator(key: key + [0])
    ground = DeadLeaves.picture(
      width: format.width + 2 * Int(margin), height: format.height + 2 * Int(margin),
      style: look?.ground, using: &looks)
    sprite = Sprite(radius: looks.uniform(in: 0.13...0.19), style: look?.sprite, using: &looks)
    let count =
      difficulty.distractors.lowerBound + looks.integer(below: difficulty.distractors.count)
    let actions = SpriteAction.allCases
    distractors = (0..<count).map { _ in
      let small = Sprite(radius: looks.uniform(in: 0.04...0.06), using: &looks)
      return (
        small,
        SpritePath(
          actions[looks.integer(below: actions.count)], width: width, height: height,
          duration: format.duration, using: &looks)
      )
    }
    shake = (0..<4).map { _ in
      (difficulty.shake / 2, looks.uniform(in: 0.6...2.5), looks.uniform(in: 0...2 * .pi))
    }
    // The start of the sprite differs between classes; otherwise, the first frames would be the same.
    let number = UInt64(actions.firstIndex(of: action)!)
    var motion = KeyedGenerator(key: key + [1, number])
    path = SpritePath(
      action, width: width, height: height, duration: format.duration, using: &motion)
  }

  /// The frame at the given time in seconds.
  func frame(at seconds: Double) -> Picture {
    func stray(_ waves: ArraySlice<(amplitude: Double, hertz: Double, phase: Double)>) -> Double {
      waves.reduce(0) { $0 + $1.amplitude * sin(2 * .pi * $1.hertz * seconds + $1.phase) }
    }
    let short = Double(min(format.width, format.height))
    let (dx, dy) = (stray(shake[..<2]), stray(shake[2...]))
    var canvas = SpriteCanvas(
      width: format.width, height: format.height, ground: ground, x: margin + dx * short,
      y: margin + dy * short)
    for (sprite, path) in distractors + [(sprite, path)] {
      var pose = path.pose(at: seconds)
      pose.x -= dx
      pose.y -= dy
      sprite.paint(on: &canvas, at: pose)
    }
    return canvas.picture
  }
}

/// The size, duration and frame rate of a video.
public struct SpriteFormat: Sendable {
  /// The width in pixels.
  public var width = 72
  /// The height in pixels.
  public var height = 72
  /// The duration in seconds.
  public var duration = 2.0
  /// The frame rate in frames per second.
  public var framesPerSecond = 30.0

  /// The defaults.
  public init() {}

  var frameCount: Int { Int((duration * framesPerSecond).rounded()) }
}
