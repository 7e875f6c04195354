import KeyedRandom

/// Information about a source that is known before its frames are decoded.
public struct SourceInfo: Hashable, Sendable {
  /// The time of the last frame in seconds after the first; 0 for a still picture.
  public let lastFrameTime: Double
  /// The number of frames; 1 for a still picture. Hostile files may claim any number.
  public let frameCount: Int
  /// The times of the frames in seconds after the first, ascending; nil if they are evenly spaced.
  public let frameTimes: [Double]?

  /// Information about a source whose frames are evenly spaced.
  public init(lastFrameTime: Double, frameCount: Int = 1) {
    self.lastFrameTime = lastFrameTime
    self.frameCount = frameCount
    frameTimes = nil
  }

  /// Information about a source with frames at these times: at least one, ascending, in seconds after the first.
  public init(lastFrameTime: Double, frameTimes: [Double]) {
    precondition(!frameTimes.isEmpty, "a source has at least one frame")
    self.lastFrameTime = lastFrameTime
    frameCount = frameTimes.count
    self.frameTimes = frameTimes
  }

  /// The times of `count` frames, each `interval`-th from the frame `first` on, which may lie before or beyond the video. A time
  /// is in the middle between its frame and the next, so that rounding in the container neither repeats nor omits a frame.
  public func times(ofFrames first: Int, count: Int, interval: Int = 1) -> [Double] {
    let (start, end) = (frameTimes?.first ?? 0, frameTimes?.last ?? lastFrameTime)
    let step = frameCount > 1 ? (end - start) / Double(frameCount - 1) : 0
    return (0..<count).map { index in
      let frame = first + index * interval
      guard let frameTimes else { return (Double(frame) + 0.5) * step }
      let last = frameCount - 1
      if frame < 0 { return start + (Double(frame) + 0.5) * step }
      if frame >= last { return end + (Double(frame - last) + 0.5) * step }
      return frameTimes[frame] + (frameTimes[frame + 1] - frameTimes[frame]) / 2
    }
  }
}

/// A request to a loader: the frames of a source to read, and their crop.
public struct SampleRequest: Sendable {
  /// The frames to read.
  public enum Frames: Sendable {
    /// One frame at the given share (0 ..< 1) of the source's duration. If it is damaged, an earlier frame is used.
    case still(at: Double)
    /// Clips, each a list of ascending times in seconds after the first frame. The last frame is repeated for later
    /// times. None of the frames may be damaged.
    case clips([[Double]])
  }

  /// The frames to read.
  public var frames: Frames
  /// The crop.
  public var crop: CropRule
  /// True to use one crop for all clips of the sample, false to draw a crop for each clip.
  public var sharesCrop: Bool
  /// What was drawn before reading because it determines what is read, such as the sample's class; 0 if nothing was. The
  /// task gets it with the sample.
  public var choice: Int

  /// A request for these frames.
  public init(_ frames: Frames, crop: CropRule, sharesCrop: Bool = true, choice: Int = 0) {
    self.frames = frames
    self.crop = crop
    self.sharesCrop = sharesCrop
    self.choice = choice
  }
}

/// The rule by which samples are read from sources.
public struct SampleRule: Sendable {
  /// False if a single frame suffices, so that no information about the source is needed in advance.
  public let readsClips: Bool
  /// The number of frames of a video that a sample needs: shorter videos are skipped, and counted. Nil if every source is long
  /// enough; then frames must be requested by time, because those of a video of variable rate are not counted.
  public let span: Int?
  /// Returns the frames and the crop for a source. It draws from the generator, from which the loader then draws the
  /// crop.
  public let request: @Sendable (SourceInfo, inout KeyedGenerator) -> SampleRequest

  /// A rule for reading samples.
  ///
  /// - Parameters:
  ///   - readsClips: true if `request` returns ``SampleRequest/Frames/clips(_:)``.
  ///   - span: the number of frames that a sample needs; nil for samples from every source.
  ///   - request: see ``request``.
  public init(
    readsClips: Bool, span: Int? = nil,
    request: @escaping @Sendable (SourceInfo, inout KeyedGenerator) -> SampleRequest
  ) {
    self.readsClips = readsClips
    self.span = span
    self.request = request
  }
}

extension SampleRule {
  /// A still of `height` x `width` pixels at a uniformly random time and position.
  public static func randomStill(height: Int, width: Int) -> SampleRule {
    SampleRule(readsClips: false) { _, generator in
      SampleRequest(
        .still(at: generator.uniform()), crop: .randomWindow(height: height, width: width))
    }
  }

  /// A still of `height` x `width` pixels from the middle of the source, centered in the frame.
  public static func centerStill(height: Int, width: Int) -> SampleRule {
    SampleRule(readsClips: false) { _, _ in
      SampleRequest(.still(at: 0.5), crop: .centerWindow(height: height, width: width))
    }
  }
}
