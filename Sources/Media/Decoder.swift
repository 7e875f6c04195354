import CFFmpeg

/// An open decoder of pictures or video.
final class Decoder {
  private let context: UnsafeMutablePointer<AVCodecContext>
  private let errors = UnsafeMutablePointer<Int32>.allocate(capacity: 1)

  struct Options {
    var threads = 1
    /// The decoder halves width and height this number of times.
    var lowres = 0
    var maxPixels: Int
    /// Give up at the first error instead of returning what could be saved.
    var isStrict = false
  }

  /// Opens the decoder for `codec`, with a stream's parameters if there are any.
  init(
    _ codec: AVCodecID, parameters: UnsafePointer<AVCodecParameters>? = nil,
    packetTimeBase: AVRational = AVRational(num: 0, den: 1), options: Options, path: String
  ) throws(MediaError) {
    _ = ffmpegIsQuiet
    guard let decoder = avcodec_find_decoder(codec) else {
      let name = String(cString: avcodec_get_name(codec))
      throw MediaError(
        .unrecognized, path, "is coded as \(name), for which this FFmpeg has no decoder")
    }
    guard let context = avcodec_alloc_context3(decoder) else {
      throw MediaError(outOfMemory: path, "decoded")
    }
    self.context = context
    errors.initialize(to: 0)
    if let parameters {
      let status = avcodec_parameters_to_context(context, parameters)
      guard status >= 0 else {
        throw MediaError(.damaged, path, "cannot be decoded: \(ffmpegText(status))")
      }
    }
    context.pointee.pkt_timebase = packetTimeBase
    context.pointee.thread_count = Int32(options.threads)
    context.pointee.max_pixels = Int64(options.maxPixels)
    context.pointee.lowres = Int32(min(options.lowres, Int(decoder.pointee.max_lowres)))
    // After a seek into an open GOP the H.264 decoder would keep back good frames too. (It flags
    // them as corrupt; only `decode_error_flags` shows real damage there.)
    context.pointee.flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT
    if options.isStrict {
      context.pointee.err_recognition |= AV_EF_EXPLODE | AV_EF_CRCCHECK
    }
    // H.264's decoder speaks of errors in streams that decode well, and marks damaged frames itself.
    if codec != AV_CODEC_ID_H264 { context.pointee.opaque = UnsafeMutableRawPointer(errors) }
    let status = avcodec_open2(context, decoder, nil)
    guard status >= 0 else { throw MediaError(decoding: path, status: status) }
  }

  deinit {
    var context: UnsafeMutablePointer<AVCodecContext>? = context
    avcodec_free_context(&context)
    errors.deallocate()
  }

  /// The errors that the decoder spoke of so far, also where it returned frames all the same: these are
  /// made up in part.
  var complaints: Int { Int(errors.pointee) }

  /// Whether frames that no other leans on are skipped without decoding; H.264 and HEVC alone say which they are
  /// in every packet.
  var skipsUnreferenced: Bool {
    get { context.pointee.skip_frame == AVDISCARD_NONREF }
    set {
      guard [AV_CODEC_ID_H264, AV_CODEC_ID_HEVC].contains(context.pointee.codec_id) else { return }
      context.pointee.skip_frame = newValue ? AVDISCARD_NONREF : AVDISCARD_DEFAULT
    }
  }

  /// Gives the decoder a packet, or nil if there are no more; FFmpeg's status.
  func send(_ packet: PacketBuffer?) -> Int32 { avcodec_send_packet(context, packet?.pointer) }

  /// Takes a frame from the decoder into `frame`; FFmpeg's status.
  func receive(_ frame: FrameBuffer) -> Int32 { avcodec_receive_frame(context, frame.pointer) }

  /// Decodes the only picture in `packet`; FFmpeg's status.
  private func decode(_ packet: PacketBuffer, into frame: FrameBuffer) -> Int32 {
    var status = send(packet)
    guard status >= 0 else { return status }
    status = receive(frame)
    guard status == cff_error_again() else { return status }
    _ = send(nil)
    return receive(frame)
  }

  /// Decodes the only picture in `packet`, whole and without a complaint.
  func picture(in packet: PacketBuffer, path: String) throws(MediaError) -> FrameBuffer {
    let frame = FrameBuffer()
    let status = decode(packet, into: frame)
    guard status >= 0, !frame.isDamaged, complaints == 0 else {
      throw MediaError(decoding: path, status: status)
    }
    return frame
  }

  /// Forgets all that was sent, before it continues elsewhere in the stream.
  func flush() { avcodec_flush_buffers(context) }
}
