import Foundation
import Media
import TestSupport
import Testing

@Suite struct JPEGTests {
  /// Colored edges survive, because colors are kept at full resolution.
  @Test func filesShowThePicture() throws {
    let (width, height) = (37, 23)
    var pixels: [UInt8] = []
    for row in 0..<height {
      for column in 0..<width {
        pixels += column == 18 ? [220, 20, 30] : [UInt8(5 * column), UInt8(8 * row), 120]
      }
    }
    let picture = Picture(width: width, height: height, pixels: pixels)
    let folder = try ScratchFolder()
    let read = try Picture(contentsOf: folder.write(picture.jpegData(), to: "a.jpg"))
    #expect(read.width == width && read.height == height)
    let difference = zip(read.pixels, pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
    #expect(difference < 4 * pixels.count)
    let line = (0..<height).map { read.pixels[3 * ($0 * width + 18)] }
    #expect(line.allSatisfy { $0 > 180 })
    #expect(try picture.jpegData(quality: 20).count < picture.jpegData(quality: 2).count)
  }
}
