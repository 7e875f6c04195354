import Foundation
import KeyedRandom
import Media
import TestSupport
import Testing

/// Compares scaling with PyTorch's antialiased bilinear filter, written by Fixtures/make_scaled.py.
@Suite struct ScalingTests {
  private struct Scaled: Decodable {
    let from: [Int]
    let to: [Int]
    /// The pixels, [height, width, 3].
    let samples: Data
  }

  private func goldens(_ kind: String) throws -> [Scaled] {
    let data = try Data(contentsOf: URL(fileURLWithPath: fixture("scaled.json")))
    return try JSONDecoder().decode([String: [Scaled]].self, from: data)[kind]!
  }

  /// Noise, a ramp and blocks as red, green and blue.
  private func picture(_ width: Int, _ height: Int) -> Picture {
    var generator = KeyedGenerator(70, UInt64(width), UInt64(height))
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        pixels.append(UInt8(generator.next() >> 56))
        pixels.append(UInt8((5 * x + 2 * y) * 255 / (5 * width + 2 * height)))
        pixels.append((x / 5 + y / 3) % 2 == 0 ? 0 : 255)
      }
    }
    return Picture(width: width, height: height, pixels: pixels)
  }

  /// The mean absolute difference is below one level in every channel.
  private func expect(_ scaled: Picture, like golden: Scaled) {
    #expect([scaled.width, scaled.height] == golden.to)
    guard scaled.pixels.count == golden.samples.count else { return }
    for channel in 0..<3 {
      let differences = stride(from: channel, to: scaled.pixels.count, by: 3).map {
        abs(Int(scaled.pixels[$0]) - Int(golden.samples[golden.samples.startIndex + $0]))
      }
      let mean = Double(differences.reduce(0, +)) / Double(differences.count)
      #expect(mean < 1, "\(golden.from) to \(golden.to), channel \(channel)")
    }
  }

  @Test func shortSidesAreScaledAsByPyTorch() throws {
    let folder = try ScratchFolder()
    for golden in try goldens("short side") {
      let path = folder.file("picture.png")
      try picture(golden.from[0], golden.from[1]).writePNG(to: path)
      expect(try Picture(contentsOf: path, shortSide: golden.to.min()!), like: golden)
    }
  }

  @Test func partsAreScaledAsByPyTorch() throws {
    for kind in ["short side", "any"] {
      for golden in try goldens(kind) {
        let (width, height) = (golden.from[0], golden.from[1])
        let scaled = Picture.resized(
          [picture(width, height)], left: 0, top: 0, partWidth: width, partHeight: height,
          width: golden.to[0], height: golden.to[1])
        expect(scaled[0], like: golden)
      }
    }
  }
}
