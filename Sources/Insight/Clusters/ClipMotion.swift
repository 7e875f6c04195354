import OpticalFlow

/// The motion of a clip's content, by the optical flow from each of its frames to the next. It includes the camera's
/// motion.
///
/// Speeds are shares of the clip's side per frame, x to the right and y down, so that they do not depend on the clip's
/// size.
public struct ClipMotion: Codable, Equatable, Sendable {
  /// The mean displacement to the right, weighted by the energy |v|²: if only a part of the picture moves, the motion of
  /// that part.
  public let x: Double
  /// The mean displacement down, weighted in the same way.
  public let y: Double
  /// The root of the mean |v|² over all pixels and frames.
  public let speed: Double
  /// The share of the horizontal energy: Σu² / Σ(u² + v²); 0.5 if nothing moves.
  public let horizontalEnergy: Double

  /// Clips below this ``speed`` are static: half a percent of the side per frame.
  public static let staticSpeed = 0.005

  /// Computes the motion of a clip.
  ///
  /// - Parameters:
  ///   - fields: the flow from each frame to the next, in pixels.
  ///   - side: the side of the clip in pixels.
  public init(_ fields: [FlowField], side: Int) {
    var (count, energy, across) = (0, 0.0, 0.0)
    var (weightedX, weightedY) = (0.0, 0.0)
    for field in fields {
      count += field.u.count
      for (u, v) in zip(field.u, field.v) {
        let (u, v) = (Double(u), Double(v))
        let square = u * u + v * v
        energy += square
        across += u * u
        weightedX += square * u
        weightedY += square * v
      }
    }
    let scale = 1 / Double(side)
    x = energy > 0 ? weightedX / energy * scale : 0
    y = energy > 0 ? weightedY / energy * scale : 0
    speed = count > 0 ? (energy / Double(count)).squareRoot() * scale : 0
    horizontalEnergy = energy > 0 ? across / energy : 0.5
  }

  /// The directions of motion, in quadrants around the axes.
  public enum Direction: String, Codable, CaseIterable, Sendable {
    /// Static.
    case still = "static"
    /// In the picture.
    case right, down, left, up
  }

  /// The axes of motion, regardless of the direction.
  public enum Axis: String, Codable, CaseIterable, Sendable {
    /// Static.
    case still = "static"
    /// In the picture.
    case horizontal, vertical
  }

  /// The direction of the mean displacement.
  public var direction: Direction {
    guard speed >= Self.staticSpeed else { return .still }
    return abs(x) >= abs(y) ? (x >= 0 ? .right : .left) : (y >= 0 ? .down : .up)
  }

  /// The axis with more energy.
  public var axis: Axis {
    guard speed >= Self.staticSpeed else { return .still }
    return horizontalEnergy >= 0.5 ? .horizontal : .vertical
  }
}
