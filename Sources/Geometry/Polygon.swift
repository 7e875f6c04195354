/// A numeric type for coordinates: `Float` or `Double`.
public protocol Coordinate: BinaryFloatingPoint, SIMDScalar, Codable {
  /// The smallest integer that is not less than the number.
  var roundedUp: Int { get }
}

extension Float: Coordinate {
  /// The smallest integer that is not less than the number.
  @inlinable public var roundedUp: Int { Int(rounded(.up)) }
}

extension Double: Coordinate {
  /// The smallest integer that is not less than the number.
  @inlinable public var roundedUp: Int { Int(rounded(.up)) }
}

/// Calls `body` for each run of neighboring pixels in a row whose centers are inside a polygon (even-odd rule), rows from
/// top to bottom and runs from left to right.
///
/// The center of column x and row y is (x + 0.5, y + 0.5).
///
/// - Parameters:
///   - corners: the corners in order, at least one.
///   - width: the number of columns; runs are cut at the edges.
///   - height: the number of rows.
///   - body: receives the row and the run's columns.
@inlinable
public func forEachSpan<Scalar: Coordinate>(
  within corners: UnsafeBufferPointer<SIMD2<Scalar>>, width: Int, height: Int,
  _ body: (_ row: Int, _ columns: Range<Int>) -> Void
) {
  let half: Scalar = 0.5
  var (top, bottom) = (Scalar.infinity, -Scalar.infinity)
  for corner in corners {
    top = min(top, corner.y)
    bottom = max(bottom, corner.y)
  }
  let first = max((top - half).roundedUp, 0)
  let end = min((bottom - half).roundedUp, height)
  guard first < end else { return }
  withUnsafeTemporaryAllocation(of: Scalar.self, capacity: corners.count) { crossings in
    for row in first..<end {
      let y = Scalar(row) + half
      var count = 0
      var last = corners[corners.count - 1]
      for corner in corners {
        if (corner.y <= y) != (last.y <= y) {
          let x = last.x + (y - last.y) * ((corner.x - last.x) / (corner.y - last.y))
          // Insertion sort: a row has few crossings.
          var slot = count
          while slot > 0, crossings[slot - 1] > x {
            crossings[slot] = crossings[slot - 1]
            slot -= 1
          }
          crossings[slot] = x
          count += 1
        }
        last = corner
      }
      for pair in stride(from: 0, to: count - 1, by: 2) {
        let left = max((crossings[pair] - half).roundedUp, 0)
        let right = min((crossings[pair + 1] - half).roundedUp, width)
        if left < right { body(row, left..<right) }
      }
    }
  }
}
