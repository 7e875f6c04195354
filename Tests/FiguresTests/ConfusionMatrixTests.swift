import Figures
import Foundation
import Media
import TestSupport
import Testing

@Suite struct ConfusionMatrixTests {
  /// Everything is correct, with `weight` clips per class; the names are long.
  private func perfect(_ count: Int, weight: Int = 1) -> ConfusionMatrix {
    ConfusionMatrix(
      title: "\(count) classes",
      classes: (0..<count).map { "class \($0) of those with a name beyond all measure and reason" },
      counts: (0..<count).map { row in (0..<count).map { $0 == row ? weight : 0 } })
  }

  private func figure(_ matrix: ConfusionMatrix) -> Figure {
    let size = matrix.preferredSize
    return Figure(panels: [matrix], panelWidth: size.width, panelHeight: size.height)
  }

  /// The pixels to the right of the plot belong to the legend, which has all colors.
  private func plot(_ picture: Picture) -> Picture {
    picture.cropped(0..<picture.width - 24 - 80)
  }

  @Test func rowsAreTrueAndColumnsPredictedAndColorsAreSharesOfTheRow() throws {
    let matrix = ConfusionMatrix(classes: ["a", "b"], counts: [[0, 70], [300, 300]])
    let picture = plot(try figure(matrix).picture())
    let dark = try #require(picture.extent(of: Palette.share(1), tolerance: 0))
    let middle = try #require(picture.extent(of: Palette.share(0.5), tolerance: 0))
    #expect(middle.rows.lowerBound > dark.rows.upperBound, "the second row lies below the first")
    #expect(dark.columns.upperBound == middle.columns.upperBound)
    #expect(abs(dark.columns.lowerBound - (middle.columns.lowerBound + 120)) <= 1)
  }

  @Test(arguments: [101, 400])
  func everyCellIsDrawnWholeAtThePreferredSize(count: Int) throws {
    let picture = plot(try figure(perfect(count)).picture())
    let extent = try #require(picture.extent(of: Palette.share(1), tolerance: 0))
    let pitch = extent.columns.count / count
    #expect(extent.columns.count == pitch * count && extent.rows.count == pitch * count)
    #expect(pitch == Int((1100 / Double(count)).rounded()))
    #expect(picture.count(of: Palette.share(1)) == count * pitch * pitch)
  }

  @Test(arguments: [1, 2, 10, 20, 51, 101, 400])
  func nothingLeavesThePanel(count: Int) throws {
    let matrix = perfect(count)
    for figure in [figure(matrix), Figure(panels: [matrix])] {
      let picture = try figure.picture()
      let white = [UInt8](repeating: 255, count: 3)
      for (x, y) in [(22, nil), (picture.width - 23, nil), (nil, 22), (nil, picture.height - 23)]
        as [(Int?, Int?)]
      {
        let line =
          x.map { x in (0..<picture.height).map { picture[x, $0] } }
          ?? (0..<picture.width).map { picture[$0, y!] }
        #expect(line.allSatisfy { $0 == white }, "\(count) classes, \(x as Any), \(y as Any)")
      }
      #expect(plot(picture).extent(of: Palette.share(1)) != nil)
    }
  }

  @Test func countsAreShownForUpToTwentyClasses() throws {
    // The shares, and therefore the colors, are those of half the counts.
    #expect(
      try figure(perfect(20, weight: 1)).picture() != figure(perfect(20, weight: 2)).picture())
    #expect(
      try figure(perfect(21, weight: 1)).picture() == figure(perfect(21, weight: 2)).picture())
  }

  @Test func aClassWithoutClipsIsNotShownAsAlwaysWrong() throws {
    let matrix = ConfusionMatrix(classes: ["a", "b"], counts: [[0, 0], [0, 9]])
    let picture = plot(try figure(matrix).picture())
    let gray = try #require(picture.extent(of: Palette.grid, tolerance: 0))
    let dark = try #require(picture.extent(of: Palette.share(1), tolerance: 0))
    #expect(gray.columns.count >= 240 && gray.rows.lowerBound < dark.rows.lowerBound - 100)
    _ = try figure(ConfusionMatrix(classes: [], counts: [])).picture()
  }

  @Test func filesOfManyClassesStaySmall() throws {
    try withScratchFolder { folder in
      for ending in ["png", "svg"] {
        let path = "\(folder)/matrix.\(ending)"
        try figure(perfect(400)).write(to: path)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count < 1_500_000)
      }
    }
  }

  /// The lightness according to CIE's formula, which is not the one behind the ramp.
  @Test func equalStepsOfAShareAppearEqual() {
    func lightness(_ color: Color) -> Double {
      func linear(_ value: Double) -> Double {
        value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
      }
      let luminance =
        0.2126 * linear(color.red) + 0.7152 * linear(color.green) + 0.0722 * linear(color.blue)
      return 116 * cbrt(luminance) - 16
    }
    let values = (0...10).map { lightness(Palette.share(Double($0) / 10)) }
    let steps = zip(values, values.dropFirst()).map { $0 - $1 }
    #expect(values[0] > 97 && values[10] < 20)
    #expect(steps.min()! > 0.75 * steps.max()!, "\(steps)")
    #expect(Palette.share(-1) == Palette.share(0) && Palette.share(.infinity) == Palette.share(1))
  }
}

extension Picture {
  fileprivate func cropped(_ columns: Range<Int>) -> Picture {
    Picture(
      width: columns.count, height: height,
      pixels: (0..<height).flatMap { row in
        pixels[(row * width + columns.lowerBound) * 3..<(row * width + columns.upperBound) * 3]
      })
  }

  fileprivate func count(of color: Color) -> Int {
    let wanted = [color.red, color.green, color.blue].map { UInt8(($0 * 255).rounded()) }
    return stride(from: 0, to: pixels.count, by: 3).count { start in
      (0..<3).allSatisfy { pixels[start + $0] == wanted[$0] }
    }
  }
}
