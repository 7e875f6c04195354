import Geometry
import KeyedRandom

/// The outline of a leaf: a polygon that contains its center and has about the area of a disc with the leaf's radius. The
/// same object is reused to save allocations.
struct Outline {
  /// The corners in order, in samples of the canvas.
  private(set) var corners: [SIMD2<Float>] = []
  /// The maximum distance of a corner from the center, in samples.
  private(set) var reach: Float = 0

  mutating func draw(
    center: SIMD2<Float>, radius: Float, using generator: inout KeyedGenerator
  ) {
    corners.removeAll(keepingCapacity: true)
    // With these steps, the chords of a circle deviate by at most a third of a sample.
    let step = radius < 14 ? 4 : radius < 60 ? 2 : 1
    switch generator.integer(below: 100) {
    case ..<40:
      for index in stride(from: 0, to: 64, by: step) { corners.append(circle[index]) }
    case ..<60:
      let half: Float = 0.886  // a square of area pi
      corners += [[-half, -half], [half, -half], [half, half], [-half, half]]
    case ..<78:
      let count = 3 + generator.integer(below: 5)
      for index in 0..<count {
        let angle = (Float(index) + generator.float(in: -0.25...0.25)) / Float(count)
        let length = generator.float(in: 1...1.4)
        corners.append(circle[Int((angle + 1) * 64) % 64] * length)
      }
    default:
      let waves = (2...4).map { order in
        generator.floatDirection() * generator.float(in: 0...0.5 / Float(order))
      }
      for index in stride(from: 0, to: 64, by: step) {
        var length: Float = 1
        for (order, wave) in zip(2..., waves) {
          length += (wave * circle[order * index % 64]).sum()
        }
        corners.append(circle[index] * length)
      }
    }
    let stretch = (1 + 2 * generator.float(in: 0...1) * generator.float(in: 0...1)).squareRoot()
    let axis = generator.floatDirection()
    let (along, across) = (axis * (radius * stretch), SIMD2(-axis.y, axis.x) * (radius / stretch))
    var square: Float = 0
    for index in corners.indices {
      let offset = along * corners[index].x + across * corners[index].y
      square = max(square, (offset * offset).sum())
      corners[index] = center + offset
    }
    reach = square.squareRoot()
  }
}

/// 64 unit vectors at equally spaced angles.
private let circle = unitCircle(64).map { SIMD2<Float>($0) }
