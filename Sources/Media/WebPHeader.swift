import CFFmpeg

extension PictureHeader {
  init(webP reader: ByteReader) {
    codec = AV_CODEC_ID_WEBP
    length = reader.count
    let size = reader.uint32(at: 4) ?? 0
    isCutOff = size + 8 > reader.count
    var offset = 12
    while let size = reader.uint32(at: offset + 4) {
      let body = offset + 8
      // A second chunk would change the size after the animation used it.
      if width == 0, reader.has("VP8X", at: offset) {
        width = (reader.integer(at: body + 4, size: 3) ?? 0) + 1
        height = (reader.integer(at: body + 7, size: 3) ?? 0) + 1
      } else if reader.has("ANMF", at: offset), animation == nil {
        animation = WebPAnimation(
          reader.part(from: body, length: size), width: width, height: height)
      } else if reader.has("EXIF", at: offset) {
        let prefix = reader.has("Exif\0\0", at: body) ? 6 : 0
        orientation = Orientation(
          exif: reader.part(from: body + prefix, length: size - prefix))
      }
      offset = body + size + size % 2
    }
  }
}

/// The first frame of an animated WebP, which FFmpeg's decoder skips.
struct WebPAnimation {
  /// The width of the whole picture.
  private let width: Int
  private let height: Int
  /// The position of the frame in the picture.
  private let left: Int
  private let top: Int
  /// The frame as a separate WebP file.
  private let still: [UInt8]

  /// Reads the content of an "ANMF" chunk; nil if it contains no frame.
  init?(_ body: ByteReader, width: Int, height: Int) {
    let body = ByteReader(bytes: body.bytes, isBigEndian: false)
    guard let x = body.integer(at: 0, size: 3), let y = body.integer(at: 3, size: 3),
      let columns = body.integer(at: 6, size: 3), let rows = body.integer(at: 9, size: 3),
      2 * x + columns + 1 <= width, 2 * y + rows + 1 <= height
    else { return nil }
    (self.width, self.height, left, top) = (width, height, 2 * x, 2 * y)
    let chunks = body.part(from: 16, length: .max)
    let hasAlpha = chunks.has("ALPH", at: 0)
    func bytes(_ value: Int, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    var content = Array("WEBP".utf8)
    if hasAlpha {
      content += Array("VP8X".utf8) + bytes(10, 4) + bytes(0x10, 4) + bytes(columns, 3)
      content += bytes(rows, 3)
    }
    content += chunks.bytes
    still = Array("RIFF".utf8) + bytes(content.count, 4) + content
  }

  /// The whole picture, black outside the frame; `decode` decodes the frame's file.
  func picture(
    shortSide: Int?, path: String, decode: (PacketBuffer) throws(MediaError) -> FrameBuffer
  ) throws(MediaError) -> Picture {
    let frame = try decode(try PacketBuffer(still, path: path))
    let scaler = FrameScaler()
    if frame.width == width, frame.height == height {
      return try scaler.picture(frame, shortSide: shortSide, path: path)
    }
    guard left + frame.width <= width, top + frame.height <= height else {
      throw MediaError(decoding: path)
    }
    let part = try scaler.picture(frame, shortSide: nil, path: path)
    var canvas = Picture(width: width, height: height, red: 0, green: 0, blue: 0)
    for row in 0..<part.height {
      let start = ((top + row) * width + left) * 3
      canvas.pixels.replaceSubrange(
        start..<start + part.width * 3,
        with: part.pixels[row * part.width * 3..<(row + 1) * part.width * 3])
    }
    return try scaler.picture(canvas, shortSide: shortSide, path: path)
  }
}
