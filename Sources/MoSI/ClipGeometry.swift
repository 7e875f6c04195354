// The path of the window: the paper's section 3.1, eq. 2

/// The sizes of sources and clips, and the paths of the window.
public struct ClipGeometry: Hashable, Sendable {
  /// The height H of a source in pixels.
  public let sourceHeight: Int
  /// The width W of a source in pixels.
  public let sourceWidth: Int
  /// The height of a clip in pixels.
  public let height: Int
  /// The width of a clip in pixels.
  public let width: Int
  /// The number of frames N of a clip.
  public let frames: Int

  /// The geometry for these sizes. Traps if a clip is larger than its source or has fewer than 2 frames.
  public init(sourceHeight: Int, sourceWidth: Int, height: Int, width: Int, frames: Int) {
    precondition(
      0 < height && height <= sourceHeight && 0 < width && width <= sourceWidth && frames > 1,
      "no clip of \(frames) frames of \(width)x\(height) fits a source of \(sourceWidth)x\(sourceHeight)"
    )
    self.sourceHeight = sourceHeight
    self.sourceWidth = sourceWidth
    self.height = height
    self.width = width
    self.frames = frames
  }

  /// Square sources and clips with sides Ls and L, as in the paper.
  public init(source: Int, clip: Int, frames: Int) {
    self.init(
      sourceHeight: source, sourceWidth: source, height: clip, width: clip, frames: frames)
  }

  /// The positions of the window along one axis: the path of eq. 2, rounded.
  public struct Path: Hashable, Sendable {
    /// The integer starts for which the end is within the source.
    public let starts: ClosedRange<Int>
    /// The offset in pixels of each frame's window from the start. The exact path is rounded for each frame, with halves
    /// away from the start, so that opposite motions are mirror images.
    public let offsets: [Int]
    /// The distance D of eq. 2 in pixels, negative to the left or up.
    public let distance: Double

    /// The start of the path that is centered in the source (for validation), rounded down.
    public var centeredStart: Int { (starts.lowerBound + starts.upperBound) / 2 }
  }

  /// The path along the horizontal axis at speed `speed` of `granularity` (x and K in eq. 2).
  public func horizontalPath(speed: Int, granularity: Int) -> Path {
    path(room: sourceWidth - width, speed: speed, granularity: granularity)
  }

  /// The path along the vertical axis at speed `speed` of `granularity` (y and K in eq. 2).
  public func verticalPath(speed: Int, granularity: Int) -> Path {
    path(room: sourceHeight - height, speed: speed, granularity: granularity)
  }

  /// Uses integers only: the exact offset of frame n is room * speed * n / (K * (N - 1)).
  private func path(room: Int, speed: Int, granularity: Int) -> Path {
    precondition(Swift.abs(speed) <= granularity, "speed \(speed) is beyond K = \(granularity)")
    let traveled = room * Swift.abs(speed)
    let direction = speed.signum()
    let denominator = granularity * (frames - 1)
    let offsets = (0..<frames).map { frame in
      direction * ((2 * traveled * frame + denominator) / (2 * denominator))
    }
    let reach = (traveled + granularity - 1) / granularity  // D rounded away from zero
    return Path(
      starts: direction < 0 ? reach...room : 0...(room - reach),
      offsets: offsets,
      distance: Double(direction * traveled) / Double(granularity))
  }
}
