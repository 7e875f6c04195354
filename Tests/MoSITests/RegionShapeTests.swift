import KeyedRandom
import MoSI
import Testing

@Suite struct RegionShapeTests {
  private static let forms: [RegionShape] = [.ellipse, .polygon, .blob]

  private func geometry(height: Int, width: Int) -> ClipGeometry {
    ClipGeometry(
      sourceHeight: height + 9, sourceWidth: width + 9, height: height, width: width, frames: 8)
  }

  private func area(_ corners: [SIMD2<Double>]) -> Double {
    let next = corners.dropFirst() + corners.prefix(1)
    return abs(zip(corners, next).reduce(0) { $0 + $1.0.x * $1.1.y - $1.1.x * $1.0.y }) / 2
  }

  private func perimeter(_ corners: [SIMD2<Double>]) -> Double {
    let next = corners.dropFirst() + corners.prefix(1)
    return zip(corners, next).reduce(0) { sum, side in
      let way = side.1 - side.0
      return sum + (way * way).sum().squareRoot()
    }
  }

  /// By the sum of the angles under which a point sees the sides, unlike the implementation.
  private func winds(_ corners: [SIMD2<Double>], around x: Double, _ y: Double) -> Bool {
    var quarters = 0
    func quadrant(_ corner: SIMD2<Double>) -> Int {
      corner.x > x ? (corner.y > y ? 0 : 3) : (corner.y > y ? 1 : 2)
    }
    for (a, b) in zip(corners, corners.dropFirst() + corners.prefix(1)) {
      var step = quadrant(b) - quadrant(a)
      if abs(step) == 3 { step = -step.signum() }
      if abs(step) == 2 {
        // Opposite to each other: the side passes the point on the left or on the right.
        let cross = (a.x - x) * (b.y - y) - (b.x - x) * (a.y - y)
        step = cross > 0 ? 2 : -2
      }
      quarters += step
    }
    return quarters != 0
  }

  /// In frames of all sizes and for all ratios.
  @Test(arguments: Self.forms)
  func regionsAreInsideTheFrameAndHaveTheSquaresArea(shape: RegionShape) {
    var wrong: [String] = []
    var (pixels, promised) = (0, 0.0)
    for seed in 0..<4000 as Range<UInt64> {
      var generator = KeyedGenerator(300, seed)
      let (height, width) = (1 + generator.integer(below: 120), 1 + generator.integer(below: 120))
      let geometry = geometry(height: height, width: width)
      let least = generator.uniform(in: 0.01...1)
      var (other, squares) = (generator, generator)
      let region = StaticMask.randomRegion(
        ratio: least...1, shape: shape, geometry: geometry, using: &generator)
      let square = StaticMask.randomRegion(ratio: least...1, geometry: geometry, using: &squares)
      let again = StaticMask.randomRegion(
        ratio: least...1, shape: shape, geometry: geometry, using: &other)
      let silhouette = region.silhouette!
      let corners = region.corners
      let isInside =
        region.x >= 0 && region.x + silhouette.width <= width && region.y >= 0
        && region.y + silhouette.height <= height
        && corners.allSatisfy {
          $0.x > -1e-9 && $0.x < Double(width) + 1e-9 && $0.y > -1e-9
            && $0.y < Double(height) + 1e-9
        }
      let (wanted, found) = (Double(region.side * region.side), area(corners))
      let isFull = abs(found / wanted - 1) < 1e-6
      // At most the pixels that the outline crosses are uncertain.
      let isRastered = abs(Double(region.area) - found) <= perimeter(corners) + 2
      let mask = region.mask(height: height, width: width)
      if !isInside || !isFull || !isRastered || region.area < 1 || region != again
        || region.side != square.side || mask.count(where: \.self) != region.area
      {
        wrong.append("\(seed): \(region)")
      }
      if found > 100 {
        pixels += region.area
        promised += found
      }
    }
    #expect(wrong.isEmpty, "\(wrong.count) regions, the first \(wrong.first ?? "")")
    #expect(abs(Double(pixels) / promised - 1) < 2e-3)
  }

  /// The mask curriculum begins with the whole frame, for all shapes.
  @Test(arguments: Self.forms)
  func aWholeFrameIsCovered(shape: RegionShape) {
    for seed in 0..<500 as Range<UInt64> {
      var generator = KeyedGenerator(307, seed)
      let region = StaticMask.randomRegion(
        ratio: 1...1, shape: shape, geometry: geometry(height: 56, width: 56), using: &generator)
      #expect(region.x == 0 && region.y == 0 && region.area == 56 * 56, "\(seed)")
    }
  }

  @Test(arguments: Self.forms)
  func pixelsAreThoseWhoseCentresAreInside(shape: RegionShape) {
    for seed in 0..<300 as Range<UInt64> {
      var generator = KeyedGenerator(301, seed)
      let geometry = geometry(height: 25, width: 33)
      let region = StaticMask.randomRegion(
        ratio: 0.2...0.9, shape: shape, geometry: geometry, using: &generator)
      let corners = region.corners
      let expected = (0..<25 * 33).map { place in
        winds(corners, around: Double(place % 33) + 0.5, Double(place / 33) + 0.5)
      }
      #expect(region.mask(height: 25, width: 33) == expected, "\(seed)")
    }
  }

