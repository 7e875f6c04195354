/// What a loader read for one sample.
public struct Sample: Sendable {
  public let id: SampleID
  /// The clips of the request in its order; a still is a clip of one frame.
  public let clips: [ClipPixels]
  /// The index of the source that the clips are from: a replacement if the one that was asked for could not be read.
  public let source: Int

  public init(id: SampleID, clips: [ClipPixels], source: Int) {
    self.id = id
    self.clips = clips
    self.source = source
  }

  /// The bytes of its pixels.
  public var byteCount: Int { clips.reduce(0) { $0 + $1.pixels.count } }
}

/// The frames of a clip in memory: 8-bit RGB.
public struct ClipPixels: Equatable, Sendable {
  public let frames: Int
  public let height: Int
  public let width: Int
  /// The samples, uint8 in 0...255, axes [frames, height, width, 3] with the channels R, G, B.
  public let pixels: [UInt8]

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
