import CFFmpeg

/// An open video file. Not for sharing: one thread, one handle.
///
/// All times are in seconds from the stream's start as the container gives it, after edit lists: the
/// presentation time of the first frame, up to a frame or so if the container is vague (AVI).
public final class Video {
  /// The file.
  public let path: String
  /// The width as displayed, in pixels, after rotation.
  public let width: Int
  /// The height as displayed, in pixels, after rotation.
  public let height: Int
  /// The average number of frames a second; zero if the file does not say.
  public let averageFrameRate: Double
  /// The length in seconds of a tick of the container's clock.
  public let timeBase: Double
  /// The length in seconds: the container's word, or if it is silent, of the packets.
  public private(set) lazy var duration = input.declaredDuration ?? scannedDuration()
  /// The presentation time of the last frame, in seconds: where the packets end, whatever the container
  /// says, and in a file that was cut off, where it would have ended by the container's word.
  ///
  /// Asking for it the first time ends iterators, as ``frames(from:)`` does.
  public private(set) lazy var lastFrameTime = findLastFrameTime()

  let input: MediaInput
  private let decoder: Decoder
  private let orientation: Orientation
  private let scaler = FrameScaler()
  private let startTick: Int64
  private let keyframeCheck: KeyframeCheck
  private var generation = 0
  /// Whether frames are timed by their number, for the container's times are not theirs.
  private let countsFrames: Bool
  /// Whether the container's own way of seeking is not used.
  private(set) lazy var isReadInOrder = countsFrames || input.hasVagueClock
  /// The keyframes in a file that is read in order: the packets before each, and about its time.
  private lazy var keyframes = listKeyframes()

  /// Opens a video.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - threads: The decoder's threads; zero lets FFmpeg choose.
  /// - Throws: `MediaError` if the file cannot be read, has no video stream, has frames above
  ///   67 million pixels, or is coded in a way that this FFmpeg does not know.
  public init(contentsOf path: String, threads: Int = 1) throws(MediaError) {
    self.path = path
    input = try MediaInput(path)
    let parameters = input.parameters.pointee
    let (storedWidth, storedHeight) = (Int(parameters.width), Int(parameters.height))
    guard storedWidth > 0, storedHeight > 0 else {
      throw MediaError(.damaged, path, "is cut off or damaged: its video stream has no size")
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

  /// The frames in order of presentation, from the one shown at `time` on: the decoder goes to the
  /// keyframe before and decodes only from there. `time` before the first frame means the first.
  ///
  /// Asking for frames again ends the iterators given out before; calling them then is an error of
  /// the program.
  public func frames(from time: Double = 0) throws(MediaError) -> Frames {
    endIterators()
    var frames = Frames(video: self, generation: generation)
    try frames.seek(time)
    return frames
  }

  /// The frame that is shown at `time`: the last one whose presentation time is not after it (for a
  /// time before the first frame, the first). Found by seeking.
  ///
  /// - Throws: `MediaError` if no frame decodes there.
  public func frame(at time: Double) throws(MediaError) -> VideoFrame {
    var frames = try frames(from: time)
    guard let frame = try frames.next() else {
      throw MediaError(.damaged, path, "has no frame that decodes at \(time) s")
    }
    return frame
  }

  /// The picture shown at `fraction`, in 0 ..< 1, of the duration.
  ///
  /// Where the frames end before the duration does (a video that was cut off, a duration that is not
  /// true), it is a fraction of what is there. Where frames are damaged, half the time is tried, a
  /// quarter and so on down to the first frame. So equal calls give equal pictures.
  ///
  /// - Throws: `MediaError` if no frame of the video decodes, or for unsuitable sizes.
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
      // The last frame answers for nothing that should have come more than a second after it.
      var isShown = time <= frame.time + max(frame.duration, 1)
      if !isShown { isShown = try frames.next() != nil }
      if isShown, !frame.isDamaged { return try frame.picture(shortSide: shortSide) }
      if time == 0 { break }
      if isShown || knowsEnd {
        time = time > 0.1 ? time / 2 : 0
      } else {
        // One search for the end is enough, however absurd the duration.
        knowsEnd = true
        time = fraction * end
      }
    }
    // Whatever there is, even if damaged.
    var frames = try frames(from: 0)
    guard let frame = try frames.next() else {
      throw MediaError(.damaged, path, "has no frame that decodes")
    }
    return try frame.picture(shortSide: shortSide)
  }

  /// Ends the iterators given out so far.
  func endIterators() { generation += 1 }

