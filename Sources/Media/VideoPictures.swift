extension Video {
  /// The pictures shown at `times`, for training and evaluation: unlike an iterator, it takes no damaged
  /// video for a shorter one.
  ///
  /// A frame is shown from its presentation time on, until the next one is; the first frame also before
  /// and the last one ever after. As times are computed, one that lies before a frame's presentation time by
  /// less than a thousandth of a frame, or than the rounding of the container's clock, shows that frame.
  ///
  /// - Parameters:
  ///   - times: seconds, ascending. Only what lies between them is decoded, from the keyframe before.
  ///   - shortSide: of the pictures, in pixels (nil keeps the size).
  /// - Returns: A picture for each time, all of one size; times that show the same frame share it.
  /// - Throws: `MediaError` if a frame asked for is damaged, a packet does not decode, the frames end
  ///   before the packets do or before the file would if it were whole, the size changes, or the video has
  ///   no frame rate.
  public func pictures(shownAt times: [Double], shortSide: Int?) throws(MediaError) -> [Picture] {
    guard let first = times.first else { return [] }
    let leeway = try self.leeway
    // Before the iterator begins, for it may read packets.
    let lastFrameTime = self.lastFrameTime
    var frames = try StrictFrames(self, from: first + leeway)
    var result: [Picture] = []
    var reached = min(first, lastFrameTime)
    var shownTime: Double?
    for time in times.map({ $0 + leeway }) {
      let goal = min(time, lastFrameTime)
      if goal - reached > Video.longGap { frames = try StrictFrames(self, from: goal) }
      reached = max(reached, goal)
      try frames.advance(to: time, lastFrameTime: lastFrameTime)
      if let shownTime, shownTime == frames.shown.time {
        result.append(result[result.count - 1])
      } else {
        let picture = try frames.shown.picture(shortSide: shortSide)
        if let first = result.first { try requireSize(of: first, picture) }
        result.append(picture)
        shownTime = frames.shown.time
      }
    }
    return result
  }

  /// Every picture of the video with its time, by the rules of ``pictures(shownAt:shortSide:)``; nil where
  /// they take more than `bytes`.
  public func allPictures(shortSide: Int?, bytes: Int) throws(MediaError) -> TimedPictures? {
    let leeway = try self.leeway
    let lastFrameTime = self.lastFrameTime
    var free = bytes
    var frames = try StrictFrames(self, from: 0)
    var (times, pictures): ([Double], [Picture]) = ([], [])
    repeat {
      let picture = try frames.shown.picture(shortSide: shortSide)
      if let first = pictures.first { try requireSize(of: first, picture) }
      free -= picture.pixels.count
      guard free >= 0 else { return nil }
      times.append(frames.shown.time)
      pictures.append(picture)
    } while try frames.advance(lastFrameTime: lastFrameTime)
    return TimedPictures(
      times: times, pictures: pictures, lastFrameTime: lastFrameTime, leeway: leeway)
  }

  /// Over gaps of more seconds than this it is sought and not decoded.
  private static var longGap: Double { 10 }

  private var leeway: Double {
    get throws(MediaError) {
      guard averageFrameRate > 0 else {
        throw MediaError(.damaged, path, "has no frame rate: copy it into another container")
      }
      let (frame, rounding) = (1 / averageFrameRate, timeBase / 2)
      return max(frame / 1000, rounding < frame / 20 ? rounding * 1.001 : 0)
    }
  }

  private func requireSize(of first: Picture, _ picture: Picture) throws(MediaError) {
    guard picture.width == first.width, picture.height == first.height else {
      throw MediaError(.unsuitableSize, path, "changes the size of its frames on the way")
    }
  }
}

/// Frames of which none may be missing or damaged.
private struct StrictFrames {
  private let video: Video
  private var frames: Video.Frames
  private(set) var shown: VideoFrame
  private var next: VideoFrame?

  init(_ video: Video, from time: Double) throws(MediaError) {
    self.video = video
    frames = try video.frames(from: time)
    guard let frame = try frames.next() else {
      throw MediaError(.damaged, video.path, "has no frame that decodes at \(text(time)) s")
    }
    shown = frame
    next = try frames.next()
    try check(frame, until: frame.time)
  }

  /// Goes to the frame shown at `time`.
  mutating func advance(to time: Double, lastFrameTime: Double) throws(MediaError) {
    while let frame = next, frame.time <= time {
      shown = frame
      next = try frames.next()
    }
    try check(shown, until: time)
    if next == nil { try checkEnd(time, lastFrameTime) }
  }

  /// Goes to the next frame; false at the end.
  mutating func advance(lastFrameTime: Double) throws(MediaError) -> Bool {
    guard let frame = next else {
      try checkEnd(.infinity, lastFrameTime)
      return false
    }
    shown = frame
    next = try frames.next()
    try check(frame, until: next?.time ?? .infinity)
    return true
  }

  private func check(_ frame: VideoFrame, until time: Double) throws(MediaError) {
    let refused = frames.refusedTime.flatMap { $0 <= time ? max($0, 0) : nil }
    guard let damage = refused ?? (frame.isDamaged ? frame.time : nil) else { return }
    throw MediaError(.damaged, video.path, "is damaged at \(text(damage)) s")
  }

  /// Frames may end a little before the packets: the last packets of some containers hold none.
  private func checkEnd(_ time: Double, _ lastFrameTime: Double) throws(MediaError) {
    let slack = 2.5 / video.averageFrameRate
    guard time > shown.time + slack, lastFrameTime > shown.time + slack else { return }
    let frame = 1 / video.averageFrameRate
    throw MediaError(
      .damaged, video.path,
      "breaks off at \(text(shown.time + frame)) s of \(text(lastFrameTime + frame)) s")
  }
}

/// Seconds in a message.
private func text(_ time: Double) -> String {
  time.magnitude < 1e12 ? "\((time * 10).rounded() / 10)" : "\(time)"
}

/// The pictures of a video in memory, with the times from which on they are shown.
public struct TimedPictures: Sendable {
  /// Ascending, in seconds.
  public let times: [Double]
  /// One for each of the times.
  public let pictures: [Picture]
  /// As ``Video/lastFrameTime``.
  public let lastFrameTime: Double
  let leeway: Double

  /// What ``Video/pictures(shownAt:shortSide:)`` returns.
  public func pictures(shownAt times: [Double]) -> [Picture] {
    var index = 0
    return times.map { time in
      while index + 1 < self.times.count, self.times[index + 1] <= time + leeway { index += 1 }
      return pictures[index]
    }
  }
}
