import OpticalFlow

/// How the content of a clip moves, by the optical flow from each of its frames to the next, that of the camera included.
///
/// Speeds are shares of the clip's side per frame, x to the right and y down: a clip of any size has the same.
public struct ClipMotion: Codable, Equatable, Sendable {
  /// The mean displacement, weighted by the energy |v|²: if only a part of the picture moves, the motion of that part.
  public let x: Double
  public let y: Double
  /// The root of the mean |v|² of all pixels and frames.
  public let speed: Double
  /// The share of the horizontal energy: Σu² / Σ(u² + v²); 0.5 if nothing moves.
  public let horizontalEnergy: Double

  /// Clips below this ``speed`` are static: half a percent of the side a frame.
  public static let staticSpeed = 0.005

  /// - Parameters:
  ///   - fields: the flow from frame to frame, in pixels.
  ///   - side: the clip's side in pixels.
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

  /// Where the content moves to, in quarters about the axes.
  public enum Direction: String, Codable, CaseIterable, Sendable {
    case still = "static"
    case right, down, left, up
  }

  /// Along which axis the content moves, to and fro being the same.
  public enum Axis: String, Codable, CaseIterable, Sendable {
    case still = "static"
    case horizontal, vertical
  }

  /// That of the mean displacement.
  public var direction: Direction {
    guard speed >= Self.staticSpeed else { return .still }
    return abs(x) >= abs(y) ? (x >= 0 ? .right : .left) : (y >= 0 ? .down : .up)
  }

  /// The one with more of the energy.
  public var axis: Axis {
    guard speed >= Self.staticSpeed else { return .still }
    return horizontalEnergy >= 0.5 ? .horizontal : .vertical
  }
}
