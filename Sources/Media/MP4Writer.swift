import CFFmpeg
import SafeFiles

/// Writes pictures as an MP4 video: H.264 if the installed FFmpeg has libx264, else MPEG-4 Part 2.
///
/// The video is YUV 4:2:0, tagged with its range and matrix, with its index at the beginning. The file appears at its
/// path only when `finish` has completed it; otherwise, nothing is left behind.
public final class MP4Writer {
  private let file: FileReplacement
  private let encoder: Encoder
  private let scaler = FrameScaler()
  private let size: (width: Int, height: Int)
  private let container: UnsafeMutablePointer<AVFormatContext>
  private let stream: UnsafeMutablePointer<AVStream>
  private var count: Int64 = 0

  /// Opens a video for writing.
  ///
  /// - Parameters:
  ///   - path: The path of the video.
  ///   - width: The width of all frames in pixels. An odd width is increased by repeating the last column.
  ///   - height: The height of all frames in pixels. An odd height is increased by repeating the last row.
  ///   - framesPerSecond: Greater than 0.
  ///   - keyframeInterval: The maximum distance between keyframes in frames.
  /// - Throws: `MediaError` if the file cannot be written or this FFmpeg cannot encode video.
  public init(
    path: String, width: Int, height: Int, framesPerSecond: Double, keyframeInterval: Int = 48
  ) throws(MediaError) {
    precondition(width > 0 && height > 0, "a video needs a size, not \(width)x\(height)")
    precondition(framesPerSecond > 0, "framesPerSecond must be above 0, not \(framesPerSecond)")
    size = (width, height)
    file = FileReplacement(of: path)
    let hasX264 = avcodec_find_encoder_by_name("libx264") != nil
    let rate = av_d2q(framesPerSecond, 65535)  // MPEG-4 has 16 bits for the rate
    // x264's macroblock tree reads uninitialized memory, so that equal pictures could give different files.
    encoder = try Encoder(
      hasX264 ? "libx264" : "mpeg4",
      options: hasX264 ? ["crf": "18", "x264-params": "mbtree=0"] : [:], path: path
    ) { context in
      let (codedWidth, codedHeight) = (width + width % 2, height + height % 2)
      context.width = Int32(codedWidth)
      context.height = Int32(codedHeight)
      context.pix_fmt = AV_PIX_FMT_YUV420P
      context.time_base = av_inv_q(rate)
      context.framerate = rate
      context.gop_size = Int32(keyframeInterval)
      context.color_range = AVCOL_RANGE_MPEG
      let isHD = assumedMatrix(width: codedWidth, height: codedHeight) == SWS_CS_ITU709
      context.colorspace = isHD ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M
      context.color_primaries = AVCOL_PRI_BT709
      context.color_trc = AVCOL_TRC_BT709
      context.chroma_sample_location = AVCHROMA_LOC_LEFT
      context.flags |= AV_CODEC_FLAG_GLOBAL_HEADER
      if !hasX264 {
        context.flags |= AV_CODEC_FLAG_QSCALE
        context.global_quality = 2 * FF_QP2LAMBDA
        context.max_b_frames = 2
      }
    }
    let url = "file:" + file.temporaryPath
    var container: UnsafeMutablePointer<AVFormatContext>?
    _ = url.withPathBytes { avformat_alloc_output_context2(&container, nil, "mp4", $0) }
    guard let container, let stream = avformat_new_stream(container, nil) else {
      avformat_free_context(container)
      throw MediaError(.unwritable, path, "cannot be written: this FFmpeg has no MP4 format")
    }
    self.container = container
    self.stream = stream
    try check(avcodec_parameters_from_context(stream.pointee.codecpar, encoder.context))
    stream.pointee.time_base = encoder.context.pointee.time_base
    stream.pointee.avg_frame_rate = rate
    try check(url.withPathBytes { avio_open(&container.pointee.pb, $0, AVIO_FLAG_WRITE) })
    av_opt_set(container, "movflags", "+faststart", AV_OPT_SEARCH_CHILDREN)
    try check(avformat_write_header(container, nil))
  }

  /// Appends a frame of the size given at the start.
  ///
  /// - Throws: `MediaError`.
  public func append(_ picture: Picture) throws(MediaError) {
    precondition(
      picture.width == size.width && picture.height == size.height,
      "a frame of \(picture.width)x\(picture.height) in a video of \(size.width)x\(size.height)")
    let frame = try scaler.yuv420(picture, path: file.path)
    frame.pointer.pointee.pts = count
    count += 1
    try encoder.encode(frame) { packet throws(MediaError) in try write(packet) }
  }

  /// Completes the video and moves the file to its path. Nothing can be appended afterwards.
  ///
  /// - Throws: `MediaError`.
  public func finish() throws(MediaError) {
    precondition(count > 0, "a video needs a frame")
    try encoder.encode(nil) { packet throws(MediaError) in try write(packet) }
    try check(av_write_trailer(container))
    try check(avio_closep(&container.pointee.pb))
    do {
      try file.commit()
    } catch {
      throw MediaError(error)
    }
  }

  /// Writes a whole video; see `init` for the parameters. All frames must have the size of the first one.
  ///
  /// - Throws: `MediaError`.
  public static func write(
    _ frames: some Sequence<Picture>, to path: String, framesPerSecond: Double,
    keyframeInterval: Int = 48
  ) throws(MediaError) {
    var writer: MP4Writer?
    for frame in frames {
      let open =
        if let writer {
          writer
        } else {
          try MP4Writer(
            path: path, width: frame.width, height: frame.height, framesPerSecond: framesPerSecond,
            keyframeInterval: keyframeInterval)
        }
      writer = open
      try open.append(frame)
    }
    guard let writer else { preconditionFailure("a video needs a frame") }
    try writer.finish()
  }

  private func write(_ packet: PacketBuffer) throws(MediaError) {
    packet.pointer.pointee.duration = max(packet.pointer.pointee.duration, 1)
    av_packet_rescale_ts(
      packet.pointer, encoder.context.pointee.time_base, stream.pointee.time_base)
    packet.pointer.pointee.stream_index = stream.pointee.index
    try check(av_interleaved_write_frame(container, packet.pointer))
    // A full disk is detected here first.
    if let io = container.pointee.pb { try check(io.pointee.error) }
  }

  private func check(_ status: Int32) throws(MediaError) {
    guard status >= 0 else {
      throw MediaError(.unwritable, file.path, "cannot be written: \(ffmpegText(status))")
    }
  }

  deinit {
    avio_closep(&container.pointee.pb)
    avformat_free_context(container)
  }
}
