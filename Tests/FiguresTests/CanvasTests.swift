import Figures
import Foundation
import Media
import Testing

@Suite struct CanvasTests {
  static let red = Color(0xFF0000)

  @Test func aRectangleCoversExactlyItsPixels() throws {
    let picture = try Canvas.picture(width: 10, height: 8) { canvas in
      canvas.fill(Rectangle(x: 2, y: 3, width: 4, height: 2), Self.red)
    }
    for row in 0..<8 {
      for column in 0..<10 {
        let inside = (2..<6).contains(column) && (3..<5).contains(row)
        #expect(picture[column, row] == (inside ? [255, 0, 0] : [255, 255, 255]))
      }
    }
  }

  @Test func scaleMultipliesPixelsAndCoordinates() throws {
    let picture = try Canvas.picture(width: 5, height: 4.5, scale: 3) { canvas in
      canvas.fill(Rectangle(x: 1, y: 1, width: 2, height: 2), Self.red)
    }
    #expect(picture.width == 15 && picture.height == 14)
    #expect(picture.extent(of: Self.red) == Extent(columns: 3...8, rows: 3...8))
    #expect(picture[0, 13] == [255, 255, 255], "the last, partial row has the background")
  }

  @Test func anOutlineDoesNotCoverTheInside() throws {
    let picture = try Canvas.picture(width: 20, height: 20) { canvas in
      canvas.outline(Rectangle(x: 5, y: 5, width: 10, height: 8), Stroke(Self.red, width: 2))
    }
    #expect(picture.extent(of: Self.red) == Extent(columns: 4...15, rows: 4...13))
    #expect(picture[10, 9] == [255, 255, 255])
  }

  @Test(arguments: [(1.0, 0.0), (-1, 0), (0, 1), (0, -1)])
  func anArrowHasItsHeadWhereItPoints(dx: Double, dy: Double) throws {
    let picture = try Canvas.picture(width: 100, height: 100) { canvas in
      canvas.arrow(
        from: Point(50 - 40 * dx, 50 - 40 * dy), to: Point(50 + 40 * dx, 50 + 40 * dy),
        Stroke(Self.red, width: 6))
    }
    // The widths across the arrow, 15 points before its tip and 15 after its start.
    func thickness(_ along: Double) -> Int {
      (-30...30).count { across in
        let column = Int(50 + along * dx) + (dx == 0 ? across : 0)
        let row = Int(50 + along * dy) + (dy == 0 ? across : 0)
        return picture[column, row] == [255, 0, 0]
      }
    }
    #expect(thickness(22) > 12)
    #expect((5...7).contains(thickness(-25)))
  }

  @Test func picturesSurviveTheCanvas() throws {
    let picture = Picture(width: 5, height: 3, pixels: (0..<45).map { UInt8($0 * 5) })
    let copy = try Canvas.picture(width: 5, height: 3) { canvas in
      canvas.picture(picture, in: canvas.bounds, scaling: .nearest)
    }
    #expect(copy == picture)
  }

  @Test func nearestScalingKeepsSquaresSharpAndSmoothBlends() throws {
    let picture = Picture(width: 2, height: 1, pixels: [0, 0, 0, 200, 200, 200])
    func enlarged(_ scaling: PictureScaling) throws -> [UInt8] {
      let result = try Canvas.picture(width: 10, height: 4) { canvas in
        canvas.picture(
          picture, in: Rectangle(x: 1, y: 0, width: 8, height: 4), scaling: scaling)
      }
      return (0..<10).map { result[$0, 2][0] }
    }
    #expect(try enlarged(.nearest) == [255, 0, 0, 0, 0, 200, 200, 200, 200, 255])
    let smooth = try enlarged(.smooth)
    #expect(smooth[1] == 0 && smooth[8] == 200, "the borders do not fade")
    #expect(smooth[4] > 20 && smooth[5] < 180)
  }

  @Test func textLiesWhereItsAnchorSays() throws {
    let style = TextStyle(size: 20, bold: true, color: Self.red)
    func extent(_ anchor: TextAnchor, degrees: Double = 0) throws -> Extent {
      let picture = try Canvas.picture(width: 200, height: 200) { canvas in
        canvas.text("HHHH", at: Point(100, 100), style, anchor: anchor, degrees: degrees)
      }
      return try #require(picture.extent(of: Self.red, tolerance: 60))
    }
    let left = try extent(TextAnchor(.left, .top))
    #expect(left.columns.lowerBound >= 99 && left.rows.lowerBound >= 98)
    let right = try extent(.right)
    #expect(right.columns.upperBound <= 100 && right.rows.upperBound <= 100)
    let center = try extent(TextAnchor(.center, .middle))
    #expect(abs(center.columns.lowerBound + center.columns.upperBound - 199) <= 3)
    #expect(abs(center.rows.lowerBound + center.rows.upperBound - 199) <= 3)
    let upwards = try extent(.left, degrees: -90)
    #expect(upwards.rows.upperBound <= 100 && upwards.columns.upperBound <= 100)
    #expect(upwards.rows.count > 2 * upwards.columns.count)
    #expect(abs(Double(left.columns.count) - style.width(of: "HHHH")) < 6)
  }

  @Test func clippedDrawingsDoNotAppear() throws {
    let picture = try Canvas.picture(width: 20, height: 20) { canvas in
      canvas.clipped(to: Rectangle(x: 5, y: 5, width: 5, height: 5)) {
        canvas.fill(canvas.bounds, Self.red)
      }
      canvas.fill(Rectangle(x: 0, y: 19, width: 1, height: 1), Color(0x0000FF))
    }
    #expect(picture.extent(of: Self.red) == Extent(columns: 5...9, rows: 5...9))
    #expect(picture[0, 19] == [0, 0, 255], "the cut ends with its closure")
  }

  @Test func theCanvasIsReleasedAlsoAfterAnError() throws {
    struct Stop: Error {}
    weak var kept: Canvas?
    #expect(throws: Stop.self) {
      try Canvas.picture(width: 5, height: 5) { canvas in
        kept = canvas
        throw Stop()
      }
    }
    #expect(kept == nil)
  }

  @Test func errorsOfCairoAreThrown() throws {
    let tooWide = Picture(width: 40_000, height: 1, red: 0, green: 0, blue: 0)
    #expect {
      try Canvas.picture(width: 5, height: 5) { $0.picture(tooWide, in: $0.bounds) }
    } throws: { error in
      guard case .cannotDraw? = error as? FigureError else { return false }
      return true
    }
    for size in [0, -3, 40_000, Double.nan, .infinity] {
      #expect(throws: FigureError.self) { try Canvas.picture(width: size, height: 5) { _ in } }
    }
  }
}
