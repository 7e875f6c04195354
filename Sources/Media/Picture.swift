/// A picture in memory: 8-bit RGB, in rows from top to bottom without gaps.
public struct Picture: Equatable, Sendable {
  /// The width in pixels.
  public let width: Int
  /// The height in pixels.
  public let height: Int
  /// The samples, uint8 in 0...255, [height, width, 3] with the channels R, G, B.
  public var pixels: [UInt8]

  /// A picture with these samples, [height, width, 3].
  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(
      width > 0 && height > 0 && pixels.count == width * height * 3,
      "a picture of \(width)x\(height) needs \(width * height * 3) samples, not \(pixels.count)")
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// A picture in a single color.
  public init(width: Int, height: Int, red: UInt8, green: UInt8, blue: UInt8) {
    let row = [red, green, blue]
    self.init(
      width: width, height: height,
      pixels: [UInt8](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
        for index in 0..<width * height * 3 {
          buffer.initializeElement(at: index, to: row[index % 3])
        }
        count = width * height * 3
      })
  }
}
