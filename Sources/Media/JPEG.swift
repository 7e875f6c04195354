import CFFmpeg

extension Picture {
  /// The bytes of a JPEG file with colors at full resolution, so that colored text stays sharp.
  ///
  /// - Parameter quality: 1 (best) to 31, FFmpeg's scale.
  /// - Throws: `MediaError`.
  public func jpegData(quality: Int = 3) throws(MediaError) -> [UInt8] {
    precondition((1...31).contains(quality), "quality must be from 1 to 31, not \(quality)")
    let name = "the picture of \(width)x\(height)"
    let encoder = try Encoder("mjpeg", path: name) { context in
      context.width = Int32(width)
      context.height = Int32(height)
      context.pix_fmt = AV_PIX_FMT_YUVJ444P
      context.color_range = AVCOL_RANGE_JPEG
      context.time_base = AVRational(num: 1, den: 1)
      context.flags |= AV_CODEC_FLAG_QSCALE
      context.global_quality = Int32(quality) * FF_QP2LAMBDA
    }
    guard let frame = FrameBuffer(width: width, height: height, format: AV_PIX_FMT_YUVJ444P) else {
      throw MediaError(outOfMemory: name, "encoded", .unwritable)
    }
    frame.pointer.pointee.quality = Int32(quality) * FF_QP2LAMBDA
    frame.pointer.pointee.pts = 0
    fill(frame)
    var data: [UInt8] = []
    try encoder.encode(frame) { packet in data += packet.bytes }
    try encoder.encode(nil) { packet in data += packet.bytes }
    return data
  }

  /// Fills the planes Y, Cb and Cr of JFIF: those of BT.601 with full range.
  private func fill(_ frame: FrameBuffer) {
    let planes = [
      frame.pointer.pointee.data.0, frame.pointer.pointee.data.1, frame.pointer.pointee.data.2,
    ]
    let strides = [
      frame.pointer.pointee.linesize.0, frame.pointer.pointee.linesize.1,
      frame.pointer.pointee.linesize.2,
    ]
    func byte(_ value: Float) -> UInt8 { UInt8(min(max(value.rounded(), 0), 255)) }
    for row in 0..<height {
      for column in 0..<width {
        let place = 3 * (row * width + column)
        let (r, g, b) = (Float(pixels[place]), Float(pixels[place + 1]), Float(pixels[place + 2]))
        let values = [
          0.299 * r + 0.587 * g + 0.114 * b,
          128 - 0.168736 * r - 0.331264 * g + 0.5 * b,
          128 + 0.5 * r - 0.418688 * g - 0.081312 * b,
        ]
        for plane in 0..<3 {
          planes[plane]![row * Int(strides[plane]) + column] = byte(values[plane])
        }
      }
    }
  }
}
