/// The times of a clip's frames: a fixed number of equal steps, independent of the frame rate of the video.
///
/// At a constant rate r, a clip that starts at s shows the frames floor((s + k * step) * r).
public struct ClipSampling: Hashable, Codable, Sendable {
  /// The number of frames N.
  public var frames: Int
  /// The distance between the clip's frames, in frames of a video at the target rate.
  public var interval: Int
  /// The target rate in frames per second.
  public var targetRate: Double

  /// A sampling with these values.
  public init(frames: Int = 16, interval: Int = 4, targetRate: Double = 30) {
    precondition(frames > 0 && interval > 0 && targetRate > 0)
    self.frames = frames
    self.interval = interval
    self.targetRate = targetRate
  }

  /// The seconds between consecutive frames.
  public var step: Double { Double(interval) / targetRate }

  /// The times of a clip's frames, in seconds.
  public func times(from start: Double) -> [Double] {
    (0..<frames).map { start + Double($0) * step }
  }

  /// The latest start at which the clip ends by the video's last frame; 0 for shorter videos, whose last frame is
  /// repeated.
  public func latestStart(lastFrameTime: Double) -> Double {
    max(0, lastFrameTime - Double(frames - 1) * step)
  }

  /// The start of a training clip; uniform if `draw` is uniform in 0 ..< 1.
  public func trainingStart(draw: Double, lastFrameTime: Double) -> Double {
    draw * latestStart(lastFrameTime: lastFrameTime)
  }

  /// The starts of `clips` test clips, evenly spaced from the first to the last possible one; the middle for a single
  /// clip.
  public func testStarts(clips: Int, lastFrameTime: Double) -> [Double] {
    precondition(clips > 0, "a video is tested with at least one clip, not \(clips)")
    let latest = latestStart(lastFrameTime: lastFrameTime)
    guard clips > 1 else { return [latest / 2] }
    return (0..<clips).map { latest * (Double($0) / Double(clips - 1)) }
  }
}
