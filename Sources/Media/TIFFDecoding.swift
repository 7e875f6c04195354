import CFFmpeg
import CTIFF

/// Decodes the first picture of a TIFF file in memory with libtiff, which reads what FFmpeg does not: JPEG in TIFF,
/// tiles, CMYK and more. The frame is RGB24, composited on black, and as stored: not rotated.
func decodeByLibTIFF(
  _ packet: PacketBuffer, shortSide: Int?, path: String
) throws(MediaError) -> FrameBuffer {
  let bytes = packet.mutableBytes
  guard
    let file = ctiff_open(bytes.baseAddress, UInt64(bytes.count), UInt64(MediaLimits.pictureBytes))
  else { throw MediaError(outOfMemory: path, "decoded") }
  defer { ctiff_close(file) }
  func damaged() -> MediaError {
    MediaError(.damaged, path, "is truncated or damaged: \(file.problem)")
  }
  guard file.pointee.tiff != nil else { throw damaged() }
  let width = Int(ctiff_number(file, UInt32(TIFFTAG_IMAGEWIDTH), 0))
  let height = Int(ctiff_number(file, UInt32(TIFFTAG_IMAGELENGTH), 0))
  try checkSize(
    width: width, height: height, limit: MediaLimits.stillPixels, shortSide: shortSide, path: path)
  guard ctiff_can_read(file) != 0 else {
    throw MediaError(unsupported: path, "a TIFF", file.problem)
  }
  guard let frame = FrameBuffer(width: width, height: height, format: AV_PIX_FMT_RGB24),
    let target = frame.pointer.pointee.data.0,
    let raster = av_malloc_array(width * height, 4)?.assumingMemoryBound(to: UInt32.self)
  else {
    throw MediaError(outOfMemory: path, "decoded")
  }
  defer { av_free(raster) }
  guard ctiff_read(file, raster) != 0 else { throw damaged() }
  let stride = Int(frame.pointer.pointee.linesize.0)
  let isMultiplied = file.pointee.has_loose_alpha == 0
  for row in 0..<height {
    let (stored, line) = (raster + row * width, target + row * stride)
    for column in 0..<width {
      let pixel = stored[column]
      let alpha = isMultiplied ? 255 : UInt8(truncatingIfNeeded: pixel >> 24)
      for channel in 0..<3 {
        let level = UInt8(truncatingIfNeeded: pixel >> UInt32(8 * channel))
        line[3 * column + channel] = level.scaled(by: alpha)
      }
    }
  }
  return frame
}

extension UnsafeMutablePointer where Pointee == ctiff_file {
  /// libtiff's last message.
  fileprivate var problem: String {
    let text = withUnsafeBytes(of: pointee.problem) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    return text.isEmpty ? "libtiff gives no reason" : text
  }
}
