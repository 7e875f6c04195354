import KeyedRandom

/// The rule for training clips of actions: one clip per video at a uniformly random start, with a random crop, mirrored
/// at random; or several with the same frames, each with its own crop.
public struct TrainingClips: Hashable, Sendable {
  /// The times of a clip's frames.
  public let sampling: ClipSampling
  /// The kind of crop.
  public let preset: SpatialPreset
  /// The height and width of a clip in pixels.
  public let side: Int
  /// The probability that a clip is mirrored.
  public let flip: Double
  /// The number of clips.
  public let repeats: Int

  /// A rule with these values.
  public init(
    _ sampling: ClipSampling, preset: SpatialPreset, side: Int = 112, flip: Double = 0.5,
    repeats: Int = 1
  ) {
    precondition(side > 0, "a clip has a positive side, not \(side)")
    precondition(repeats > 0, "a sample has at least one clip, not \(repeats)")
    self.repeats = repeats
    self.sampling = sampling
    self.preset = preset
    self.side = side
    self.flip = flip
  }

  /// The rule for loading the clips.
  public var rule: SampleRule {
    SampleRule(readsClips: true) { source, generator in
      let start = sampling.trainingStart(
        draw: generator.uniform(), lastFrameTime: source.lastFrameTime)
      return SampleRequest(
        .clips(Array(repeating: sampling.times(from: start), count: repeats)),
        crop: .training(preset, side: side, flip: flip), sharesCrop: false)
    }
  }
}

/// The clips on which a video is tested: `clips` evenly spaced starts, each with 1 or 3 crops.
public struct TestClips: Hashable, Sendable {
  /// The times of a clip's frames.
  public let sampling: ClipSampling
  /// The kind of crop.
  public let preset: SpatialPreset
  /// The height and width of a clip in pixels.
  public let side: Int
  /// The number of starts.
  public let clips: Int
  /// The number of crops at each start: 1 (the center) or 3 (also both ends of the long side). Crops of the same start
  /// are adjacent.
  public let crops: Int

  /// The clips with these values.
  public init(
    _ sampling: ClipSampling, preset: SpatialPreset, side: Int = 112, clips: Int, crops: Int = 1
  ) {
    precondition(side > 0, "a clip has a positive side, not \(side)")
    self.sampling = sampling
    self.preset = preset
    self.side = side
    self.clips = clips
    self.crops = crops
  }

  /// The starts of a source's clips in seconds.
  public func starts(of source: SourceInfo) -> [Double] {
    sampling.testStarts(clips: clips, lastFrameTime: source.lastFrameTime)
  }

  /// A request for `clips` x `crops` clips.
  public func request(of source: SourceInfo) -> SampleRequest {
    SampleRequest(
      .clips(starts(of: source).map { sampling.times(from: $0) }),
      crop: .test(preset, side: side, crops: crops))
  }
}
