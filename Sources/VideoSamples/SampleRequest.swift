import KeyedRandom

/// What is known of a source before its frames are decoded.
public struct SourceInfo: Hashable, Sendable {
  /// When the last frame is shown, in seconds after the first; 0 for a still picture.
  public let lastFrameTime: Double

  public init(lastFrameTime: Double) { self.lastFrameTime = lastFrameTime }
}

/// A request to a loader: the frames to read of one source, and how they are cropped.
public struct SampleRequest: Sendable {
  /// Which frames.
  public enum Frames: Sendable {
    /// One frame, at this share (0 ..< 1) of the source's duration. A frame that is damaged gives way to an earlier one.
    case still(at: Double)
    /// Clips, each a list of ascending times in seconds after the first frame; the last frame is shown for ever after. None
    /// of the frames may be damaged.
    case clips([[Double]])
  }

  public var frames: Frames
  public var crop: CropRule
  /// True for one crop for all clips of the sample, false for a crop of its own for each.
  public var sharesCrop: Bool

  public init(_ frames: Frames, crop: CropRule, sharesCrop: Bool = true) {
    self.frames = frames
    self.crop = crop
    self.sharesCrop = sharesCrop
  }
}

/// What becomes of a video that is shorter than what a sample spans.
public enum ShortVideoPolicy: String, Codable, CaseIterable, Sendable {
  /// The last frame is repeated.
  case repeatLastFrame = "repeat"
  /// The video is not used, and counted among the skipped ones.
  case skip
}

/// How a kind of sample is read from sources.
public struct SampleRule: Sendable {
  /// False if a single frame of a source is enough, so that nothing need be known of the source before.
  public let readsClips: Bool
  /// The seconds that a sample spans, and what becomes of shorter videos; nil if every source is long enough.
  public let span: (seconds: Double, policy: ShortVideoPolicy)?
  /// The frames and the crop. Everything random is drawn from the generator, from which the loader then draws the crop.
  public let request: @Sendable (SourceInfo, inout KeyedGenerator) -> SampleRequest

  /// - Parameters:
  ///   - readsClips: whether `request` asks for ``SampleRequest/Frames/clips(_:)``.
  ///   - span: the seconds from a sample's first frame to its last.
  ///   - request: see ``request``.
  public init(
    readsClips: Bool, span: (seconds: Double, policy: ShortVideoPolicy)? = nil,
    request: @escaping @Sendable (SourceInfo, inout KeyedGenerator) -> SampleRequest
  ) {
    self.readsClips = readsClips
    self.span = span
    self.request = request
  }
}

extension SampleRule {
  /// A still of `height` x `width` pixels at a uniform time and place.
  public static func randomStill(height: Int, width: Int) -> SampleRule {
    SampleRule(readsClips: false) { _, generator in
      SampleRequest(
        .still(at: generator.uniform()), crop: .randomWindow(height: height, width: width))
    }
  }

  /// A still of `height` x `width` pixels in the middle of the source's duration and of the frame.
  public static func centerStill(height: Int, width: Int) -> SampleRule {
    SampleRule(readsClips: false) { _, _ in
      SampleRequest(.still(at: 0.5), crop: .centerWindow(height: height, width: width))
    }
  }
}
