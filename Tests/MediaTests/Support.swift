import Foundation
import Media
import TestSupport
import Testing

/// The path of a file in Fixtures.
func fixture(_ name: String) -> String {
  Bundle.module.bundleURL.appendingPathComponent("Fixtures/" + name).path
}

func fixtureBytes(_ name: String) throws -> [UInt8] {
  try [UInt8](Data(contentsOf: URL(fileURLWithPath: fixture(name))))
}

/// The files with this extension in a folder of the real data.
func realFiles(_ folder: String, _ kind: MediaKind) -> [String] {
  guard let root = shared("data/" + folder) else { return [] }
  let names = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
  return names.sorted().filter { MediaKind(path: $0) == kind }.map { root + "/" + $0 }
}

/// The mean absolute difference of all samples, in levels 0...255.
func meanDifference(_ a: Picture, _ b: Picture) -> Double {
  guard a.width == b.width && a.height == b.height else { return .infinity }
  let total = zip(a.pixels, b.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
  return Double(total) / Double(a.pixels.count)
}

func mean(_ picture: Picture) -> Double {
  Double(picture.pixels.reduce(0) { $0 + Int($1) }) / Double(picture.pixels.count)
}

extension Picture {
  func pixel(_ x: Int, _ y: Int) -> [Int] {
    (0..<3).map { Int(pixels[(y * width + x) * 3 + $0]) }
  }

  /// Smooth hues with a texture that is shifted by `phase`.
  static func pattern(width: Int, height: Int, phase: Double = 0) -> Picture {
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        let (u, v) = (Double(x) / Double(width), Double(y) / Double(height))
        let wave = 20 * sin(Double(x) * 0.7 + Double(y) * 0.3 + phase)
        pixels += [200 * u + 25 + wave, 200 * v + 25 - wave, 100 + 80 * sin(5 * (u + v) + phase)]
          .map { UInt8(min(max($0, 0), 255)) }
      }
    }
    return Picture(width: width, height: height, pixels: pixels)
  }
}

/// The error of reading a picture; nil if it can be read.
func errorOfReading(_ path: String, shortSide: Int? = nil) -> MediaError? {
  do {
    _ = try Picture(contentsOf: path, shortSide: shortSide)
    return nil
  } catch {
    return error
  }
}
