import CFFmpeg

/// An open video file. It must be used by one thread only.
///
/// All times are in seconds from the stream's start according to the container, after edit lists: the presentation time
/// of the first frame, up to about a frame if the container is inexact (AVI).
public final class Video {
  /// The path of the file.
  public let path: String
  /// The width as displayed, in pixels, after rotation.
  public let width: Int
  /// The height as displayed, in pixels, after rotation.
  public let height: Int
  /// The average number of frames per second; zero if the file does not contain it.
  public let averageFrameRate: Double
  /// The duration of a tick of the container's clock in seconds.
  public let timeBase: Double
  /// The duration in seconds according to the container or, if it has none, to the packets.
  public private(set) lazy var duration = input.declaredDuration ?? scannedDuration()
  /// The presentation time of the last frame in seconds. It is where the packets end, regardless of the container; for a
  /// truncated file, it is where the container says that it would have ended.
  ///
  /// The first access invalidates iterators, as ``frames(from:)`` does.
  public private(set) lazy var lastFrameTime = findLastFrameTime()
  /// The presentation times of the frames in seconds, ascending, if the frames are not evenly spaced: if their middles at
  /// the average rate would show other frames. Nil if they are even, as is assumed of interlaced video, of packets without
  /// times, of a truncated file and of more than two million frames.
  ///
  /// Unless the container's index shows that frames are even, all packets are read, and none decoded. The first access
  /// invalidates iterators, as ``frames(from:)`` does.
  public private(set) lazy var unevenFrameTimes = findUnevenFrameTimes()

  let input: MediaInput
  private let file: MediaFile
  private let decoder: Decoder
  private let orientation: Orientation
  private let scaler = FrameScaler()
  private let startTick: Int64
  let keyframeCheck: KeyframeCheck
  private var generation = 0
  /// True if frames are timed by their number because the container's times are not those of frames.
  private let countsFrames: Bool
  /// True if the container's own seeking is not used.
  private(set) lazy var isReadInOrder = countsFrames || input.hasVagueClock
  /// The keyframes of a file that is read in order: the number of packets before each, and its approximate time.
  private lazy var keyframes = listKeyframes()

  /// Opens a video.
  ///
  /// - Parameters:
  ///   - path: The path of the file.
  ///   - threads: The number of decoder threads; zero for FFmpeg's choice.
  /// - Throws: `MediaError` if the file cannot be read, has no video stream, has frames of more than 67 million pixels,
  ///   or uses a codec that this FFmpeg does not know.
  public convenience init(contentsOf path: String, threads: Int = 1) throws(MediaError) {
    try self.init(contentsOf: MediaFile(path), threads: threads)
  }

  /// The same for a video that may be a part of a file.
  ///
  /// - Throws: `MediaError`.
  public init(contentsOf file: MediaFile, threads: Int = 1) throws(MediaError) {
    self.file = file
    path = file.path
    input = try MediaInput(file)
    let parameters = input.parameters.pointee
    let (storedWidth, storedHeight) = (Int(parameters.width), Int(parameters.height))
    guard storedWidth > 0, storedHeight > 0 else {
      throw MediaError(.damaged, path, "is truncated or damaged: its video stream has no size")
    }
    guard storedWidth * storedHeight <= MediaLimits.videoPixels else {
      throw MediaError(
        .unsuitableSize, path,
        "has frames of \(storedWidth)x\(storedHeight) pixels, more than the "
          + "\(MediaLimits.videoPixels / 1_000_000) million allowed")
    }
    decoder = try Decoder(
      parameters.codec_id, parameters: input.parameters,
      packetTimeBase: input.stream.pointee.time_base,
      options: Decoder.Options(threads: threads, maxPixels: MediaLimits.videoPixels), path: path)
    keyframeCheck = KeyframeCheck(parameters)
    orientation = input.orientation
    width = orientation.swapsAxes ? storedHeight : storedWidth
    height = orientation.swapsAxes ? storedWidth : storedHeight
    averageFrameRate = input.averageFrameRate
    timeBase = av_q2d(input.stream.pointee.time_base)
    let start = input.stream.pointee.start_time
    startTick = start == cff_no_timestamp() ? 0 : start
    countsFrames = averageFrameRate > 0 && input.mistakesDecodingTimes()
  }

