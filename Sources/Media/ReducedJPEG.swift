import CFFmpeg
import CReducedJPEG

extension Picture {
  /// A JPEG that is scaled down by a factor of four or more, which needs no full decode: pixels of 1/2, 1/4 or 1/8 of the size
  /// are computed from the coefficients, so that a factor of two or more is left. The mean difference from a full decode
  /// stays below 1/255.
  ///
  /// Nil for other pictures, and for those in which libjpeg finds anything unusual: FFmpeg decodes these or reports the error.
  init?(reducing packet: PacketBuffer, header: PictureHeader, shortSide: Int, path: String)
    throws(MediaError)
  {
    let divisors = [8, 4, 2]
    guard header.codec == AV_CODEC_ID_MJPEG, (1...3).contains(header.components),
      let divisor = divisors.first(where: {
        min(header.width, header.height) >= 2 * shortSide * $0
      })
    else { return nil }
    let size = try scaledSize(
      width: header.width, height: header.height, shortSide: shortSide, path: path)
    let bytes = packet.bytes.bindMemory(to: UInt8.self)
    var isSound = false
    let pixels = [UInt8](unsafeUninitializedCapacity: 3 * size.width * size.height) {
      target, count in
      isSound =
        crj_decode(
          bytes.baseAddress, bytes.count, Int32(divisor), Int32(header.width), Int32(header.height),
          target.baseAddress, Int32(size.width), Int32(size.height)) != 0
      count = isSound ? 3 * size.width * size.height : 0
    }
    guard isSound else { return nil }
    self.init(width: size.width, height: size.height, pixels: pixels)
  }
}
