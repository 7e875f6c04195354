/// The frames of a clip: a fixed number at equal steps of time, for any frame rate of the video.
///
/// At a constant rate r the clip that starts at s shows the frames floor((s + k * step) * r).
public struct ClipSampling: Hashable, Codable, Sendable {
  /// The number of frames N.
  public var frames: Int
  /// The frames of a video of the target rate from one of the clip to the next.
  public var interval: Int
  /// Frames a second.
  public var targetRate: Double

  public init(frames: Int = 16, interval: Int = 4, targetRate: Double = 30) {
    precondition(frames > 0 && interval > 0 && targetRate > 0)
    self.frames = frames
    self.interval = interval
    self.targetRate = targetRate
  }

  /// Seconds from one frame to the next.
  public var step: Double { Double(interval) / targetRate }

  /// The times of a clip's frames, in seconds.
  public func times(from start: Double) -> [Double] {
    (0..<frames).map { start + Double($0) * step }
  }

  /// The latest start for which the clip does not go beyond the video's last frame; zero for videos that
  /// are shorter than the clip, whose last frame is then repeated.
  public func latestStart(lastFrameTime: Double) -> Double {
    max(0, lastFrameTime - Double(frames - 1) * step)
  }

  /// The start of a training clip, uniform for `draw` uniform in 0 ..< 1.
  public func trainingStart(draw: Double, lastFrameTime: Double) -> Double {
    draw * latestStart(lastFrameTime: lastFrameTime)
  }

  /// The starts of `clips` test clips, spread evenly from the first to the last possible one; of a single
  /// clip the middle.
  public func testStarts(clips: Int, lastFrameTime: Double) -> [Double] {
    precondition(clips > 0, "a video is tested with at least one clip, not \(clips)")
    let latest = latestStart(lastFrameTime: lastFrameTime)
    guard clips > 1 else { return [latest / 2] }
    return (0..<clips).map { latest * (Double($0) / Double(clips - 1)) }
  }
}
