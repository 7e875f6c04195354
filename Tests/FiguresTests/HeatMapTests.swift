import Figures
import Foundation
import Media
import Testing

/// The OKLab coordinates of an sRGB color (Ottosson, "A perceptual color space for image processing", 2020).
private func okLab(_ color: Color) -> (lightness: Double, a: Double, b: Double) {
  func linear(_ value: Double) -> Double {
    value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
  }
  let (red, green, blue) = (linear(color.red), linear(color.green), linear(color.blue))
  let long = cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
  let medium = cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
  let short = cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
  return (
    0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
    1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
    0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
  )
}

/// A color that was moved into sRGB would show as a kink here.
@Test func equalStepsOfHeatAppearEqual() {
  let labs = (0...255).map { okLab(Palette.heat(Double($0) / 255)) }
  for (level, lab) in labs.enumerated() {
    #expect(abs(lab.lightness - (0.17 + 0.78 * Double(level) / 255)) < 1e-3, "\(level)")
  }
  let steps = zip(labs, labs.dropFirst()).map { from, to in
    let (l, a, b) = (to.lightness - from.lightness, to.a - from.a, to.b - from.b)
    return (l * l + a * a + b * b).squareRoot()
  }
  let mean = steps.reduce(0, +) / 255
  #expect(steps.allSatisfy { abs($0 / mean - 1) < 0.01 }, "\(steps.min()!) ... \(steps.max()!)")
}

@Test func heatsBeyondTheRangeAreItsEnds() {
  #expect(Palette.heat(-1) == Palette.heat(0) && Palette.heat(.nan) == Palette.heat(0))
  #expect(Palette.heat(.infinity) == Palette.heat(1) && Palette.heat(7) == Palette.heat(1))
}

@Test func heatMapsAreEnlargedLinearly() {
  let map = HeatMap(width: 2, height: 1, values: [0, 1])
  // Pixel centers are at -0.25, 0.25, 0.75 and 1.25 of the positions of the two values.
  let wide = map.resized(width: 4, height: 2)
  let expected: [Float] = [0, 0.25, 0.75, 1, 0, 0.25, 0.75, 1]
  #expect(wide.values == expected)
}

/// The brightness according to BT.601, for values over a frame of a single gray.
private func lumas(_ values: [Float], over gray: UInt8) -> [Double] {
  let frame = Picture(
    width: values.count, height: 1, pixels: [UInt8](repeating: gray, count: 3 * values.count))
  let over = HeatMap(width: values.count, height: 1, values: values).picture(over: frame)
  return values.indices.map {
    0.299 * Double(over.pixels[3 * $0]) + 0.587 * Double(over.pixels[3 * $0 + 1])
      + 0.114 * Double(over.pixels[3 * $0 + 2])
  }
}

/// A white wall must not look hotter than a dark sleeve.
@Test func hotIsBrighterThanColdForAllFrames() {
  let values = (0...16).map { Float($0) / 16 }
  for gray in [UInt8(0), 128, 255] {
    let found = lumas(values, over: gray)
    #expect(zip(found, found.dropFirst()).allSatisfy { $0 < $1 }, "over \(gray): \(found)")
  }
  #expect(lumas([0.7], over: 0)[0] > 1.2 * lumas([0], over: 255)[0])
  // NaN is cold; the frame is visible where it is cold.
  #expect(lumas([.nan], over: 90) == lumas([0], over: 90))
  #expect(lumas([0], over: 255)[0] > lumas([0], over: 0)[0] + 50)
}

/// The hues of the map are those of the legend, regardless of the frame.
@Test func overlaysShowTheLegendsColors() {
  let frame = Picture(width: 1, height: 1, pixels: [20, 200, 40])
  let over = HeatMap(width: 1, height: 1, values: [1]).picture(over: frame)
  let hot = Palette.heat(1)
  for (found, wanted) in zip(over.pixels, [hot.red, hot.green, hot.blue]) {
    #expect(abs(Double(found) - 255 * wanted) < 25)
  }
}

/// The bar ranges from the darkest color to the lightest, and its numbers stay within the frame.
@Test func colorBarShowsTheWholeRange() throws {
  let picture = try Canvas.picture(width: 240, height: 80) { canvas in
    ColorBar(label: "speed", range: 0...2.5).draw(
      on: canvas, in: Rectangle(x: 20, y: 10, width: 200, height: ColorBar.height))
  }
  func pixel(_ x: Int, _ y: Int) -> [Int] {
    (0..<3).map { Int(picture.pixels[(y * picture.width + x) * 3 + $0]) }
  }
  func expectColor(_ found: [Int], _ color: Color) {
    for (found, wanted) in zip(found, [color.red, color.green, color.blue]) {
      #expect(abs(Double(found) - 255 * wanted) < 6)
    }
  }
  expectColor(pixel(21, 31), Palette.heat(0))
  expectColor(pixel(120, 31), Palette.heat(0.5))
  expectColor(pixel(218, 31), Palette.heat(1))
  for y in 0..<80 {
    for x in [Int](0..<20) + [Int](221..<240) {
      #expect(pixel(x, y) == [255, 255, 255], "ink at \(x), \(y)")
    }
  }
}
