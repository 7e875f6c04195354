// Non-square regions, so that networks do not learn to expect squares: the paper's section 4.4 (A) and Fig. 8a

import Geometry
import KeyedRandom

/// The shape of the region that moves in masked clips.
///
/// Regions of all shapes have the area of the square with the drawn side, so that a mask's ratio always means the same
/// share of the frame. If the shape does not fit into the frame, as at the start of the mask curriculum, it grows from
/// the frame's center beyond the edges until its visible part has that area.
public enum RegionShape: String, Codable, CaseIterable, Sendable {
  /// The paper's square.
  case square
  /// An ellipse, one to three times as long as wide, at any angle.
  case ellipse
  /// A polygon with three to eight corners at random angles and distances, convex or not.
  case polygon
  /// A circle with two to five random waves.
  case blob
  /// One of the other four shapes, drawn for each clip.
  case mixed
}

/// The pixels of a shape within its bounding box of whole pixels.
public struct Silhouette: Hashable, Sendable {
  /// The box's width in pixels.
  public let width: Int
  /// The box's height in pixels.
  public let height: Int
  /// The corners of the outline in order, in pixels from the box's left and top edges.
  public let corners: [SIMD2<Double>]
  /// The pixels whose centers are inside the outline, in rows from the top; at least one pixel.
  public let spans: [Span]

  /// Neighboring pixels in a row.
  public struct Span: Hashable, Sendable {
    /// The row.
    public let row: Int
    /// The columns.
    public let columns: Range<Int>
  }

  /// The number of pixels.
  public var area: Int { spans.reduce(0) { $0 + $1.columns.count } }

  /// A random silhouette; nil for a square.
  ///
  /// - Parameters:
  ///   - shape: the shape.
  ///   - side: the side in pixels of the square whose area the silhouette has.
  ///   - frame: the size in pixels of the frame that must contain it.
  static func random(
    _ shape: RegionShape, side: Int, frame: (width: Int, height: Int),
    using generator: inout KeyedGenerator
  ) -> Silhouette? {
    let form: [SIMD2<Double>]
    switch shape {
    case .mixed:
      let drawn: [RegionShape] = [.square, .ellipse, .polygon, .blob]
      return random(
        drawn[generator.integer(below: drawn.count)], side: side, frame: frame, using: &generator)
    case .square: return nil
    case .ellipse: form = ellipse(using: &generator)
    case .polygon: form = polygon(using: &generator)
    case .blob: form = blob(using: &generator)
    }
    return Silhouette(form, area: side * side, frame: frame)
  }

  /// - Parameters:
  ///   - form: the corners around the origin, in any unit. Every ray from the origin crosses the outline once.
  ///   - area: the area in pixels, at most that of the frame.
  private init(_ form: [SIMD2<Double>], area: Int, frame: (width: Int, height: Int)) {
    let size = SIMD2(Double(frame.width), Double(frame.height))
    let scale = (Double(area) / Self.area(of: form)).squareRoot()
    var outline = form.map { $0 * scale }
    var (least, greatest) = Self.bounds(of: outline)
    if greatest.x - least.x > size.x || greatest.y - least.y > size.y {
      outline = Self.cut(form, from: scale, toFill: Double(area), of: size)
      (least, greatest) = Self.bounds(of: outline)
    }
    width = min(Int((greatest.x - least.x).rounded(.up)), frame.width)
    height = min(Int((greatest.y - least.y).rounded(.up)), frame.height)
    corners = outline.map { $0 - least }
    let spans = Self.spans(within: corners, width: width, height: height)
    // An outline smaller than a pixel can fall between all centers.
    self.spans = spans.isEmpty ? [Span(row: height / 2, columns: width / 2..<width / 2 + 1)] : spans
  }

  private static func bounds(of corners: [SIMD2<Double>]) -> (SIMD2<Double>, SIMD2<Double>) {
    corners.reduce((corners[0], corners[0])) {
      (pointwiseMin($0.0, $1), pointwiseMax($0.1, $1))
    }
  }

