import Foundation
import Geometry
import KeyedRandom

/// A moving shape. Lengths are in pixels of a picture of ``ShapeScene/drawnSide`` pixels, times in frames.
public struct ShapeObject: Sendable {
  /// The kinds of shapes.
  public enum Kind: CaseIterable, Sendable {
    /// A circle around the object's place.
    case circle
    /// A square with a corner at the place.
    case square
    /// A square turned by any angle.
    case orientedSquare
    /// A rectangle inside the circle of the radius.
    case rectangle
    /// A triangle inside that circle.
    case triangle
    /// A quadrilateral inside that circle.
    case quadrilateral
  }

  /// The kind.
  public let kind: Kind
  /// The color of a shape without texture: red, green and blue in 0...255.
  public let color: SIMD3<UInt8>
  /// The radius, from a tenth of the picture's side to all of it.
  public let radius: Double
  /// The place in the first frame; the objects start in an area of four pictures, whose first quarter is in view.
  public let start: SIMD2<Double>
  /// The direction of the motion, a unit vector.
  public let direction: SIMD2<Double>
  /// The speed in the first frame, in pixels per frame.
  public let speed: Double
  /// The acceleration in pixels per frame and frame: the object's way at frame t is (speed + acceleration t) t.
  public let acceleration: Double
  /// The rotation in radians per frame, clockwise.
  let turn: Double
  /// The growth of both axes per frame.
  let growth: SIMD2<Double>
  /// The shear of both axes per frame.
  let shear: SIMD2<Double>
  /// The texture, and the place in it that is at the corner of the shape's box, in pixels of the texture.
  let texture: (index: Int, offset: SIMD2<Float>)?
  /// The corners in the shape's box, whose corner is at the place, except for a circle, which is around it.
  let corners: [SIMD2<Double>]

  init(
    features: ShapeScene.Features, textureCount: Int?, using generator: inout KeyedGenerator
  ) {
    let side = ShapeScene.drawnSide
    // Everything is drawn for every object, so that all levels show the same ones.
    let kind = Kind.allCases[generator.integer(below: Kind.allCases.count)]
    let bits = generator.next()
    color = SIMD3(
      UInt8(truncatingIfNeeded: bits), UInt8(truncatingIfNeeded: bits >> 8),
      UInt8(truncatingIfNeeded: bits >> 16))
    radius = Self.radius(at: generator.uniform())
    start = SIMD2(
      Double(generator.integer(below: 2 * side)), Double(generator.integer(below: 2 * side)))
    direction = generator.direction()
    speed = generator.uniform(in: 1.2...3)
    // The paper's text and table have other ranges; with that of the text, objects are gone after some frames.
    acceleration = generator.uniform(in: -0.03...0.03)
    turn = generator.uniform(in: -.pi / 100 ... .pi / 100)
    growth = [generator.uniform(in: -0.005...0.005), generator.uniform(in: -0.005...0.005)]
    shear = [generator.uniform(in: -0.005...0.005), generator.uniform(in: -0.005...0.005)]
    let shapeBits = (0..<4).map { _ in generator.uniform() }
    let texturePlace = SIMD2(Float(generator.uniform()), Float(generator.uniform()))
    let textureDraw = generator.uniform()
    texture = textureCount.map {
      (Int(textureDraw * Double($0)), texturePlace * Float(ShapeTextures.side))
    }
    self.kind = features.contains(.polygons) ? kind : .circle
    corners = Self.corners(of: self.kind, radius: radius, shapeBits)
  }

  /// The corners in the box.
  ///
  /// - Parameter draws: four uniform numbers.
  private static func corners(of kind: Kind, radius: Double, _ draws: [Double]) -> [SIMD2<Double>] {
    let middle = SIMD2(radius, radius)
    func onCircle(_ turn: Double) -> SIMD2<Double> {
      let angle = 2 * .pi * turn
      return middle + radius * SIMD2(cos(angle), sin(angle))
    }
    switch kind {
    case .circle: return circle.map { middle + radius * $0 }
    case .square:
      let side = radius * 2.0.squareRoot()
      return [[0, 0], [side, 0], [side, side], [0, side]]
    case .orientedSquare: return (0..<4).map { onCircle(draws[0] + Double($0) / 4) }
    case .rectangle:
      let angle = draws[0] * .pi / 2
      let half = radius * SIMD2(cos(angle), sin(angle))
      return [
        middle + half, middle + [half.x, -half.y], middle - half, middle + [-half.x, half.y],
      ]
    case .triangle: return draws.prefix(3).sorted().map(onCircle)
    case .quadrilateral: return draws.sorted().map(onCircle)
    }
  }

