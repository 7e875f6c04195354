import CFFmpeg
import SafeFiles

/// An open container file, from which one video stream is read.
final class MediaInput {
  let context: UnsafeMutablePointer<AVFormatContext>
  let stream: UnsafeMutablePointer<AVStream>
  /// Checked for every frame, hence lazy.
  private(set) lazy var isTransportStream = formatName == "mpegts"
  /// Must outlive `context`.
  private let bytes: MediaStream

  /// Opens the file and selects its best video stream.
  init(_ file: MediaFile) throws(MediaError) {
    _ = ffmpegIsQuiet
    let path = file.path
    bytes = try MediaStream(file)
    var input = avformat_alloc_context()
    guard input != nil else { throw MediaError(outOfMemory: path, "read") }
    input?.pointee.pb = bytes.io
    // Open only this file: a playlist or script that is named like a video must not access other files.
    input?.pointee.io_open = { _, _, _, _, _ in cff_error_not_permitted() }
    // Do not pass a name, so that only the content determines the format. On failure, this frees the context.
    var status = avformat_open_input(&input, "", nil, nil)
    guard status >= 0, let input else {
      throw MediaError(
        .unrecognized, path, "is not a picture or video that FFmpeg knows: \(ffmpegText(status))")
    }
    context = input
    do throws(MediaError) {
      // Cover pictures are video streams, too; FFmpeg ranks them last.
      status = avformat_find_stream_info(context, nil)
      guard status >= 0 else {
        throw MediaError(.damaged, path, "cannot be read: \(ffmpegText(status))")
      }
      let index = av_find_best_stream(context, AVMEDIA_TYPE_VIDEO, -1, -1, nil, 0)
      guard index >= 0, let found = context.pointee.streams[Int(index)] else {
        throw MediaError(.unrecognized, path, "has no video stream")
      }
      stream = found
    } catch {
      MediaInput.close(context)
      throw error
    }
    for other in 0..<Int(context.pointee.nb_streams) {
      guard let candidate = context.pointee.streams[other], candidate != stream else { continue }
      candidate.pointee.discard = AVDISCARD_ALL
    }
  }

  deinit { MediaInput.close(context) }

  private static func close(_ context: UnsafeMutablePointer<AVFormatContext>) {
    var context: UnsafeMutablePointer<AVFormatContext>? = context
    avformat_close_input(&context)
  }

  var parameters: UnsafeMutablePointer<AVCodecParameters> { stream.pointee.codecpar }

  /// The orientation in which the container specifies that frames are displayed.
  var orientation: Orientation {
    cff_display_matrix(stream).map { Orientation(displayMatrix: $0) } ?? .upright
  }

  /// Reads the next packet of the stream; returns FFmpeg's status.
  func read(_ packet: PacketBuffer) -> Int32 {
    while true {
      av_packet_unref(packet.pointer)
      let status = av_read_frame(context, packet.pointer)
      if status < 0 || packet.pointer.pointee.stream_index == stream.pointee.index {
        return status
      }
    }
  }
}

extension MediaInput {
  /// Seeks the keyframe at or before `tick` (of the stream's clock); returns FFmpeg's status.
  func seek(_ tick: Int64) -> Int32 {
    av_seek_frame(context, stream.pointee.index, tick, AVSEEK_FLAG_BACKWARD)
  }

  /// Seeks the first byte of the file, for streams without a clock; returns FFmpeg's status.
  func rewind() -> Int32 { av_seek_frame(context, -1, 0, AVSEEK_FLAG_BYTE) }

  /// True if the packets' times are only correct when all packets are read in order from the first one.
  ///
  /// Program streams store several small pictures in a packet with one time, or give times only occasionally; raw streams
  /// have no times. FFmpeg extrapolates from the last time that it saw, and has none after a seek.
  var hasVagueClock: Bool {
    guard let format = context.pointee.iformat?.pointee else { return false }
    return formatName == "mpeg" || format.flags & AVFMT_NOTIMESTAMPS != 0
      || (isTransportStream && lacksTimes)
  }

  private var formatName: String {
    context.pointee.iformat.map { String(cString: $0.pointee.name) } ?? ""
  }

  /// True if some of the first packets have no time of their own. Reads them.
  private var lacksTimes: Bool {
    // Ignore the times that FFmpeg fills in.
    context.pointee.flags |= AVFMT_FLAG_NOFILLIN
    defer { context.pointee.flags &= ~AVFMT_FLAG_NOFILLIN }
    guard rewind() >= 0 else { return false }
    let packet = PacketBuffer()
    for _ in 0..<100 {
      guard read(packet) >= 0 else { break }
      if packet.pointer.pointee.pts == cff_no_timestamp() { return true }
    }
    return false
  }

  /// True if the container gives decoding order as presentation order: frames are decoded out of order, but each has a
  /// single time for both. Reads the first packets.
  func mistakesDecodingTimes() -> Bool {
    guard parameters.pointee.video_delay > 0 else { return false }
    let packet = PacketBuffer()
    for count in 0..<100 {
      guard read(packet) >= 0 else { return count > 1 }
      let content = packet.pointer.pointee
      guard content.pts != cff_no_timestamp(), content.pts == content.dts else { return false }
    }
    return true
  }