  /// The frames in presentation order, beginning with the one shown at `time`: decoding starts at the preceding keyframe.
  /// A `time` before the first frame means the first one.
  ///
  /// This invalidates all earlier iterators of the video; using them afterwards is a programming error.
  ///
  /// - Throws: `MediaError`.
  public func frames(from time: Double = 0) throws(MediaError) -> Frames {
    endIterators()
    var frames = Frames(video: self, generation: generation)
    try frames.seek(time)
    return frames
  }

  /// The frame shown at `time`: the last one whose presentation time is not later, or the first frame for earlier times.
  /// It is found by seeking.
  ///
  /// - Throws: `MediaError` if no frame can be decoded there.
  public func frame(at time: Double) throws(MediaError) -> VideoFrame {
    var frames = try frames(from: time)
    guard let frame = try frames.next() else {
      throw MediaError(.damaged, path, "has no frame that decodes at \(time) s")
    }
    return frame
  }

  /// The picture shown at `fraction`, in 0 ..< 1, of the duration.
  ///
  /// If the frames end before the duration does (a truncated video, or a wrong duration), the fraction applies to the
  /// existing frames. If frames are damaged, half of the time is tried, then a quarter, and so on down to the first
  /// frame. Equal calls therefore give equal pictures.
  ///
  /// - Throws: `MediaError` if no frame of the video can be decoded, or for unsuitable sizes.
  public func frame(atFraction fraction: Double, shortSide: Int? = nil) throws(MediaError)
    -> Picture
  {
    precondition(fraction >= 0 && fraction < 1, "a fraction is in 0 ..< 1, not \(fraction)")
    var time = fraction * duration
    var knowsEnd = false
    while true {
      var frames = try frames(from: time)
      guard let frame = try frames.next() else { break }
      let end = max(frame.time, 0) + frame.duration
      // The last frame does not stand in for frames that are missing more than a second after it.
      var isShown = time <= frame.time + max(frame.duration, 1)
      if !isShown { isShown = try frames.next() != nil }
      if isShown, !frame.isDamaged { return try frame.picture(shortSide: shortSide) }
      if time == 0 { break }
      if isShown || knowsEnd {
        time = time > 0.1 ? time / 2 : 0
      } else {
        // Search for the end once, however absurd the duration is.
        knowsEnd = true
        time = fraction * end
      }
    }
    // Take any frame, even a damaged one.
    var frames = try frames(from: 0)
    guard let frame = try frames.next() else {
      throw MediaError(.damaged, path, "has no frame that decodes")
    }
    return try frame.picture(shortSide: shortSide)
  }

  /// Invalidates all iterators.
  func endIterators() { generation += 1 }

  private func scannedDuration() -> Double {
    // Use another handle, so that the scan does not affect iterators.
    guard let scan = try? MediaInput(file) else { return 0 }
    let packet = PacketBuffer()
    var (first, end, count) = (Int64.max, Int64.min, 0)
    while count < MediaLimits.scannedPackets, scan.read(packet) >= 0 {
      count += 1
      guard let tick = packet.tick else { continue }
      first = min(first, tick)
      let duration = max(packet.pointer.pointee.duration, 0)
      end = max(end, tick.addingReportingOverflow(duration).partialValue)
    }
    if end > first { return (Double(end) - Double(first)) * timeBase }
    return averageFrameRate > 0 ? Double(count) / averageFrameRate : 0
  }
}

extension Video {
  /// An iterator over decoded frames in presentation order.
  public struct Frames {
    private let video: Video
    private let generation: Int
    /// Frames that were decoded before the iteration reached its start.
    private var waiting: [VideoFrame] = []
    private var packet = PacketBuffer()
    private var isDrained = false
    private var isPastStart = false
    private var fruitlessPackets = 0
    private var nextTick: Int64?
    /// The presentation time of the first packet since the seek that the decoder rejected; minus infinity if the packet
    /// has no time.
    private(set) var refusedTime: Double?
    private var heardComplaints = 0
    /// True once the packet at which decoding begins was read.
    private var isDecoding = false
    /// True if decoding began with a picture that refers to others, and no independent picture has been decoded since.
    private var leansOnNothing = false
    /// True once there was a frame with an unknown time; all later frames are counted from there.
    private var hasLostCount = false
    /// The requested time in ticks of the container's clock.
    private var goalTick: Int64 = 0
    /// Frames before this tick to which no other frame refers are skipped.
    private var unneededTick = Int64.min
    /// True if frames may have been skipped since the seek.
    private var hasSkipped = false
    /// The presentation time of the keyframe at which decoding began. Frames that are shown before it but follow it in
    /// the file may refer to frames that were not decoded.
    private var keyTick: Int64?