  /// Radii and the probability that one is at most this: 200 from a tenth of the side to all of it, r with a probability in
  /// proportion to r^-3 - 1.
  static let radii: [(radius: Double, cumulative: Double)] = {
    let shares = (0..<200).map { 0.1 + 0.9 * Double($0) / 199 }
    let weights = shares.map { 1 / ($0 * $0 * $0) - 1 }
    let total = weights.reduce(0, +)
    var sum = 0.0
    return zip(shares, weights).map { share, weight in
      sum += weight / total
      return ((share * Double(ShapeScene.drawnSide)).rounded(.down), sum)
    }
  }()

  private static func radius(at draw: Double) -> Double {
    (radii.first { draw < $0.cumulative } ?? radii[radii.count - 2]).radius
  }

  // MARK: Motion

  /// How an object lies in a frame. Lengths are in pixels of the frame.
  struct Pose {
    /// The object's place in whole pixels.
    let place: SIMD2<Double>
    /// The corners of the outline.
    let corners: [SIMD2<Double>]
    /// The map from the frame to the shape's box: box = origin + x · alongX + y · alongY, in pixels of the box.
    let origin: SIMD2<Double>
    let alongX: SIMD2<Double>
    let alongY: SIMD2<Double>
  }

  /// The place at a frame, cut to whole pixels of a picture of `side` pixels.
  ///
  /// - Parameters:
  ///   - frame: the frame, from 0.
  ///   - side: the height and width of the picture in pixels.
  ///   - features: what objects have.
  public func place(at frame: Int, side: Int, _ features: ShapeScene.Features) -> SIMD2<Int> {
    let time = Double(frame)
    let speed = features.contains(.accelerates) ? speed + acceleration * time : speed
    let way = features.contains(.moves) ? speed * time : 0
    let scale = Double(side) / Double(ShapeScene.drawnSide)
    let place = (start + way * direction) * scale
    return SIMD2(Int(place.x.rounded(.towardZero)), Int(place.y.rounded(.towardZero)))
  }

  /// The pose at a frame; nil if nothing of the object is in a picture of `side` pixels.
  func pose(at frame: Int, side: Int, _ features: ShapeScene.Features) -> Pose? {
    let place = place(at: frame, side: side, features)
    // The paper leaves out objects whose place is a side or more away, even large ones.
    guard (1 - side..<2 * side).contains(place.x), (1 - side..<2 * side).contains(place.y) else {
      return nil
    }
    let scale = Double(side) / Double(ShapeScene.drawnSide)
    let radius = radius * scale
    let time = features.contains(.transforms) ? Double(frame) : 0
    let isCircle = kind == .circle
    // A polygon's box hangs from its place and turns around a quarter of the box, a circle around its center: so does the paper's
    // generator.
    let pivot = isCircle ? SIMD2(radius, radius) : SIMD2(radius, radius) / 2
    let corner = SIMD2(Double(place.x), Double(place.y)) - (isCircle ? pivot : .zero)
    let (cosine, sine) = (cos(turn * time), sin(turn * time))
    let grown = 1 + growth * time
    let lean = isCircle ? .zero : shear * time
    // Rotation · growth · shear, by columns.
    func turned(_ vector: SIMD2<Double>) -> SIMD2<Double> {
      [cosine * vector.x - sine * vector.y, sine * vector.x + cosine * vector.y]
    }
    let first = turned([grown.x, grown.y * lean.y])
    let second = turned([grown.x * lean.x, grown.y])
    let determinant = first.x * second.y - first.y * second.x
    guard abs(determinant) > 1e-6 else { return nil }
    var (least, most) = (SIMD2(repeating: Double.infinity), SIMD2(repeating: -Double.infinity))
    let outline = corners.map { box in
      let arm = box * scale - pivot
      let point = corner + pivot + arm.x * first + arm.y * second
      least = pointwiseMin(least, point)
      most = pointwiseMax(most, point)
      return point
    }
    guard most.x > 0, most.y > 0, least.x < Double(side), least.y < Double(side) else {
      return nil
    }
    let alongX = SIMD2(second.y, -first.y) / determinant
    let alongY = SIMD2(-second.x, first.x) / determinant
    let center = corner + pivot
    return Pose(
      place: SIMD2(Double(place.x), Double(place.y)), corners: outline,
      origin: pivot - center.x * alongX - center.y * alongY, alongX: alongX, alongY: alongY)
  }
}

/// 64 unit vectors at equally spaced angles: the chords of the largest circle deviate by a third of a pixel.
private let circle = unitCircle(64)
