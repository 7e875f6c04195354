import CFFmpeg

/// Runs once before FFmpeg is used: its own messages would clutter standard error, and `MediaError` contains their
/// relevant parts.
let ffmpegIsQuiet: Void = cff_silence_log()

/// FFmpeg's message for a negative status code.
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
    // If a few hundred bytes are not available, Swift itself cannot continue.
    guard let frame = av_frame_alloc() else { fatalError("out of memory") }
    pointer = frame
  }

  /// A frame with memory for `width` x `height` pixels of `format`; nil if memory is exhausted.
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

  /// True if the frame was decoded without other frames and the decoder reports nothing missing.
  var isIntra: Bool {
    pointer.pointee.pict_type == AV_PICTURE_TYPE_I
      && pointer.pointee.flags & AV_FRAME_FLAG_CORRUPT == 0
  }

  /// True if the decoder reports missing or invalid parts of the frame.
  var isDamaged: Bool {
    pointer.pointee.decode_error_flags != 0 || pointer.pointee.flags & AV_FRAME_FLAG_CORRUPT != 0
  }
}

/// An owned `AVPacket`.
final class PacketBuffer {
  let pointer: UnsafeMutablePointer<AVPacket>

  init() {
    // If a hundred bytes are not available, Swift itself cannot continue.
    guard let packet = av_packet_alloc() else { fatalError("out of memory") }
    pointer = packet
  }

  deinit {
    var packet: UnsafeMutablePointer<AVPacket>? = pointer
    av_packet_free(&packet)
  }

  /// The presentation time of the content, or else its decoding time, in ticks of the container's clock; nil if there is
  /// none.
  var tick: Int64? {
    let tick = pointer.pointee.pts != cff_no_timestamp() ? pointer.pointee.pts : pointer.pointee.dts
    return tick == cff_no_timestamp() ? nil : tick
  }
}