    fileprivate init(video: Video, generation: Int) {
      self.video = video
      self.generation = generation
    }

    /// The next frame; nil after the last one. Damaged parts are skipped: frames that cannot be decoded are missing from
    /// the sequence, and a truncated video ends early.
    ///
    /// - Throws: `MediaError`.
    public mutating func next() throws(MediaError) -> VideoFrame? {
      precondition(
        generation == video.generation, "these frames ended when others were asked of the video")
      return waiting.isEmpty ? decodeNext() : waiting.removeFirst()
    }

    /// Moves the iteration to the frame shown at `time`.
    fileprivate mutating func seek(_ time: Double) throws(MediaError) {
      // Containers seek by decoding time, and streams have leading frames, so that the first frame after a seek may come
      // after `time`. If so, seek an earlier position.
      var back = 0.0
      // Frames to which no other frame refers need not be decoded before the requested one, which is seldom older than
      // this.
      var unneededTime: Double? = time - 0.5
      while true {
        let goal = time - back
        unneededTick = unneededTime.map { $0 > 0 ? video.tick(at: $0) : .min } ?? .min
        let isFromStart = goal <= 0
        isPastStart = !isFromStart
        if isFromStart { video.restart() } else { video.restart(at: goal) }
        isDrained = false
        fruitlessPackets = 0
        nextTick = nil
        refusedTime = nil
        heardComplaints = video.decoder.complaints
        leansOnNothing = false
        hasLostCount = false
        isDecoding = isFromStart
        keyTick = nil
        hasSkipped = false
        goalTick = video.tick(at: time)
        var shown: VideoFrame?
        while let frame = decodeNext() {
          if hasLostCount, !isFromStart { break }
          if frame.time > time + video.timeBase / 1000 {
            waiting = [shown, frame].compactMap { $0 }
            break
          }
          shown = frame
        }
        if hasLostCount, !isFromStart { shown = nil }
        if waiting.isEmpty { waiting = [shown].compactMap { $0 } }
        if hasSkipped, let unneeded = unneededTime, shown.map({ $0.time < unneeded }) ?? true {
          // The frame may be among those that were skipped.
          waiting = []
          unneededTime = nil
          continue
        }
        if shown != nil || isFromStart { return }
        waiting = []
        back = back == 0 ? 0.5 : back * 4
      }
    }

    private mutating func decodeNext() -> VideoFrame? {
      let frame = FrameBuffer()
      while true {
        let status = video.decoder.receive(frame)
        noteComplaints()
        if status >= 0 {
          let tick = frame.pointer.pointee.best_effort_timestamp
          if let keyTick, tick != cff_no_timestamp(), tick < keyTick, isPastStart { continue }
          if leansOnNothing { leansOnNothing = !frame.isIntra }
          return timed(frame)
        }
        if status != cff_error_again(), status != cff_error_eof() { noteRefusal() }
        if isDrained { return nil }
        if video.input.read(packet) < 0 || fruitlessPackets >= MediaLimits.fruitlessPackets {
          isDrained = true
          _ = video.decoder.send(nil)
          continue
        }
        let content = packet.pointer.pointee
        if !isDecoding {
          // MPEG-TS has no index: a seek ends between keyframes, where decoders invent missing content.
          isDecoding = video.keyframeCheck.canBegin(with: packet)
          guard isDecoding else {
            // A keyframe that comes now is too late.
            if content.dts != cff_no_timestamp(), content.dts > goalTick { return nil }
            continue
          }
        }
        fruitlessPackets += 1
        // AVI marks times without a change by empty packets, which decoders treat as the end.
        guard content.size > 0 else { continue }
        if keyTick == nil {
          keyTick = content.pts
          leansOnNothing = !video.keyframeCheck.isIntra(packet)
        }
        let isUnneeded = content.pts != cff_no_timestamp() && content.pts < unneededTick
        video.decoder.skipsUnreferenced = isUnneeded
        if video.decoder.skipsUnreferenced { hasSkipped = true }
        // Skip a damaged packet.
        if video.decoder.send(packet) < 0 || content.flags & AV_PKT_FLAG_CORRUPT != 0 {
          noteRefusal()
        }
        noteComplaints()
      }
    }

