import KeyedRandom

/// The look of a ground and its sprite in ``SpriteSetting/looks``: colors and the size of leaves.
///
/// Scenes tell a part of real actions: who swims is in water. So does a look here, but only a part: it is typical of three
/// classes, and one video of five has the look of other classes. Who knows looks alone is right for 4/5 · 1/3 of the videos.
public enum SpriteLook: String, CaseIterable, Sendable {
  /// Green and fine, with a red sprite.
  case meadow
  /// Blue and coarse, with a yellow sprite.
  case sea
  /// Yellow and of medium size, with a blue sprite.
  case desert
  /// Violet, dark and of all sizes, with a green sprite.
  case dusk
  /// Bright, nearly gray and coarse, with a dark, fine sprite.
  case snow

  /// The number of consecutive scenes of which one does not have the look of its class.
  static let period = 5

  /// The look of a video.
  ///
  /// - Parameters:
  ///   - action: the class.
  ///   - number: the number of the scene.
  ///   - seed: the random seed of the dataset.
  init(of action: SpriteAction, number: Int, seed: Int) {
    let index = SpriteAction.allCases.firstIndex(of: action)!
    var generator = KeyedGenerator(
      key: [
        RandomStream.movingSprites.rawValue, UInt64(bitPattern: Int64(seed)),
        UInt64(number / Self.period), 2, UInt64(index),
      ])
    let odd = generator.integer(below: Self.period)
    let other = 1 + generator.integer(below: Self.allCases.count - 1)
    let own = Self.allCases.firstIndex(of: action.look)!
    self =
      Self.allCases[
        number % Self.period == odd ? (own + other) % Self.allCases.count : own]
  }

  var ground: DeadLeaves.Style {
    switch self {
    case .meadow: .init(tint: [0, -0.05, 0.06], radii: 0.008...0.06)
    case .sea: .init(tint: [-0.05, -0.02, -0.07], radii: 0.2...0.5)
    case .desert: .init(tint: [0.05, 0.03, 0.08], radii: 0.06...0.15)
    case .dusk: .init(tint: [-0.15, 0.06, -0.05], radii: 0.008...0.5)
    case .snow: .init(tint: [0.15, 0, -0.01], radii: 0.15...0.5)
    }
  }

  var sprite: DeadLeaves.Style {
    switch self {
    case .meadow: .init(tint: [0, 0.08, 0.02], radii: 0.2...0.5)
    case .sea: .init(tint: [0.08, 0, 0.09], radii: 0.06...0.2)
    case .desert: .init(tint: [-0.05, -0.02, -0.08], radii: 0.008...0.5)
    case .dusk: .init(tint: [0.1, -0.06, 0.05], radii: 0.1...0.5)
    case .snow: .init(tint: [-0.15, 0, 0], radii: 0.03...0.1)
    }
  }
}

extension SpriteAction {
  /// The look that is typical of the class in ``SpriteSetting/looks``. Its three classes differ in motion.
  public var look: SpriteLook {
    switch self {
    case .still, .left, .right: .meadow
    case .up, .down, .bouncing: .sea
    case .fastLeft, .fastRight, .toAndFro: .desert
    case .clockwise, .counterclockwise, .circling: .dusk
    case .approaching, .receding, .pulsing: .snow
    }
  }
}
