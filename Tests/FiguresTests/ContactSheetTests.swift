import Figures
import Media
import Testing

/// The corners of a rectangle.
private func corners(x: Double, y: Double, width: Double, height: Double) -> [Point] {
  [Point(x, y), Point(x + width, y), Point(x + width, y + height), Point(x, y + height)]
}

@Suite struct ContactSheetTests {
  static let gray = (red: UInt8(90), green: UInt8(91), blue: UInt8(92))
  static let grayColor = Color(0x5A5B5C)

  private func frames(_ count: Int, width: Int = 56, height: Int = 56) -> [Picture] {
    Array(
      repeating: Picture(
        width: width, height: height, red: Self.gray.red, green: Self.gray.green,
        blue: Self.gray.blue), count: count)
  }

  @Test func framesAreEnlargedByAWholeMultiple() throws {
    let sheet = ContactSheet(
      title: "", rows: [.init(title: "a", motion: nil, frames: frames(1))])
    let extent = try #require(try sheet.picture().extent(of: Self.grayColor, tolerance: 0))
    #expect(extent.columns.count == 168 && extent.rows.count == 168)
  }

  @Test func largeFramesAreReducedInProportion() throws {
    let sheet = ContactSheet(
      title: "",
      rows: [.init(title: "a", motion: nil, frames: frames(1, width: 640, height: 320))])
    let extent = try #require(try sheet.picture().extent(of: Self.grayColor, tolerance: 0))
    #expect(extent.columns.count == 168 && extent.rows.count == 84)
  }

  @Test func allFramesAreShownWhereThereIsRoom() {
    for (size, count) in [(56, 8), (56, 16), (112, 16), (112, 8), (224, 16)] {
      let sheet = ContactSheet(
        title: "t",
        rows: [
          .init(
            title: "right, fast", subtitle: "(+2, 0) · 13.9 px/frame", motion: Vector(2, 0),
            frames: frames(count, width: size, height: size))
        ])
      #expect(sheet.shownFrames == Array(0..<count))
      #expect(sheet.width <= 2400)
    }
  }

  @Test func otherwiseEvenlySpacedOnesIncludingTheEnds() {
    let sheet = ContactSheet(
      title: "", rows: [.init(title: "a", motion: nil, frames: frames(100))], maximumWidth: 1000)
    let shown = sheet.shownFrames
    #expect(sheet.width <= 1000)
    #expect(shown.first == 0 && shown.last == 99 && shown.count >= 5)
    let distances = zip(shown, shown.dropFirst()).map { $1 - $0 }
    #expect(distances.max()! - distances.min()! <= 1)
    #expect(sheet.frameCount == 100)
  }

  @Test func theOutlineSurroundsTheRegionAtTheSizeOfTheCell() throws {
    let frame = frames(1)[0]
    let row = ContactSheet.Row(
      title: "a", motion: nil, frames: [frame],
      outline: corners(x: 10, y: 20, width: 15, height: 25))
    let picture = try ContactSheet(title: "", rows: [row]).picture()
    let cell = try #require(picture.extent(of: Self.grayColor, tolerance: 0))
    let mark = try #require(picture.extent(of: Palette.mark, tolerance: 1))
    // Three points per pixel; the line, which is two points wide, is outside the region.
    let (x, y) = (cell.columns.lowerBound, cell.rows.lowerBound)
    #expect(mark.columns == x + 30 - 2...x + 75 + 1)
    #expect(mark.rows == y + 60 - 2...y + 135 + 1)
    #expect(picture[x + 50, y + 100] == [90, 91, 92], "the inside is free")
  }

  @Test func theArrowPointsWhereTheRowMoves() throws {
    func mark(_ motion: Vector?) throws -> (extent: Extent, heaviestColumn: Int) {
      let fast = ContactSheet.Row(title: "", motion: Vector(0, 2), frames: frames(1))
      let sheet = ContactSheet(
        title: "", rows: [.init(title: "", motion: motion, frames: frames(1)), fast])
      let whole = try sheet.picture()
      // Only the upper row.
      let half = whole.height / 2
      let picture = Picture(
        width: whole.width, height: half,
        pixels: Array(whole.pixels.prefix(half * whole.width * 3)))
      let extent = try #require(picture.extent(of: Palette.blue))
      let heaviest = extent.columns.max {
        picture.count(of: Palette.blue, inColumn: $0)
          < picture.count(of: Palette.blue, inColumn: $1)
      }
      return (extent, heaviest!)
    }
    let right = try mark(Vector(2, 0))
    let middle = (right.extent.columns.lowerBound + right.extent.columns.upperBound) / 2
    #expect(right.heaviestColumn > middle)
    #expect(try mark(Vector(-2, 0)).heaviestColumn < middle)
    #expect(try mark(Vector(1, 0)).extent.columns.count < right.extent.columns.count * 2 / 3)
    let dot = try mark(nil).extent
    #expect(abs(dot.columns.count - dot.rows.count) <= 2 && dot.columns.count < 12)
  }

