/// A sample that a loader has read.
public struct Sample: Sendable {
  /// The ID of the sample.
  public let id: SampleID
  /// The clips of the request, in order; a still is a clip of one frame.
  public let clips: [ClipPixels]
  /// The index of the source of the clips, which may be a replacement for an unreadable source.
  public let source: Int
  /// The request's ``SampleRequest/choice``.
  public let choice: Int

  /// A sample with these clips.
  public init(id: SampleID, clips: [ClipPixels], source: Int, choice: Int = 0) {
    self.id = id
    self.clips = clips
    self.source = source
    self.choice = choice
  }

  /// The same sample with another ID.
  public func renamed(_ id: SampleID) -> Sample {
    Sample(id: id, clips: clips, source: source, choice: choice)
  }

  /// The number of bytes of its pixels.
  public var byteCount: Int { clips.reduce(0) { $0 + $1.pixels.count } }
}

/// The frames of a clip in memory: 8-bit RGB.
public struct ClipPixels: Equatable, Sendable {
  /// The number of frames.
  public let frames: Int
  /// The height in pixels.
  public let height: Int
  /// The width in pixels.
  public let width: Int
  /// The samples, uint8 in 0...255, axes [frames, height, width, 3] with the channels R, G, B.
  public let pixels: [UInt8]

  /// A clip with `pixels` [frames, height, width, 3].
  public init(frames: Int, height: Int, width: Int, pixels: [UInt8]) {
    precondition(
      frames > 0 && pixels.count == frames * height * width * 3,
      "a clip of \(frames)x\(height)x\(width) needs \(frames * height * width * 3) samples")
    self.frames = frames
    self.height = height
    self.width = width
    self.pixels = pixels
  }
}
