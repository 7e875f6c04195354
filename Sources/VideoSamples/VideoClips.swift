import KeyedRandom

/// Clips for training on actions: one clip a video at a uniform start, with a random crop and mirrored at random.
public struct TrainingClips: Hashable, Sendable {
  public let sampling: ClipSampling
  public let preset: SpatialPreset
  /// The height and width in pixels.
  public let side: Int
  /// The probability with which a clip is mirrored.
  public let flip: Double

  public init(
    _ sampling: ClipSampling, preset: SpatialPreset, side: Int = 112, flip: Double = 0.5
  ) {
    precondition(side > 0, "a clip has a positive side, not \(side)")
    self.sampling = sampling
    self.preset = preset
    self.side = side
    self.flip = flip
  }

  public var rule: SampleRule {
    SampleRule(readsClips: true) { source, generator in
      let start = sampling.trainingStart(
        draw: generator.uniform(), lastFrameTime: source.lastFrameTime)
      return SampleRequest(
        .clips([sampling.times(from: start)]),
        crop: .training(preset, side: side, flip: flip))
    }
  }
}

/// The clips that a video is tested with: `clips` starts spread evenly over the video, each with 1 or 3 crops.
public struct TestClips: Hashable, Sendable {
  public let sampling: ClipSampling
  public let preset: SpatialPreset
  /// The height and width in pixels.
  public let side: Int
  /// The number of starts.
  public let clips: Int
  /// At each start, 1 (the center) or 3 (also both ends of the long side); the crops of a start stand together.
  public let crops: Int

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

  /// When the clips of a source start, in seconds.
  public func starts(of source: SourceInfo) -> [Double] {
    sampling.testStarts(clips: clips, lastFrameTime: source.lastFrameTime)
  }

  /// `clips` x `crops` clips.
  public func request(of source: SourceInfo) -> SampleRequest {
    SampleRequest(
      .clips(starts(of: source).map { sampling.times(from: $0) }),
      crop: .test(preset, side: side, crops: crops))
  }
}