  /// The duration in seconds that the file claims; nil if there is none or it is invalid.
  var declaredDuration: Double? {
    let unknown = cff_no_timestamp()
    if stream.pointee.duration != unknown, stream.pointee.duration > 0 {
      return Double(stream.pointee.duration) * av_q2d(stream.pointee.time_base)
    }
    // Without a duration of the stream, FFmpeg estimates it from the bit rate, often very inaccurately.
    guard context.pointee.duration != unknown, context.pointee.duration > 0,
      context.pointee.duration_estimation_method != AVFMT_DURATION_FROM_BITRATE
    else { return nil }
    let duration = Double(context.pointee.duration) / Double(AV_TIME_BASE)
    // Matroska counts from zero, not from the first frame.
    guard formatName.contains("matroska"), stream.pointee.start_time > 0 else { return duration }
    let start = Double(stream.pointee.start_time) * av_q2d(stream.pointee.time_base)
    return start < duration ? duration - start : duration
  }

  /// The frames per second; zero if the file does not contain it.
  var averageFrameRate: Double {
    let average = stream.pointee.avg_frame_rate
    if average.num > 0, average.den > 0 { return av_q2d(average) }
    let (guess, tick) = (stream.pointee.r_frame_rate, stream.pointee.time_base)
    // If FFmpeg knows nothing, it guesses one frame per tick. That is true for Ogg and IVF, but their clocks do not tick
    // as fast as those of other containers.
    guard guess.num > 0, guess.den > 0,
      av_cmp_q(guess, AVRational(num: tick.den, den: tick.num)) != 0
        || av_q2d(guess) <= MediaLimits.frameRate
    else { return 0 }
    return av_q2d(guess)
  }
}

extension MediaInput {
  /// True if the container's index lists `count` frames, and decodes them at equal intervals. Indices of keyframes only
  /// list fewer.
  func hasEvenIndex(count: Int) -> Bool {
    let entries = avformat_index_get_entries_count(stream)
    // An edit list keeps frames that are not shown.
    let ticks = (0..<entries).lazy.compactMap { index -> Double? in
      guard let entry = avformat_index_get_entry(self.stream, index)?.pointee,
        entry.flags & AVINDEX_DISCARD_FRAME == 0
      else { return nil }
      return Double(entry.timestamp)
    }
    guard entries >= count, let first = ticks.first, let last = ticks.last else { return false }
    let step = count > 1 ? (last - first) / Double(count - 1) : 0
    var found = 0
    for tick in ticks {
      let distance = tick - first - Double(found) * step
      guard found < count, distance.magnitude <= step / 4 else { return false }
      found += 1
    }
    return found == count
  }

  /// True if a packet may contain half of a frame.
  var isInterlaced: Bool {
    let order = parameters.pointee.field_order
    return order != AV_FIELD_UNKNOWN && order != AV_FIELD_PROGRESSIVE
  }

  /// True if the file is shorter than its structure says, like an interrupted download or recording.
  var isCutOff: Bool {
    let size = avio_size(context.pointee.pb)
    guard size > 0 else { return false }
    for index in 0..<avformat_index_get_entries_count(stream) {
      guard let entry = avformat_index_get_entry(stream, index)?.pointee else { continue }
      if entry.pos > size || Int64(entry.size) > size - max(entry.pos, 0) { return true }
    }
    return outermostEnd.map { $0 > size + 1 } ?? false
  }

  /// The end of the outermost element in AVI and Matroska; nil in other formats, and if the length was never filled in.
  private var outermostEnd: Int64? {
    let position = avio_seek(context.pointee.pb, 0, SEEK_CUR)
    defer { _ = avio_seek(context.pointee.pb, position, SEEK_SET) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    guard avio_seek(context.pointee.pb, 0, SEEK_SET) == 0 else { return nil }
    let count = bytes.withUnsafeMutableBufferPointer {
      avio_read(context.pointee.pb, $0.baseAddress, Int32($0.count))
    }
    guard count > 0 else { return nil }
    return bytes.withUnsafeBytes { bytes in
      var reader = ByteReader(bytes: UnsafeRawBufferPointer(rebasing: bytes[..<Int(count)]))
      if reader.has("RIFF", at: 0) {
        reader.isBigEndian = false
        guard let length = reader.uint32(at: 4), (1..<0x7FFF_FFFF).contains(length) else {
          return nil
        }
        return Int64(length) + 8
      }
      // Matroska has a header and then a segment. A length of only ones means unknown.
      guard reader.uint32(at: 0) == 0x1A45_DFA3, let header = reader.matroskaLength(at: 4) else {
        return nil
      }
      let segment = header.end + header.length
      guard reader.uint32(at: segment) == 0x1853_8067,
        let length = reader.matroskaLength(at: segment + 4)
      else { return nil }
      return Int64(length.end + length.length)
    }
  }
}

extension ByteReader {
  /// The length coded at `offset` and the end of its code; nil if it is unknown or invalid.
  fileprivate func matroskaLength(at offset: Int) -> (length: Int, end: Int)? {
    guard let first = uint8(at: offset), first > 0 else { return nil }
    let size = UInt8(first).leadingZeroBitCount + 1
    guard let coded = integer(at: offset, size: size) else { return nil }
    let length = coded & (1 << (7 * size) - 1)
    guard length < 1 << (7 * size) - 1, length < 1 << 50 else { return nil }
    return (length, offset + size)
  }
}
