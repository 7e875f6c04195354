import KeyedRandom

/// Clips of consecutive frames of one video with equal gaps between them, counted in the video's own frames.
public struct ClipTuple: Hashable, Sendable {
  /// The number of clips K.
  public let clips: Int
  /// The number of frames of a clip.
  public let frames: Int
  /// The number of frames between two clips.
  public let gap: Int

  /// A tuple with these values.
  public init(clips: Int, frames: Int, gap: Int) {
    precondition(clips > 0 && frames > 0 && gap >= 0)
    self.clips = clips
    self.frames = frames
    self.gap = gap
  }

  /// The number of frames from the first to the last, inclusive.
  public var span: Int { clips * frames + (clips - 1) * gap }

  /// The first frames of the clips of a tuple that begins at the frame `first`: they are ``frames`` + ``gap`` apart.
  public func starts(from first: Int) -> [Int] { (0..<clips).map { first + $0 * (frames + gap) } }

  /// The times of the clips of a tuple that begins at the frame `first` of a source.
  public func times(from first: Int, in source: SourceInfo) -> [[Double]] {
    starts(from: first).map { source.times(ofFrames: $0, count: frames) }
  }
}

extension SourceInfo {
  /// The first of `span` consecutive frames of the source: uniformly random if `atRandom`, else in the middle; 0 if the source
  /// is shorter.
  public func firstFrame(ofSpan span: Int, using generator: inout KeyedGenerator, atRandom: Bool)
    -> Int
  {
    let free = max(0, frameCount - span)
    return atRandom ? generator.integer(below: free + 1) : free / 2
  }
}