    /// Marks frames with the errors that the decoder has reported since the last call.
    private mutating func noteComplaints() {
      guard video.decoder.complaints > heardComplaints else { return }
      heardComplaints = video.decoder.complaints
      noteRefusal()
    }

    private mutating func noteRefusal() {
      let tick = packet.tick
      // Frames before the keyframe refer to frames that were not decoded.
      if let keyTick, let tick, tick < keyTick { return }
      let time = tick.map(video.time) ?? -.infinity
      refusedTime = min(refusedTime ?? .infinity, time)
    }

    private mutating func timed(_ frame: FrameBuffer) -> VideoFrame {
      fruitlessPackets = 0
      let content = frame.pointer.pointee
      // FFmpeg's best effort replaces missing times by decoding times, which it invented.
      let isOwn = video.isReadInOrder && video.input.isTransportStream
      var tick = isOwn ? content.pts : content.best_effort_timestamp
      if tick == cff_no_timestamp() || video.countsFrames {
        hasLostCount = hasLostCount || nextTick == nil
        tick = nextTick ?? video.startTick
      }
      let duration = max(cff_frame_duration(frame.pointer), 0)
      let step = duration > 0 ? duration : video.ticksPerFrame
      nextTick = tick.addingReportingOverflow(step).partialValue
      return VideoFrame(
        time: video.time(of: tick),
        duration: Double(duration) * video.timeBase, buffer: frame,
        orientation: video.orientation, scaler: video.scaler, path: video.path,
        leansOnNothing: leansOnNothing)
    }
  }

  /// The time in seconds for a tick of the container's clock.
  func time(of tick: Int64) -> Double { (Double(tick) - Double(startTick)) * timeBase }

  var ticksPerFrame: Int64 {
    guard averageFrameRate > 0, timeBase > 0 else { return 1 }
    return Int64(min(max(1 / (averageFrameRate * timeBase), 1), 0x1p40))
  }

  /// The last tick of the container's clock that is not after `time`.
  func tick(at time: Double) -> Int64 {
    let ticks = time / timeBase + Double(startTick)
    return ticks < 0x1p62 ? Int64(max(ticks, -0x1p62).rounded(.down)) : Int64(1) << 62
  }

  /// Seeks the keyframe at or before `time`, or else the start; if the container has no index, an approximate position.
  func restart(at time: Double) {
    if isReadInOrder {
      let goal = tick(at: time)
      // Do this before listing the keyframes, which also reads packets.
      let skipped = keyframes.last { $0.tick <= goal }?.packets ?? 0
      restart()
      let packet = PacketBuffer()
      for _ in 0..<skipped { guard input.read(packet) >= 0 else { return } }
      return
    }
    decoder.flush()
    if input.seek(tick(at: time)) < 0 { rewind() }
  }

  private func listKeyframes() -> [(packets: Int, tick: Int64)] {
    // Counting begins at the first frame.
    if countsFrames { return [(0, startTick)] }
    var list: [(packets: Int, tick: Int64)] = []
    var (count, lastTick) = (0, startTick)
    let packet = PacketBuffer()
    restart()
    while count < MediaLimits.scannedPackets, input.read(packet) >= 0 {
      // A packet without a time is shown after all earlier ones.
      lastTick = packet.tick ?? lastTick.addingReportingOverflow(ticksPerFrame).partialValue
      if keyframeCheck.canBegin(with: packet) { list.append((count, lastTick)) }
      count += 1
    }
    return list
  }

  /// The presentation time of the last frame, found by decoding from the last keyframe; nil if no frame can be decoded.
  func decodedEnd() -> Double? {
    guard let last = keyframes.last, let frames = try? frames(from: time(of: last.tick) + 10) else {
      return nil
    }
    var (iterator, end) = (frames, Double?.none)
    while let frame = try? iterator.next() { end = frame.time }
    return end
  }

  /// Seeks the first frame.
  func restart() {
    decoder.flush()
    // FFmpeg would not find the first frame among packets without times.
    if isReadInOrder, input.isTransportStream, input.rewind() >= 0 { return }
    // Some containers seek by decoding time, which begins a few frames before presentation.
    if input.seek(tick(at: -10)) < 0, input.seek(startTick) < 0 { rewind() }
  }

  private func rewind() { if input.seek(min(startTick, 0)) < 0 { _ = input.rewind() } }
}