  @Test func emptyAndUnequalClipsDoNotFail() throws {
    _ = try ContactSheet(title: "none", rows: []).picture()
    _ = try ContactSheet(
      title: "none", rows: [.init(title: "a", motion: nil, frames: [])]
    ).picture()
    let sheet = ContactSheet(
      title: "",
      rows: [
        .init(title: "a", motion: nil, frames: frames(3)),
        .init(title: "b", motion: Vector(.nan, 0), frames: frames(1, width: 20, height: 90)),
      ])
    #expect(sheet.shownFrames == [0, 1, 2])
    #expect(try sheet.picture().extent(of: Palette.blank, tolerance: 0) != nil)
  }
}

@Suite struct CaptionedFrameTests {
  private let frame = Picture(width: 56, height: 55, red: 90, green: 91, blue: 92)

  @Test func theSizeIsEvenForVideoEncoders() throws {
    for size in [1, 3, 55, 112, 321] {
      let frame = Picture(width: size, height: size, red: 0, green: 0, blue: 0)
      let picture = try CaptionedFrame(
        frame, caption: "a", motion: nil, fastest: 2
      ).picture()
      #expect(picture.width.isMultiple(of: 2) && picture.height.isMultiple(of: 2))
      #expect(picture.width >= 320)
    }
  }

  @Test func theOutlineSurroundsTheRegion() throws {
    let picture = try CaptionedFrame(
      frame, caption: "up", motion: Vector(0, -1), fastest: 2,
      outline: corners(x: 10, y: 20, width: 20, height: 16)
    ).picture()
    #expect(picture.width == 336)
    let cell = try #require(picture.extent(of: Color(0x5A5B5C), tolerance: 0))
    #expect(cell.columns == 0...335 && cell.rows.count == 330)
    let mark = try #require(picture.extent(of: Palette.mark, tolerance: 1))
    let top = cell.rows.lowerBound
    #expect(mark.columns == 57...182)
    #expect(mark.rows == top + 120 - 3...top + 216 + 2)
  }

  /// With the corners in either order, the line is outside the sides.
  @Test(arguments: [false, true])
  func theOutlineFollowsAnyShape(isReversed: Bool) throws {
    let triangle = [Point(10, 40), Point(46, 40), Point(28, 10)]
    let picture = try CaptionedFrame(
      frame, caption: "", motion: nil, fastest: 2,
      outline: isReversed ? triangle.reversed() : triangle
    ).picture()
    let top = picture.height - 330
    func isMark(_ x: Int, _ y: Int) -> Bool {
      let pixel = picture[x, top + y]
      return zip(pixel, [Palette.mark.red, Palette.mark.green, Palette.mark.blue])
        .allSatisfy { abs(Double($0) / 255 - $1) < 0.02 }
    }
    // Six points per pixel; the middles of the sides are at (114, 150), (222, 150) and (168, 240).
    #expect(isMark(168, 241) && !isMark(168, 237))
    #expect(isMark(112, 149) && isMark(223, 149) && !isMark(117, 152) && !isMark(219, 152))
    #expect(picture[168, top + 180] == [90, 91, 92])
  }

  @Test func anOutlineAtTheBorderStaysVisibleOnAllSides() throws {
    let picture = try CaptionedFrame(
      frame, caption: "", motion: nil, fastest: 2,
      outline: corners(x: 0, y: 0, width: 56, height: 55)
    ).picture()
    let mark = try #require(picture.extent(of: Palette.mark, tolerance: 1))
    #expect(mark.columns.lowerBound <= 3 && mark.columns.upperBound >= 332)
    #expect(mark.rows.lowerBound <= 38 && mark.rows.upperBound >= picture.height - 4)
  }

  @Test func longCaptionsAreShrunkNotTruncated() throws {
    let caption = String(repeating: "a long caption ", count: 12)
    let picture = try CaptionedFrame(frame, caption: caption, motion: nil, fastest: 2).picture()
    for row in 0..<34 {
      #expect(picture[0, row] == [255, 255, 255] && picture[335, row] == [255, 255, 255])
    }
  }
}
