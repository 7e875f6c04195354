import Figures
import Foundation
import Media
import Testing

/// The OKLab coordinates of an sRGB colour (Ottosson, "A perceptual color space for image processing", 2020).
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

/// A colour moved into sRGB would show here as a kink.
@Test func equalStepsOfHeatLookEqual() {
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
  // Pixel centres at -0.25, 0.25, 0.75, 1.25 of the two values' places.
  let wide = map.resized(width: 4, height: 2)
  let expected: [Float] = [0, 0.25, 0.75, 1, 0, 0.25, 0.75, 1]
  #expect(wide.values == expected)
}

@Test func overlaysMixHeatWithTheGreyFrame() {
  let frame = Picture(width: 2, height: 1, pixels: [200, 100, 50, 10, 10, 10])
  let map = HeatMap(width: 2, height: 1, values: [1, .nan])
  let over = map.picture(over: frame, opacity: 0.25)
  let (hot, cold) = (Palette.heat(1), Palette.heat(0))
  func mix(_ gray: Double, _ heat: Double) -> UInt8 {
    UInt8((0.75 * gray + 0.25 * 255 * heat).rounded())
  }
  let gray = 0.299 * 200 + 0.587 * 100 + 0.114 * 50
  let expected = [
    mix(gray, hot.red), mix(gray, hot.green), mix(gray, hot.blue), mix(10, cold.red),
    mix(10, cold.green), mix(10, cold.blue),
  ]
  for (found, wanted) in zip(over.pixels, expected) { #expect(abs(Int(found) - Int(wanted)) <= 1) }
  #expect(map.picture(over: frame, opacity: 0).pixels[0] == UInt8(gray.rounded()))
}

/// The bar goes from the darkest colour to the lightest, and its numbers stay within the frame.
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
