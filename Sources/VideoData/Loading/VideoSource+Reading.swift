import KeyedRandom
import Media
import VideoSamples

extension VideoSource {
  /// Information that is known before frames are decoded.
  ///
  /// - Throws: `MediaError` if the source cannot be read.
  public func info() throws(MediaError) -> SourceInfo {
    try OpenSource(self).info(countsFrames: true)
  }

  /// The clips of one sample by `rule`; all random numbers are drawn from `generator`.
  ///
  /// - Throws: `MediaError` if the source or a frame that the sample needs cannot be read.
  public func clips(_ rule: SampleRule, using generator: inout KeyedGenerator)
    throws(MediaError) -> [ClipPixels]
  {
    try read(rule, cachedAt: nil, using: &generator).clips
  }

  /// The clips on which the source is tested, read in one pass.
  ///
  /// - Throws: `MediaError` if the source or a frame that the clips need cannot be read.
  public func clips(_ test: TestClips) throws(MediaError) -> [ClipPixels] {
    var unused = KeyedGenerator()
    return try clips(
      SampleRule(readsClips: true) { source, _ in test.request(of: source) }, using: &unused)
  }

  /// A still of `height` x `width` pixels: a frame at a uniformly random time, scaled to the smallest size that covers
  /// the still and cropped at a uniformly random position.
  ///
  /// - Throws: `MediaError` if the source contains no readable picture.
  public func still(height: Int, width: Int, using generator: inout KeyedGenerator)
    throws(MediaError) -> Picture
  {
    try clips(.randomStill(height: height, width: width), using: &generator)[0].pictures[0]
  }

  /// As ``clips(_:using:)``, but uses the pictures that `cache` keeps for this source at an index, and returns also the
  /// request's choice.
  func read(
    _ rule: SampleRule, cachedAt cache: (cache: PictureCache, index: Int)?,
    using generator: inout KeyedGenerator
  ) throws(MediaError) -> (clips: [ClipPixels], choice: Int) {
    if let kept = cache.flatMap({ $0.cache.pictures(of: $0.index) }) {
      let request = rule.request(kept.info, &generator)
      let clips = try cut(request, &generator) { (times) throws(MediaError) in
        kept.pictures.pictures(shownAt: times)
      }
      return (clips, request.choice)
    }
    let open = try OpenSource(self, redrawing: &generator)
    // Finding the end of a video may require reading all of it. Only samples of several frames need it, and only those with
    // a span need the number of frames.
    let info =
      rule.readsClips ? open.info(countsFrames: rule.span != nil) : SourceInfo(lastFrameTime: 0)
    if let span = rule.span, info.frameCount < span {
      throw MediaError(
        .unsuitableSize, description,
        "is too short: it has \(info.frameCount) of the \(span) frames of a sample")
    }
    let request = rule.request(info, &generator)
    let shortSide = request.crop.shortSide
    if case .still(let share) = request.frames {
      let picture = try open.picture(at: share, shortSide: shortSide)
      return (request.cut([[picture]], using: &generator), request.choice)
    }
    let kept = cache.flatMap {
      $0.cache.pictures(of: $0.index, open, info, shortSide: shortSide)
    }
    let clips = try cut(request, &generator) { (times) throws(MediaError) in
      if let kept { return kept.pictures(shownAt: times) }
      return try open.pictures(shownAt: times, shortSide: shortSide)
    }
    return (clips, request.choice)
  }

  /// The clips of a request, read in one pass.
  private func cut(
    _ request: SampleRequest, _ generator: inout KeyedGenerator,
    pictures: (_ times: [Double]) throws(MediaError) -> [Picture]
  ) throws(MediaError) -> [ClipPixels] {
    guard case .clips(let clips) = request.frames else {
      preconditionFailure("a still has no times")
    }
    if clips.count == 1 { return request.cut([try pictures(clips[0])], using: &generator) }
    let union = Set(clips.joined()).sorted()
    let pictureAt = Dictionary(uniqueKeysWithValues: zip(union, try pictures(union)))
    return request.cut(clips.map { $0.compactMap { pictureAt[$0] } }, using: &generator)
  }
}

extension SampleRequest {
  /// The crops of the frames of each clip.
  fileprivate func cut(_ clips: [[Picture]], using generator: inout KeyedGenerator) -> [ClipPixels]
  {
    let (height, width) = crop.size
    var crops: [SpatialPreset.Crop] = []
    return clips.flatMap { frames in
      if crops.isEmpty || !sharesCrop {
        crops = crop.crops(
          width: frames[0].width, height: frames[0].height, using: &generator)
      }
      return crops.map { ClipPixels(frames, crop: $0, height: height, width: width) }
    }
  }
}
