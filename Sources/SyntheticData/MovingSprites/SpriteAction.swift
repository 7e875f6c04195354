/// The classes of Moving Sprites: the action of a sprite, independent of its appearance and position.
public enum SpriteAction: String, CaseIterable, Sendable {
  /// Does not move.
  case still
  /// Moves left.
  case left
  /// Moves right.
  case right
  /// Moves up.
  case up
  /// Moves down.
  case down
  /// Moves left quickly.
  case fastLeft = "fast-left"
  /// Moves right quickly.
  case fastRight = "fast-right"
  /// Rotates clockwise.
  case clockwise
  /// Rotates counterclockwise.
  case counterclockwise
  /// Grows.
  case approaching
  /// Shrinks.
  case receding
  /// Grows and shrinks periodically.
  case pulsing
  /// Moves in a circle.
  case circling
  /// Bounces.
  case bouncing
  /// Moves back and forth.
  case toAndFro = "to-and-fro"

  /// True for motions that MoSI's pretext task has: straight motions in four directions, and none.
  public var isPseudoMotion: Bool {
    switch self {
    case .still, .left, .right, .up, .down, .fastLeft, .fastRight: true
    default: false
    }
  }
}
