import COpticalFlow
import Foundation
import Media

/// The optical flow between two pictures: the displacement of each pixel of the first one.
public struct FlowField: Equatable, Sendable {
  /// The width in pixels.
  public let width: Int
  /// The height in pixels.
  public let height: Int
  /// The horizontal displacements, float32 [height, width], in pixels per frame, positive to the right.
  public let u: [Float]
  /// The vertical displacements, float32 [height, width], in pixels per frame, positive downward.
  public let v: [Float]

  /// A field with these displacements, both [height, width].
  public init(width: Int, height: Int, u: [Float], v: [Float]) {
    precondition(
      width > 0 && height > 0 && u.count == width * height && v.count == u.count,
      "a flow field of \(width)x\(height) needs \(width * height) displacements each way, "
        + "not \(u.count) and \(v.count)")
    (self.width, self.height, self.u, self.v) = (width, height, u, v)
  }

  /// The minimum side of pictures in pixels: two of the patches that are matched.
  public static let shortestSide = 16
  /// The maximum number of pixels of a picture: the method needs some hundred bytes for each.
  public static let mostPixels = 10_000_000

  /// Computes the flow from `first` to `second` by dense inverse search (Kroeger et al., "Fast Optical Flow using Dense
  /// Inverse Search", ECCV 2016) with variational refinement, at full resolution.
  ///
  /// It uses only the calling thread.
  ///
  /// - Throws: ``OpticalFlowError`` if the pictures differ in size, have a side below ``shortestSide``, or have more than
  ///   ``mostPixels`` pixels.
  public init(from first: Picture, to second: Picture) throws(OpticalFlowError) {
    let (width, height) = (first.width, first.height)
    guard second.width == width, second.height == height else {
      throw OpticalFlowError(
        "optical flow needs two pictures of the same size, not \(width)x\(height) and "
          + "\(second.width)x\(second.height)")
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

  /// The flow from each picture of `clip` to the next; see ``init(from:to:)``.
  ///
  /// - Throws: ``OpticalFlowError``.
  public static func fields(of clip: [Picture]) throws(OpticalFlowError) -> [FlowField] {
    var fields: [FlowField] = []
    for (first, second) in zip(clip, clip.dropFirst()) {
      fields.append(try FlowField(from: first, to: second))
    }
    return fields
  }

  /// The speeds √(u² + v²), float32 [height, width], in pixels per frame.
  public var magnitudes: [Float] { zip(u, v).map { ($0 * $0 + $1 * $1).squareRoot() } }

  /// The directions of motion, float32 [height, width], in radians from -π to π: 0 is to the right, π/2 down. They are
  /// meaningless for pixels without motion.
  public var directions: [Float] { zip(u, v).map { atan2($1, $0) } }

  /// The mean displacement of all pixels, in pixels per frame.
  public var mean: (u: Double, v: Double) {
    func mean(_ values: [Float]) -> Double {
      values.reduce(0) { $0 + Double($1) } / Double(values.count)
    }
    return (mean(u), mean(v))
  }
}

/// The library that computes the flow.
public enum OpenCV {
  /// The version, such as "4.6.0".
  public static var version: String { String(cString: cof_opencv_version()) }
}
