/// The classes of Moving Sprites: what a sprite does, whatever it looks like and wherever it is.
public enum SpriteAction: String, CaseIterable, Sendable {
  case still
  case left
  case right
  case up
  case down
  case fastLeft = "fast-left"
  case fastRight = "fast-right"
  case clockwise
  case counterclockwise
  case approaching
  case receding
  case pulsing
  case circling
  case bouncing
  case toAndFro = "to-and-fro"

  /// Whether the pretext task of MoSI has such motions: plain directions and speeds, and none.
  public var isPseudoMotion: Bool {
    switch self {
    case .still, .left, .right, .up, .down, .fastLeft, .fastRight: true
    default: false
    }
  }
}
