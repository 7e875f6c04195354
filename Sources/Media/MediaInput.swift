import CFFmpeg
import SafeFiles

/// An open container file, of which one video stream is read.
final class MediaInput {
  let context: UnsafeMutablePointer<AVFormatContext>
  let stream: UnsafeMutablePointer<AVStream>
  /// Asked for every frame.
  private(set) lazy var isTransportStream = formatName == "mpegts"

  /// Opens the file and finds its best video stream.
  init(_ path: String) throws(MediaError) {
    _ = ffmpegIsQuiet
    _ = try sizeOfRegularFile(path)
    // Only this one file is opened, as a file whatever its name looks like: no playlist or script
    // that is named like a video reaches for others.
    var io: UnsafeMutablePointer<AVIOContext>?
    var status = ("file:" + path).withPathBytes { avio_open(&io, $0, AVIO_FLAG_READ) }
    guard status >= 0, io != nil else {
      throw MediaError(.unreadable, path, "cannot be opened: \(ffmpegText(status))")
    }
    var input = avformat_alloc_context()
    guard input != nil else {
      avio_closep(&io)
      throw MediaError(outOfMemory: path, "read")
    }
    input?.pointee.pb = io
    input?.pointee.io_open = { _, _, _, _, _ in cff_error_not_permitted() }
    // Without a name, so that the content alone tells the format. Frees the context if it fails.
    status = avformat_open_input(&input, "", nil, nil)
    guard status >= 0, let input else {
      avio_closep(&io)
      throw MediaError(
        .unrecognized, path, "is not a picture or video that FFmpeg knows: \(ffmpegText(status))")
    }
    context = input
    do throws(MediaError) {
      // Cover pictures come as video streams too; FFmpeg's choice puts them last.
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
    var io = context.pointee.pb
    var context: UnsafeMutablePointer<AVFormatContext>? = context
    avformat_close_input(&context)
    avio_closep(&io)
  }

  var parameters: UnsafeMutablePointer<AVCodecParameters> { stream.pointee.codecpar }

  /// How the container says that frames are turned for display.
  var orientation: Orientation {
    cff_display_matrix(stream).map { Orientation(displayMatrix: $0) } ?? .upright
  }

  /// Reads the stream's next packet; FFmpeg's status.
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
  /// Goes to the keyframe at or before `tick` (in the stream's clock); FFmpeg's status.
  func seek(_ tick: Int64) -> Int32 {
    av_seek_frame(context, stream.pointee.index, tick, AVSEEK_FLAG_BACKWARD)
  }

  /// Goes to the file's first byte, for streams without a clock; FFmpeg's status.
  func rewind() -> Int32 { av_seek_frame(context, -1, 0, AVSEEK_FLAG_BYTE) }

  /// The packets' times hold only if all packets are read in their order from the first on.
  ///
  /// Program streams put several small pictures into a packet with one time, or give a time now and then;
  /// raw streams have none at all. FFmpeg counts on from the last time that it saw, and knows none after
  /// it went elsewhere.
  var hasVagueClock: Bool {
    guard let format = context.pointee.iformat?.pointee else { return false }
    return formatName == "mpeg" || format.flags & AVFMT_NOTIMESTAMPS != 0
      || (isTransportStream && lacksTimes)
  }

  private var formatName: String {
    context.pointee.iformat.map { String(cString: $0.pointee.name) } ?? ""
  }

  /// Some of the first packets have no time of their own. Reads them.
  private var lacksTimes: Bool {
    // Not what FFmpeg makes of the others.
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

  /// The container gives the order of decoding for that of presentation: frames are decoded out of order,
  /// and each has one time for both. Reads the first packets.
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

  /// The duration in seconds that the file claims; nil where it says nothing that makes sense.
  var declaredDuration: Double? {
    let unknown = cff_no_timestamp()
    if stream.pointee.duration != unknown, stream.pointee.duration > 0 {
      return Double(stream.pointee.duration) * av_q2d(stream.pointee.time_base)
    }
    // Without a duration of the stream FFmpeg guesses one from the bit rate, often far off.
    guard context.pointee.duration != unknown, context.pointee.duration > 0,
      context.pointee.duration_estimation_method != AVFMT_DURATION_FROM_BITRATE
    else { return nil }
    let duration = Double(context.pointee.duration) / Double(AV_TIME_BASE)
    // Matroska's counts from zero, not from the first frame.
    guard formatName.contains("matroska"), stream.pointee.start_time > 0 else { return duration }
    let start = Double(stream.pointee.start_time) * av_q2d(stream.pointee.time_base)
    return start < duration ? duration - start : duration
  }

  /// Frames a second; zero if the file does not say.
  var averageFrameRate: Double {
    let average = stream.pointee.avg_frame_rate
    if average.num > 0, average.den > 0 { return av_q2d(average) }
    let (guess, tick) = (stream.pointee.r_frame_rate, stream.pointee.time_base)
    // Where FFmpeg knows nothing, its guess is a frame a tick. In Ogg and IVF that is true, but no clock
    // that is made for it ticks so often as those of other containers.
    guard guess.num > 0, guess.den > 0,
      av_cmp_q(guess, AVRational(num: tick.den, den: tick.num)) != 0
        || av_q2d(guess) <= MediaLimits.frameRate
    else { return 0 }
    return av_q2d(guess)
  }
}

extension MediaInput {
  /// The file is shorter than its own structure says: a download or a recording that was broken off.
  var isCutOff: Bool {
    let size = avio_size(context.pointee.pb)
    guard size > 0 else { return false }
    for index in 0..<avformat_index_get_entries_count(stream) {
      guard let entry = avformat_index_get_entry(stream, index)?.pointee else { continue }
      if entry.pos > size || Int64(entry.size) > size - max(entry.pos, 0) { return true }
    }
    return outermostEnd.map { $0 > size + 1 } ?? false
  }

  /// Where the element ends that holds everything in AVI and Matroska; nil in other formats, and where
  /// the length was never filled in.
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
      // Matroska: the header, then the segment; a length of ones alone means an unknown one.
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
  /// The length coded at `offset` and where its code ends; nil if it is unknown or absurd.
  fileprivate func matroskaLength(at offset: Int) -> (length: Int, end: Int)? {
    guard let first = uint8(at: offset), first > 0 else { return nil }
    let size = UInt8(first).leadingZeroBitCount + 1
    guard let coded = integer(at: offset, size: size) else { return nil }
    let length = coded & (1 << (7 * size) - 1)
    guard length < 1 << (7 * size) - 1, length < 1 << 50 else { return nil }
    return (length, offset + size)
  }
}
