import CFFmpeg

/// An open decoder of pictures or video.
final class Decoder {
  private let context: UnsafeMutablePointer<AVCodecContext>
  private let errors = UnsafeMutablePointer<Int32>.allocate(capacity: 1)

  struct Options {
    var threads = 1
    var maxPixels: Int
    /// Fail at the first error instead of returning what could be recovered.
    var isStrict = false
  }

  /// Opens the decoder for `codec`, with the parameters of a stream if there are any.
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
    // After a seek into an open GOP, the H.264 decoder would otherwise also hold back intact frames. (It flags them as
    // corrupt; only `decode_error_flags` reports actual damage.)
    context.pointee.flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT
    if options.isStrict {
      context.pointee.err_recognition |= AV_EF_EXPLODE | AV_EF_CRCCHECK
    }
    // The H.264 decoder reports errors for streams that decode correctly, and marks damaged frames itself.
    if codec != AV_CODEC_ID_H264 { context.pointee.opaque = UnsafeMutableRawPointer(errors) }
    let status = avcodec_open2(context, decoder, nil)
    guard status >= 0 else { throw MediaError(decoding: path, status: status) }
  }

  deinit {
    var context: UnsafeMutablePointer<AVCodecContext>? = context
    avcodec_free_context(&context)
    errors.deallocate()
  }

  /// The number of errors that the decoder has reported so far, including those for frames that it returned anyway, with
  /// invented parts.
  var complaints: Int { Int(errors.pointee) }

  /// True if frames to which no other frame refers are skipped without decoding. Only H.264 and HEVC mark them in every
  /// packet.
  var skipsUnreferenced: Bool {
    get { context.pointee.skip_frame == AVDISCARD_NONREF }
    set {
      guard [AV_CODEC_ID_H264, AV_CODEC_ID_HEVC].contains(context.pointee.codec_id) else { return }
      context.pointee.skip_frame = newValue ? AVDISCARD_NONREF : AVDISCARD_DEFAULT
    }
  }

  /// Sends a packet to the decoder, or nil at the end; returns FFmpeg's status.
  func send(_ packet: PacketBuffer?) -> Int32 { avcodec_send_packet(context, packet?.pointer) }

  /// Receives a frame from the decoder into `frame`; returns FFmpeg's status.
  func receive(_ frame: FrameBuffer) -> Int32 { avcodec_receive_frame(context, frame.pointer) }

  /// Decodes the only picture in `packet`; returns FFmpeg's status.
  private func decode(_ packet: PacketBuffer, into frame: FrameBuffer) -> Int32 {
    var status = send(packet)
    guard status >= 0 else { return status }
    status = receive(frame)
    guard status == cff_error_again() else { return status }
    _ = send(nil)
    return receive(frame)
  }

  /// Decodes the only picture in `packet`, which must be complete and without errors.
  func picture(in packet: PacketBuffer, path: String) throws(MediaError) -> FrameBuffer {
    let frame = FrameBuffer()
    let status = decode(packet, into: frame)
    guard status >= 0, !frame.isDamaged, complaints == 0 else {
      throw MediaError(decoding: path, status: status)
    }
    return frame
  }

  /// Discards everything that was sent, before decoding continues elsewhere in the stream.
  func flush() { avcodec_flush_buffers(context) }
}
