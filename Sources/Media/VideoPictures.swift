extension Video {
  /// The pictures shown at `times`, for training and evaluation. Unlike an iterator, it does not treat a damaged video as
  /// a shorter one.
  ///
  /// A frame is shown from its presentation time until that of the next; the first frame also before that, and the last
  /// one forever. Because times are computed, a time that precedes a frame's presentation time by less than a thousandth
  /// of a frame, or by less than the resolution of the container's clock, shows that frame.
  ///
  /// - Parameters:
  ///   - times: Seconds, ascending. Only frames from the keyframe before the first to the last of them are decoded.
  ///   - shortSide: The short side of the pictures in pixels; nil for no scaling.
  /// - Returns: A picture for each time, all of the same size; times that show the same frame share a picture.
  /// - Throws: `MediaError` if a required frame is damaged, a packet cannot be decoded, the frames end before the packets
  ///   or before the end of the complete file, the size changes, or the video has no frame rate.
  public func pictures(shownAt times: [Double], shortSide: Int?) throws(MediaError) -> [Picture] {
    guard let first = times.first else { return [] }
    let leeway = try self.leeway
    // Do this before the iterator begins, because it may read packets.
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

  /// All pictures of the video with their times, by the rules of ``pictures(shownAt:shortSide:)``; nil if they need more
  /// than `bytes`.
  ///
  /// - Throws: `MediaError`.
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

  /// Gaps of more seconds than this are skipped by seeking instead of decoding.
  private static var longGap: Double { 10 }

  /// The seconds by which a time may precede the frame that it shows.
  var leeway: Double {
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

/// Frames none of which may be missing or damaged.
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

  /// Moves to the frame shown at `time`.
  mutating func advance(to time: Double, lastFrameTime: Double) throws(MediaError) {
    while let frame = next, frame.time <= time {
      shown = frame
      next = try frames.next()
    }
    try check(shown, until: time)
    if next == nil { try checkEnd(time, lastFrameTime) }
  }

  /// Moves to the next frame; returns false at the end.
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

  /// Frames may end shortly before the packets: the last packets of some containers contain none.
  private func checkEnd(_ time: Double, _ lastFrameTime: Double) throws(MediaError) {
    let slack = 2.5 / video.averageFrameRate
    guard time > shown.time + slack, lastFrameTime > shown.time + slack else { return }
    let frame = 1 / video.averageFrameRate
    throw MediaError(
      .damaged, video.path,
      "breaks off at \(text(shown.time + frame)) s of \(text(lastFrameTime + frame)) s")
  }
}

/// Seconds for a message.
private func text(_ time: Double) -> String {
  time.magnitude < 1e12 ? "\((time * 10).rounded() / 10)" : "\(time)"
}

/// The pictures of a video in memory with their presentation times.
public struct TimedPictures: Sendable {
  /// The times in seconds, ascending.
  public let times: [Double]
  /// The picture for each time.
  public let pictures: [Picture]
  /// The time of the last frame; see ``Video/lastFrameTime``.
  public let lastFrameTime: Double
  let leeway: Double

  /// The pictures that ``Video/pictures(shownAt:shortSide:)`` would return.
  public func pictures(shownAt times: [Double]) -> [Picture] {
    var index = 0
    return times.map { time in
      while index + 1 < self.times.count, self.times[index + 1] <= time + leeway { index += 1 }
      return pictures[index]
    }
  }
}
