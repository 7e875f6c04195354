import Figures
import Foundation
import Media
import Testing

/// The columns and rows that contain a color.
struct Extent: Equatable {
  var columns: ClosedRange<Int>
  var rows: ClosedRange<Int>
}

/// Failed expectations describe a picture by its size instead of a million numbers.
extension Picture: CustomTestStringConvertible {
  public var testDescription: String { "Picture(\(width)x\(height))" }
}

extension Picture {
  subscript(column: Int, row: Int) -> [UInt8] {
    let start = (row * width + column) * 3
    return Array(pixels[start..<start + 3])
  }

  /// The smallest range that contains all pixels within `tolerance` of a color; nil if there are none. A line between two
  /// pixels covers neither completely, hence the default.
  func extent(of color: Color, tolerance: Int = 30) -> Extent? {
    let wanted = [color.red, color.green, color.blue].map { Int(($0 * 255).rounded()) }
    var found: Extent?
    for row in 0..<height {
      for column in 0..<width
      where zip(self[column, row], wanted).allSatisfy({ abs(Int($0) - $1) <= tolerance }) {
        let old = found ?? Extent(columns: column...column, rows: row...row)
        found = Extent(
          columns: min(old.columns.lowerBound, column)...max(old.columns.upperBound, column),
          rows: min(old.rows.lowerBound, row)...max(old.rows.upperBound, row))
      }
    }
    return found
  }

  /// The number of pixels in a column within 30 of a color.
  func count(of color: Color, inColumn column: Int) -> Int {
    let wanted = [color.red, color.green, color.blue].map { Int(($0 * 255).rounded()) }
    return (0..<height).count { row in
      zip(self[column, row], wanted).allSatisfy { abs(Int($0) - $1) <= 30 }
    }
  }
}
