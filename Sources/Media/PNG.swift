import CFFmpeg

extension Picture {
  /// The bytes of a PNG file of the picture, 8-bit RGB, lossless.
  ///
  /// - Throws: `MediaError`.
  public func pngData() throws(MediaError) -> [UInt8] {
    try pngData(named: "the picture of \(width)x\(height)")
  }

  /// Writes the picture as a PNG file, 8-bit RGB, lossless. The file is written completely or not at all.
  ///
  /// - Throws: `MediaError`.
  public func writePNG(to path: String) throws(MediaError) {
    try writeFile(pngData(named: path), to: path)
  }

  private func pngData(named name: String) throws(MediaError) -> [UInt8] {
    let encoder = try Encoder("png", options: ["pred": "mixed"], path: name) { context in
      context.width = Int32(width)
      context.height = Int32(height)
      context.pix_fmt = AV_PIX_FMT_RGB24
      context.time_base = AVRational(num: 1, den: 1)
    }
    guard let frame = FrameBuffer(self, width: width, height: height) else {
      throw MediaError(outOfMemory: name, "encoded", .unwritable)
    }
    var data: [UInt8] = []
    try encoder.encode(frame) { packet in data += packet.bytes }
    try encoder.encode(nil) { packet in data += packet.bytes }
    return data
  }
}