  private func scannedDuration() -> Double {
    // Another handle, so that the scan disturbs no iterator.
    guard let scan = try? MediaInput(path) else { return 0 }
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
  /// An iterator over decoded frames, in order of presentation.
  public struct Frames {
    private let video: Video
    private let generation: Int
    /// Frames that were decoded on the way to where the iteration starts.
    private var waiting: [VideoFrame] = []
    private var packet = PacketBuffer()
    private var isDrained = false
    private var isPastStart = false
    private var fruitlessPackets = 0
    private var nextTick: Int64?
    /// The presentation time of the first packet since the seek that the decoder refused; minus
    /// infinity if the packet has no time.
    private(set) var refusedTime: Double?
    private var heardComplaints = 0
    /// Whether the packet has come with which decoding begins.
    private var isDecoding = false
    /// Decoding began with a picture that needs others, and none that needs none has been decoded yet.
    private var leansOnNothing = false
    /// A frame has come whose time is not known; all that follow it are counted from there.
    private var hasLostCount = false
    /// The time that is sought, by the container's clock.
    private var goalTick: Int64 = 0
    /// Before this tick frames that no other leans on are skipped.
    private var unneededTick = Int64.min
    /// Whether some may have been skipped since the seek.
    private var hasSkipped = false
    /// The presentation time of the keyframe where decoding began. Frames shown before it that follow
    /// it in the file may lean on frames that were never decoded.
    private var keyTick: Int64?

    fileprivate init(video: Video, generation: Int) {
      self.video = video
      self.generation = generation
    }

    /// The next frame; nil after the last one. Damaged spots are skipped: what cannot be decoded
    /// is missing from the sequence, and a video cut off ends early.
    public mutating func next() throws(MediaError) -> VideoFrame? {
      precondition(
        generation == video.generation, "these frames ended when others were asked of the video")
      return waiting.isEmpty ? decodeNext() : waiting.removeFirst()
    }

    /// Brings the iteration to the frame shown at `time`.
    fileprivate mutating func seek(_ time: Double) throws(MediaError) {
      // Containers seek by decoding time and streams have leading frames, so the first frame after
      // the seek may come after `time`: then go further back.
      var back = 0.0
      // Frames that no other leans on need no decoding before the one that is sought, which is seldom older than this.
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
          // It may be among those that were skipped.
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
          // MPEG-TS has no index: a seek ends between keyframes, where decoders invent what is missing.
          isDecoding = video.keyframeCheck.canBegin(with: packet)
          guard isDecoding else {
            // A keyframe that comes now is shown too late.
            if content.dts != cff_no_timestamp(), content.dts > goalTick { return nil }
            continue
          }
        }
        fruitlessPackets += 1
        // AVI marks times at which nothing changes by empty packets; to the decoder they mean the end.
        guard content.size > 0 else { continue }
        if keyTick == nil {
          keyTick = content.pts
          leansOnNothing = !video.keyframeCheck.isIntra(packet)
        }
        let isUnneeded = content.pts != cff_no_timestamp() && content.pts < unneededTick
        video.decoder.skipsUnreferenced = isUnneeded
        if video.decoder.skipsUnreferenced { hasSkipped = true }
        // A damaged packet is skipped.
        if video.decoder.send(packet) < 0 || content.flags & AV_PKT_FLAG_CORRUPT != 0 {
          noteRefusal()
        }
        noteComplaints()
      }
    }

    /// Of what the decoder has spoken of since it was asked last.
    private mutating func noteComplaints() {
      guard video.decoder.complaints > heardComplaints else { return }
      heardComplaints = video.decoder.complaints
      noteRefusal()
    }

    private mutating func noteRefusal() {
      let tick = packet.tick
      // What goes before the keyframe leans on frames that were never decoded.
      if let keyTick, let tick, tick < keyTick { return }
      let time = tick.map(video.time) ?? -.infinity
      refusedTime = min(refusedTime ?? .infinity, time)
    }

    private mutating func timed(_ frame: FrameBuffer) -> VideoFrame {
      fruitlessPackets = 0
      let content = frame.pointer.pointee
      // FFmpeg's best takes times of decoding, which it made up, for those that are missing.
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

  /// The time in seconds of a tick of the container's clock.
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

  /// Goes to the keyframe at or before `time`, or failing that to the start; if the container has
  /// no index, somewhere near.
  func restart(at time: Double) {
    if isReadInOrder {
      let goal = tick(at: time)
      // Before the keyframes are listed, which reads packets, too.
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
    // Counting begins with the first frame.
    if countsFrames { return [(0, startTick)] }
    var list: [(packets: Int, tick: Int64)] = []
    var (count, lastTick) = (0, startTick)
    let packet = PacketBuffer()
    restart()
    while count < MediaLimits.scannedPackets, input.read(packet) >= 0 {
      // One without a time is shown after all that went before.
      lastTick = packet.tick ?? lastTick.addingReportingOverflow(ticksPerFrame).partialValue
      if keyframeCheck.canBegin(with: packet) { list.append((count, lastTick)) }
      count += 1
    }
    return list
  }

  /// The presentation time of the last frame, found by decoding from the last keyframe on; nil where no
  /// frame decodes.
  func decodedEnd() -> Double? {
    guard let last = keyframes.last, let frames = try? frames(from: time(of: last.tick) + 10) else {
      return nil
    }
    var (iterator, end) = (frames, Double?.none)
    while let frame = try? iterator.next() { end = frame.time }
    return end
  }

  /// Goes to the first frame.
  func restart() {
    decoder.flush()
    // Among packets without times FFmpeg would not find the first.
    if isReadInOrder, input.isTransportStream, input.rewind() >= 0 { return }
    // Some containers seek by decoding time, which begins some frames before presentation does.
    if input.seek(tick(at: -10)) < 0, input.seek(startTick) < 0 { rewind() }
  }

  private func rewind() { if input.seek(min(startTick, 0)) < 0 { _ = input.rewind() } }
}
