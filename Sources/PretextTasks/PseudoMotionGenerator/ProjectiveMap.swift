import Foundation

/// A projective map of the plane: p = (x, y) goes to (row 0 · (x, y, 1), row 1 · (x, y, 1)) / (row 2 · (x, y, 1)).
public struct ProjectiveMap: Hashable, Sendable {
  /// The nine numbers of the matrix, row by row.
  public let matrix: [Double]

  /// The map with these nine numbers, row by row.
  public init(_ matrix: [Double]) {
    precondition(matrix.count == 9, "a projective map has 9 numbers, not \(matrix.count)")
    self.matrix = matrix
  }

  /// The map that moves nothing.
  public static let identity = ProjectiveMap([1, 0, 0, 0, 1, 0, 0, 0, 1])

  /// The map that multiplies both coordinates.
  static func scale(_ factor: Double) -> ProjectiveMap {
    ProjectiveMap([factor, 0, 0, 0, factor, 0, 0, 0, 1])
  }

  /// The map that adds `offset`.
  static func shift(_ offset: SIMD2<Double>) -> ProjectiveMap {
    ProjectiveMap([1, 0, offset.x, 0, 1, offset.y, 0, 0, 1])
  }

  /// The rotation by `angle` radians from x towards y.
  static func rotation(_ angle: Double) -> ProjectiveMap {
    ProjectiveMap([cos(angle), -sin(angle), 0, sin(angle), cos(angle), 0, 0, 0, 1])
  }

  /// The map that adds the tangent of `angle`, in radians, times y to x.
  static func shear(_ angle: Double) -> ProjectiveMap {
    ProjectiveMap([1, tan(angle), 0, 0, 1, 0, 0, 0, 1])
  }

  /// The corners of the square from -1 to 1 on both axes, around it.
  static let corners: [SIMD2<Double>] = [[-1, -1], [1, -1], [1, 1], [-1, 1]]

  /// The map that moves the corners of the square from -1 to 1 by `offsets`, in the order of ``corners``.
  ///
  /// Traps if the moved corners lie on a line.
  static func movingCorners(by offsets: [SIMD2<Double>]) -> ProjectiveMap {
    // Two equations for each corner, linear in eight numbers of the matrix; the ninth is 1.
    var rows: [[Double]] = []
    for (from, offset) in zip(corners, offsets) {
      let to = from + offset
      rows.append([from.x, from.y, 1, 0, 0, 0, -to.x * from.x, -to.x * from.y, to.x])
      rows.append([0, 0, 0, from.x, from.y, 1, -to.y * from.x, -to.y * from.y, to.y])
    }
    return ProjectiveMap(solved(rows) + [1])
  }

  /// The solution of linear equations, each a row of coefficients and the right side, by elimination with pivots.
  private static func solved(_ equations: [[Double]]) -> [Double] {
    var rows = equations
    let count = rows.count
    for column in 0..<count {
      let pivot = (column..<count).max { abs(rows[$0][column]) < abs(rows[$1][column]) }!
      rows.swapAt(column, pivot)
      precondition(rows[column][column] != 0, "the corners of a projective map lie on a line")
      for row in 0..<count where row != column {
        let factor = rows[row][column] / rows[column][column]
        for place in column...count { rows[row][place] -= factor * rows[column][place] }
      }
    }
    return (0..<count).map { rows[$0][count] / rows[$0][$0] }
  }

  /// The map that first does `inner`, then this one.
  public func after(_ inner: ProjectiveMap) -> ProjectiveMap {
    var product: [Double] = []
    for row in 0..<3 {
      for column in 0..<3 {
        product.append(
          (0..<3).reduce(0) { $0 + matrix[3 * row + $1] * inner.matrix[3 * $1 + column] })
      }
    }
    return ProjectiveMap(product)
  }

  /// The map that undoes this one, up to a factor of its numbers, which changes nothing.
  var inverse: ProjectiveMap {
    func minor(_ row: Int, _ column: Int) -> Double {
      let (up, down) = ((row + 1) % 3, (row + 2) % 3)
      let (left, right) = ((column + 1) % 3, (column + 2) % 3)
      return matrix[3 * up + left] * matrix[3 * down + right]
        - matrix[3 * up + right] * matrix[3 * down + left]
    }
    return ProjectiveMap((0..<9).map { minor($0 % 3, $0 / 3) })
  }

  /// The image of a point.
  public func callAsFunction(_ point: SIMD2<Double>) -> SIMD2<Double> {
    SIMD2(row(0, point), row(1, point)) / row(2, point)
  }

  /// The divisor of a point's image. The map is defined on a part of the plane in which its sign does not change.
  public func divisor(at point: SIMD2<Double>) -> Double { row(2, point) }

  private func row(_ row: Int, _ point: SIMD2<Double>) -> Double {
    matrix[3 * row] * point.x + matrix[3 * row + 1] * point.y + matrix[3 * row + 2]
  }
}
