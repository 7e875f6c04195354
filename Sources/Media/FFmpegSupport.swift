import CFFmpeg

/// Runs once, before FFmpeg is first used: its own messages would litter standard error, and what
/// matters of them is in the text of `MediaError`.
let ffmpegIsQuiet: Void = cff_silence_log()

/// FFmpeg's text for one of its negative status codes.
func ffmpegText(_ status: Int32) -> String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
    guard let start = buffer.baseAddress, av_strerror(status, start, 256) == 0 else {
      return "FFmpeg's error \(status)"
    }
    return String(cString: start)
  }
}

/// An owned `AVFrame`.
final class FrameBuffer {
  let pointer: UnsafeMutablePointer<AVFrame>

  /// An empty frame.
  init() {
    // A few hundred bytes: if these are not to be had, Swift itself cannot continue.
    guard let frame = av_frame_alloc() else { fatalError("out of memory") }
    pointer = frame
  }

  /// A frame with room for `width` x `height` pixels of `format`, or nil when memory is short.
  convenience init?(width: Int, height: Int, format: AVPixelFormat) {
    self.init()
    pointer.pointee.width = Int32(width)
    pointer.pointee.height = Int32(height)
    pointer.pointee.format = format.rawValue
    guard av_frame_get_buffer(pointer, 0) >= 0 else { return nil }
  }

  deinit {
    var frame: UnsafeMutablePointer<AVFrame>? = pointer
    av_frame_free(&frame)
  }

  var width: Int { Int(pointer.pointee.width) }
  var height: Int { Int(pointer.pointee.height) }
  var format: AVPixelFormat { AVPixelFormat(rawValue: pointer.pointee.format) }

  /// Whether the decoder made it without other frames, and says nothing of what is missing.
  var isIntra: Bool {
    pointer.pointee.pict_type == AV_PICTURE_TYPE_I
      && pointer.pointee.flags & AV_FRAME_FLAG_CORRUPT == 0
  }

  /// Whether the decoder says that parts of the frame were missing or wrong.
  var isDamaged: Bool {
    pointer.pointee.decode_error_flags != 0 || pointer.pointee.flags & AV_FRAME_FLAG_CORRUPT != 0
  }
}

/// An owned `AVPacket`.
final class PacketBuffer {
  let pointer: UnsafeMutablePointer<AVPacket>

  init() {
    // A hundred bytes: if these are not to be had, Swift itself cannot continue.
    guard let packet = av_packet_alloc() else { fatalError("out of memory") }
    pointer = packet
  }

  deinit {
    var packet: UnsafeMutablePointer<AVPacket>? = pointer
    av_packet_free(&packet)
  }

  /// When the content is shown, or failing that decoded, by the container's clock; nil if it does not say.
  var tick: Int64? {
    let tick = pointer.pointee.pts != cff_no_timestamp() ? pointer.pointee.pts : pointer.pointee.dts
    return tick == cff_no_timestamp() ? nil : tick
  }
}