  /// A form around the frame's center, cut off at the frame's edges and scaled so that `area` is left.
  private static func cut(
    _ form: [SIMD2<Double>], from scale: Double, toFill area: Double, of size: SIMD2<Double>
  ) -> [SIMD2<Double>] {
    func cut(_ scale: Double) -> [SIMD2<Double>] {
      let outline = form.map { $0 * scale + size / 2 }
      // Cut at one edge after the other (Sutherland and Hodgman, 1974).
      let left = clip(outline) { $0.x }
      let right = clip(left) { size.x - $0.x }
      let upper = clip(right) { $0.y }
      return clip(upper) { size.y - $0.y }
    }
    var (low, high) = (scale, scale)
    // An outline that passes close to its origin covers the frame only at a large scale, but it does.
    while high < 4096 * scale, Self.area(of: cut(high)) < area { high *= 2 }
    for _ in 0..<40 {
      let middle = (low + high) / 2
      if Self.area(of: cut(middle)) < area { low = middle } else { high = middle }
    }
    return cut(high)
  }

  /// The part of an outline on the side of an edge where `distance` is not negative.
  private static func clip(
    _ corners: [SIMD2<Double>], _ distance: (SIMD2<Double>) -> Double
  ) -> [SIMD2<Double>] {
    var kept: [SIMD2<Double>] = []
    var last = corners[corners.count - 1]
    for corner in corners {
      let (before, after) = (distance(last), distance(corner))
      if (before < 0) != (after < 0) {
        kept.append(last + (corner - last) * (before / (before - after)))
      }
      if after >= 0 { kept.append(corner) }
      last = corner
    }
    return kept
  }

  private static func area(of corners: [SIMD2<Double>]) -> Double {
    var sum = 0.0
    var last = corners[corners.count - 1]
    for corner in corners {
      sum += last.x * corner.y - corner.x * last.y
      last = corner
    }
    return abs(sum) / 2
  }

  private static func spans(within corners: [SIMD2<Double>], width: Int, height: Int) -> [Span] {
    var spans: [Span] = []
    spans.reserveCapacity(height + 8)
    corners.withUnsafeBufferPointer { corners in
      forEachSpan(within: corners, width: width, height: height) { row, columns in
        spans.append(Span(row: row, columns: columns))
      }
    }
    return spans
  }
}

// MARK: - Forms

extension Silhouette {
  private static func ellipse(using generator: inout KeyedGenerator) -> [SIMD2<Double>] {
    let aspect = generator.uniform(in: 1...3)
    let axis = circle[generator.integer(below: circle.count)]
    let across = SIMD2(-axis.y, axis.x)
    return smooth.map { axis * (circle[$0].x * aspect) + across * circle[$0].y }
  }

  private static func polygon(using generator: inout KeyedGenerator) -> [SIMD2<Double>] {
    let count = 3 + generator.integer(below: 6)
    let first = generator.uniform()
    return (0..<count).map { index in
      // Corners are less than half a turn apart, so that the outline never crosses itself.
      let turn = first + (Double(index) + generator.uniform(in: -0.2...0.2)) / Double(count)
      let place = Int((turn * Double(circle.count)).rounded()) & (circle.count - 1)
      return circle[place] * generator.uniform(in: 0.5...1)
    }
  }

  private static func blob(using generator: inout KeyedGenerator) -> [SIMD2<Double>] {
    // A Fourier series whose waves never add up to the radius.
    let waves = (2...5).map { order in
      (
        order: order, amplitude: generator.uniform(in: 0...0.7 / Double(order)),
        phase: generator.integer(below: circle.count)
      )
    }
    return smooth.map { place in
      let radius = waves.reduce(1) { radius, wave in
        let angle = (wave.order * place + wave.phase) & (circle.count - 1)
        return radius + wave.amplitude * circle[angle].x
      }
      return circle[place] * radius
    }
  }

  /// The indices in ``circle`` of the corners of smooth outlines.
  private static let smooth = stride(from: 0, to: 256, by: 4)

  /// 256 unit vectors at equally spaced angles.
  private static let circle = unitCircle(256)
}
