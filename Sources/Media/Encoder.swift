import CFFmpeg

/// An open encoder of pictures or video.
final class Encoder {
  let context: UnsafeMutablePointer<AVCodecContext>
  private let path: String

  /// Opens the encoder named `name`. `configure` sets up the context, including the size and the pixel format; `options`
  /// are specific to the encoder.
  init(
    _ name: String, options: [String: String] = [:], path: String,
    configure: (inout AVCodecContext) -> Void
  ) throws(MediaError) {
    _ = ffmpegIsQuiet
    self.path = path
    guard let codec = avcodec_find_encoder_by_name(name) else {
      throw MediaError(.unwritable, path, "cannot be encoded: this FFmpeg has no encoder \(name)")
    }
    guard let context = avcodec_alloc_context3(codec) else {
      throw MediaError(outOfMemory: path, "encoded", .unwritable)
    }
    self.context = context
    context.pointee.thread_count = 1
    configure(&context.pointee)
    for (key, value) in options { av_opt_set(context, key, value, AV_OPT_SEARCH_CHILDREN) }
    try check(avcodec_open2(context, codec, nil))
  }

  deinit {
    var context: UnsafeMutablePointer<AVCodecContext>? = context
    avcodec_free_context(&context)
  }

  /// Encodes a frame, or with nil the frames that are held back, and passes each packet to `body`.
  func encode(
    _ frame: FrameBuffer?, _ body: (PacketBuffer) throws(MediaError) -> Void
  ) throws(MediaError) {
    try check(avcodec_send_frame(context, frame?.pointer))
    let packet = PacketBuffer()
    while true {
      let status = avcodec_receive_packet(context, packet.pointer)
      if status == cff_error_again() || status == cff_error_eof() { return }
      try check(status)
      try body(packet)
      av_packet_unref(packet.pointer)
    }
  }

  private func check(_ status: Int32) throws(MediaError) {
    guard status >= 0 else {
      throw MediaError(.unwritable, path, "cannot be encoded: \(ffmpegText(status))")
    }
  }
}
