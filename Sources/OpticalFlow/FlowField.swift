import COpticalFlow
import Foundation
import Media

/// The optical flow between two pictures: how far each pixel of the first moves to the second.
public struct FlowField: Equatable, Sendable {
  /// The width in pixels.
  public let width: Int
  /// The height in pixels.
  public let height: Int
  /// Across, float32 [height, width], in pixels a frame, positive to the right.
  public let u: [Float]
  /// Down, float32 [height, width], in pixels a frame, positive downwards.
  public let v: [Float]

  /// A field of the given displacements, both [height, width].
  public init(width: Int, height: Int, u: [Float], v: [Float]) {
    precondition(
      width > 0 && height > 0 && u.count == width * height && v.count == u.count,
      "a flow field of \(width)x\(height) needs \(width * height) displacements each way, "
        + "not \(u.count) and \(v.count)")
    (self.width, self.height, self.u, self.v) = (width, height, u, v)
  }

  /// The shortest side of pictures that have a flow, in pixels: two of the patches that are matched.
  public static let shortestSide = 16
  /// Pixels of the largest pictures: the method takes some hundred bytes for each.
  public static let mostPixels = 10_000_000

  /// The flow from `first` to `second`: dense inverse search (Kroeger et al., "Fast Optical Flow using Dense Inverse
  /// Search", ECCV 2016) with variational refinement, down to single pixels.
  ///
  /// It uses the calling thread alone.
  ///
  /// - Throws: ``OpticalFlowError`` if the pictures differ in size, are less than ``shortestSide`` wide or high, or have
  ///   more than ``mostPixels``.
  public init(from first: Picture, to second: Picture) throws(OpticalFlowError) {
    let (width, height) = (first.width, first.height)
    guard second.width == width, second.height == height else {
      throw OpticalFlowError(
        "there is no optical flow between pictures of two sizes, \(width)x\(height) and "
          + "\(second.width)x\(second.height): bring them to one")
    }
    guard min(width, height) >= Self.shortestSide else {
      throw OpticalFlowError(
        "pictures of \(width)x\(height) are too small for optical flow: both sides must be at least "
          + "\(Self.shortestSide) pixels")
    }
    guard width <= Self.mostPixels / height else {
      throw OpticalFlowError(
        "pictures of \(width)x\(height) are too large for optical flow: at most "
          + "\(Self.mostPixels) pixels, so scale them down")
    }
    var u = [Float](repeating: 0, count: width * height)
    var v = u
    var message = [CChar](repeating: 0, count: 512)
    let status = cof_dis_flow(
      first.pixels, second.pixels, Int32(width), Int32(height), &u, &v, &message, message.count)
    guard status == 0 else {
      let bytes = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      throw OpticalFlowError(
        "OpenCV could not compute the optical flow of pictures of \(width)x\(height): "
          + String(decoding: bytes, as: UTF8.self))
    }
    self.init(width: width, height: height, u: u, v: v)
  }

  /// The flow from each picture of `clip` to the next, one field fewer than pictures; see ``init(from:to:)``.
  public static func fields(of clip: [Picture]) throws(OpticalFlowError) -> [FlowField] {
    var fields: [FlowField] = []
    for (first, second) in zip(clip, clip.dropFirst()) {
      fields.append(try FlowField(from: first, to: second))
    }
    return fields
  }

  /// The speeds sqrt(u² + v²), float32 [height, width], in pixels a frame.
  public var magnitudes: [Float] { zip(u, v).map { ($0 * $0 + $1 * $1).squareRoot() } }

  /// Where pixels move to, float32 [height, width], in radians within -π...π: 0 is to the right, π/2 down. Of pixels
  /// that stay it means nothing.
  public var directions: [Float] { zip(u, v).map { atan2($1, $0) } }

  /// The mean displacement of all pixels, in pixels a frame.
  public var mean: (u: Double, v: Double) {
    func mean(_ values: [Float]) -> Double {
      values.reduce(0) { $0 + Double($1) } / Double(values.count)
    }
    return (mean(u), mean(v))
  }
}

/// The library that computes the flow, for reports about an installation.
public enum OpenCV {
  /// Such as "4.6.0".
  public static var version: String { String(cString: cof_opencv_version()) }
}