  /// With the paper's ratios nearly every region fits: hardly any reaches from edge to edge.
  @Test(arguments: Self.forms)
  func thePapersRegionsFit(shape: RegionShape) {
    var generator = KeyedGenerator(302)
    let geometry = geometry(height: 112, width: 112)
    let cut = (0..<5000).count { _ in
      let silhouette = StaticMask.randomRegion(
        ratio: 0.3...0.5, shape: shape, geometry: geometry, using: &generator
      ).silhouette!
      return silhouette.width == 112 || silhouette.height == 112
    }
    #expect(cut < (shape == .polygon ? 150 : 1), "\(cut)")
  }

  @Test(arguments: Self.forms)
  func placesAndBackgroundFramesAreUniform(shape: RegionShape) {
    var probabilities: [Double] = []
    var frames = [Int](repeating: 0, count: 8)
    var columns: [Int: [Int]] = [:]
    var rows: [Int: [Int]] = [:]
    for seed in 0..<40_000 as Range<UInt64> {
      var generator = KeyedGenerator(303, seed)
      let region = StaticMask.randomRegion(
        ratio: 0.3...0.5, shape: shape, geometry: geometry(height: 20, width: 30),
        using: &generator)
      frames[region.backgroundFrame] += 1
      let (width, height) = (region.silhouette!.width, region.silhouette!.height)
      columns[width, default: Array(repeating: 0, count: 31 - width)][region.x] += 1
      rows[height, default: Array(repeating: 0, count: 21 - height)][region.y] += 1
    }
    for counts in Array(columns.values) + Array(rows.values)
    where counts.reduce(0, +) > 50 * counts.count {
      probabilities.append(chiSquareProbability(counts))
    }
    #expect(isUniform(frames))
    #expect(probabilities.count > 12 && probabilities.min()! > 1e-5, "\(probabilities)")
  }

  @Test func mixedRegionsHaveAllShapesEquallyOften() {
    var (squares, polygons, smooth) = (0, [Int](repeating: 0, count: 6), 0)
    var generator = KeyedGenerator(304)
    for _ in 0..<24_000 {
      let region = StaticMask.randomRegion(
        ratio: 0.1...0.2, shape: .mixed, geometry: geometry(height: 30, width: 30),
        using: &generator)
      switch region.silhouette?.corners.count {
      case nil: squares += 1
      case let corners? where corners < 9: polygons[corners - 3] += 1
      default: smooth += 1
      }
    }
    #expect(isUniform(polygons))
    let forms = [squares, polygons.reduce(0, +), smooth]
    #expect(chiSquareProbability(forms, shares: [0.25, 0.25, 0.5]) > 1e-4, "\(forms)")
  }

  /// Computed from the second moments of their corners.
  @Test func ellipsesHaveAllAspectRatiosAndAngles() {
    var (aspects, angles) = ([Int](repeating: 0, count: 8), [Int](repeating: 0, count: 8))
    var generator = KeyedGenerator(305)
    for _ in 0..<8000 {
      let corners = StaticMask.randomRegion(
        ratio: 0.3...0.5, shape: .ellipse, geometry: geometry(height: 112, width: 112),
        using: &generator
      ).silhouette!.corners
      let centre = corners.reduce(SIMD2(0, 0), +) / Double(corners.count)
      let (xx, yy, xy) = corners.reduce((0.0, 0.0, 0.0)) { sums, corner in
        let way = corner - centre
        return (sums.0 + way.x * way.x, sums.1 + way.y * way.y, sums.2 + way.x * way.y)
      }
      let root = ((xx - yy) * (xx - yy) + 4 * xy * xy).squareRoot()
      let aspect = ((xx + yy + root) / (xx + yy - root)).squareRoot()
      aspects[min(Int((aspect - 1) * 4), 7)] += 1
      // Twice the angle of the long axis, by octant.
      let (cosine, sine) = (xx - yy, 2 * xy)
      angles[(cosine > 0 ? 4 : 0) + (sine > 0 ? 2 : 0) + (abs(cosine) > abs(sine) ? 1 : 0)] += 1
    }
    #expect(isUniform(aspects), "\(aspects)")
    #expect(chiSquareProbability(angles) > 1e-4, "\(angles)")
  }

  @Test func blobsDifferAndAreNotCircles() {
    var generator = KeyedGenerator(306)
    let radii = (0..<500).map { _ in
      let corners = StaticMask.randomRegion(
        ratio: 0.4...0.4, shape: .blob, geometry: geometry(height: 112, width: 112),
        using: &generator
      ).silhouette!.corners
      return perimeter(corners) / area(corners).squareRoot()
    }
    // A circle has 3.54.
    #expect(radii.min()! > 3.53 && radii.max()! > 4.2 && radii.reduce(0, +) / 500 > 3.65)
    #expect(Set(radii).count == 500)
  }
}
