import Foundation
import KeyedRandom

/// The position, angle and size of a sprite at each time.
///
/// A frame is a torus: a sprite that leaves on one side enters on the opposite side. Positions are uniform on it, angles
/// on the whole circle, and phases over the whole period, so that single frames of the classes differ only in sizes.
struct SpritePath {
  struct Pose {
    /// The horizontal position as a share of the frame's short side, from the left edge.
    var x: Double
    var y: Double
    /// The angle in radians, clockwise.
    var angle: Double
    /// The factor of the sprite's size.
    var scale: Double
  }

  private let origin: Pose
  private let displacement: @Sendable (_ seconds: Double) -> Pose

  func pose(at seconds: Double) -> Pose {
    let moved = displacement(seconds)
    return Pose(
      x: origin.x + moved.x, y: origin.y + moved.y, angle: origin.angle + moved.angle,
      scale: origin.scale * moved.scale)
  }

  /// - Parameters:
  ///   - width: the width of the frame as a share of its short side.
  ///   - height: the height of the frame as a share of its short side.
  ///   - duration: the duration of the video in seconds.
  init(
    _ action: SpriteAction, width: Double, height: Double, duration: Double,
    using generator: inout KeyedGenerator
  ) {
    origin = Pose(
      x: generator.uniform(in: 0...width), y: generator.uniform(in: 0...height),
      angle: generator.uniform(in: 0...2 * .pi),
      scale: exp(generator.uniform(in: log(0.7)...log(1.4))))
    let phase = generator.uniform()
    let side = generator.chance(0.5) ? 1.0 : -1.0
    let heading = generator.uniform(in: 0...2 * .pi)
    /// A number in `range`, drawn in the same way for all classes.
    let place = generator.uniform()
    func within(_ range: ClosedRange<Double>) -> Double {
      range.lowerBound + place * (range.upperBound - range.lowerBound)
    }
    func straight(_ x: Double, _ y: Double, _ speed: ClosedRange<Double>)
      -> @Sendable (Double) -> Pose
    {
      let speed = within(speed)
      return { Pose(x: x * speed * $0, y: y * speed * $0, angle: 0, scale: 1) }
    }
    func turning(_ sign: Double) -> @Sendable (Double) -> Pose {
      let rate = sign * within(1.5...2.6)
      return { Pose(x: 0, y: 0, angle: rate * $0, scale: 1) }
    }
    func growing(_ sign: Double) -> @Sendable (Double) -> Pose {
      let rate = sign * within(0.45...0.65)
      // The size equals the drawn one at a uniformly random time.
      let turn = phase * duration
      return { Pose(x: 0, y: 0, angle: 0, scale: exp(rate * ($0 - turn))) }
    }
    let slow = 0.26...0.40
    let fast = 0.80...1.10
    displacement =
      switch action {
      case .still: straight(0, 0, slow)
      case .left: straight(-1, 0, slow)
      case .right: straight(1, 0, slow)
      case .up: straight(0, -1, slow)
      case .down: straight(0, 1, slow)
      case .fastLeft: straight(-1, 0, fast)
      case .fastRight: straight(1, 0, fast)
      case .clockwise: turning(1)
      case .counterclockwise: turning(-1)
      case .approaching: growing(1)
      case .receding: growing(-1)
      case .pulsing:
        { [period = within(0.8...1.2)] seconds in
          Pose(x: 0, y: 0, angle: 0, scale: exp(0.4 * sin(2 * .pi * (seconds / period + phase))))
        }
      case .circling:
        { [period = within(0.9...1.3), radius = within(0.15...0.22)] seconds in
          let turn = side * 2 * .pi * (seconds / period + phase)
          return Pose(x: radius * cos(turn), y: radius * sin(turn), angle: 0, scale: 1)
        }
      case .bouncing:
        { [period = within(0.5...0.7), drift = side * within(0.10...0.22)] seconds in
          Pose(
            x: drift * seconds, y: -0.3 * abs(sin(.pi * (seconds / period + phase))), angle: 0,
            scale: 1)
        }
      case .toAndFro:
        { [period = within(0.8...1.2), reach = within(0.16...0.24)] seconds in
          let way = reach * sin(2 * .pi * (seconds / period + phase))
          return Pose(x: way * cos(heading), y: way * sin(heading), angle: 0, scale: 1)
        }
      }
  }
}
