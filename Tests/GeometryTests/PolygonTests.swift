import Geometry
import KeyedRandom
import Testing

@Suite struct PolygonTests {
  /// True if a ray to the right crosses the outline an odd number of times.
  private func isInside(_ point: SIMD2<Double>, _ corners: [SIMD2<Double>]) -> Bool {
    corners.indices.reduce(false) { inside, index in
      let (a, b) = (corners[index], corners[(index + 1) % corners.count])
      guard (a.y <= point.y) != (b.y <= point.y) else { return inside }
      let x = a.x + (point.y - a.y) * (b.x - a.x) / (b.y - a.y)
      return (x > point.x) != inside
    }
  }

  /// Outlines that cross themselves and the edges; some rows have no inside.
  @Test(arguments: 0..<40) func spansAreTheCentersInside(seed: Int) {
    var generator = KeyedGenerator(1, UInt64(seed))
    let corners = (0..<3 + seed % 6).map { _ in
      SIMD2(generator.uniform(in: -6...26), generator.uniform(in: -6...19))
    }
    var found: Set<SIMD2<Int>> = []
    var rows: [Int] = []
    corners.withUnsafeBufferPointer { corners in
      forEachSpan(within: corners, width: 20, height: 13) { row, columns in
        rows.append(row)
        found.formUnion(columns.map { SIMD2($0, row) })
      }
    }
    #expect(rows == rows.sorted())
    for y in 0..<13 {
      for x in 0..<20 {
        let center = SIMD2(Double(x) + 0.5, Double(y) + 0.5)
        #expect(found.contains(SIMD2(x, y)) == isInside(center, corners), "\(x) \(y)")
      }
    }
  }

  @Test(arguments: [4, 64, 256]) func circlesAreRound(count: Int) {
    let circle = unitCircle(count)
    #expect(circle.count == count && circle[0] == [1, 0])
    for (index, point) in circle.enumerated() {
      #expect(abs((point * point).sum() - 1) < 1e-13)
      let next = circle[(index + 1) % count]
      // The angle between neighbors is constant, and never negative.
      #expect(abs((point * next).sum() - (circle[0] * circle[1]).sum()) < 1e-13)
      #expect(point.x * next.y - point.y * next.x > 0)
    }
  }
}
