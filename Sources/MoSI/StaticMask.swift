// Static masks: the paper's section 3.2, eq. 3.

import KeyedRandom
import Torch

/// Leaves a clip's motion within a region alone; all around it is the content of one of its frames.
public enum StaticMask {
  /// The region that moves, and the frame that fills the rest.
  public struct Region: Hashable, Sendable {
    /// The region's left edge in pixels.
    public var x: Int
    /// The region's upper edge in pixels.
    public var y: Int
    /// The side Lm in pixels of the square, or of the one whose area the silhouette is to have.
    public var side: Int
    /// The region's form; nil for the square.
    public var silhouette: Silhouette?
    /// The frame q whose content is the background.
    public var backgroundFrame: Int

    public init(
      x: Int, y: Int, side: Int, silhouette: Silhouette? = nil, backgroundFrame: Int
    ) {
      self.x = x
      self.y = y
      self.side = side
      self.silhouette = silhouette
      self.backgroundFrame = backgroundFrame
    }

    /// The number of its pixels.
    public var area: Int { silhouette?.area ?? side * side }

    /// The corners of its outline in order, in pixels from the frame's left and upper edge.
    public var corners: [SIMD2<Double>] {
      let size = Double(side)
      let corners = silhouette?.corners ?? [[0, 0], [size, 0], [size, size], [0, size]]
      return corners.map { $0 + SIMD2(Double(x), Double(y)) }
    }

    /// True where a pixel belongs to it: [height, width] of the frame, row by row.
    public func mask(height: Int, width: Int) -> [Bool] {
      StaticMask.mask([self], height: height, width: width)
    }
  }

  /// A region of the area of a square whose side over the clip's shorter side is uniform in `ratio`, at a uniform
  /// place wholly inside the frame.
  ///
  /// - Parameters:
  ///   - ratio: of the side.
  ///   - shape: its form; see ``RegionShape`` for what becomes of an area that does not fit.
  ///   - geometry: of the clip.
  ///   - backgroundFrames: of which one is drawn, uniformly; nil for all.
  ///   - generator: what is drawn from.
  public static func randomRegion(
    ratio: ClosedRange<Double>, shape: RegionShape = .square, geometry: ClipGeometry,
    backgroundFrames: Range<Int>? = nil, using generator: inout KeyedGenerator
  ) -> Region {
    let longest = Swift.min(geometry.height, geometry.width)
    let drawn = (generator.uniform(in: ratio) * Double(longest)).rounded()
    let side = Swift.min(Swift.max(Int(drawn), 1), longest)
    let silhouette = Silhouette.random(
      shape, side: side, frame: (geometry.width, geometry.height), using: &generator)
    let frames = backgroundFrames ?? 0..<geometry.frames
    return Region(
      x: generator.integer(below: geometry.width - (silhouette?.width ?? side) + 1),
      y: generator.integer(below: geometry.height - (silhouette?.height ?? side) + 1),
      side: side, silhouette: silhouette,
      backgroundFrame: frames.lowerBound + generator.integer(below: frames.count))
  }

  /// The clips with everything outside of their regions frozen: eq. 3.
  ///
  /// - Parameters:
  ///   - frames: [M, N, C, height, width].
  ///   - regions: one for each of the M clips.
  ///   - background: what is outside instead, of the frames' shape and type; nil for eq. 3's: each clip's frame q.
  /// - Returns: the same shape and type.
  public static func apply(
    _ regions: [Region], to frames: Tensor, over background: Tensor? = nil
  ) -> Tensor {
    let shape = frames.shape
    let (clips, height, width) = (shape[0], shape[3], shape[4])
    precondition(regions.count == clips, "\(regions.count) regions for \(clips) clips")
    let device = frames.device
    let moving = Tensor(
      mask(regions, height: height, width: width), shape: [clips, 1, 1, height, width]
    ).to(device)
    let background =
      background
      ?? frames.gathered([
        Tensor.indices(clips, device: device), Tensor(regions.map(\.backgroundFrame)).to(device),
      ]).unsqueezed(1)
    return moving.choose(frames, background)
  }

  /// [M, height, width].
  private static func mask(_ regions: [Region], height: Int, width: Int) -> [Bool] {
    Array(unsafeUninitializedCapacity: regions.count * height * width) { mask, count in
      mask.initialize(repeating: false)
      func fill(_ region: Int, row: Int, columns: Range<Int>) {
        let first = (region * height + row) * width + columns.lowerBound
        mask[first..<first + columns.count].update(repeating: true)
      }
      for (index, region) in regions.enumerated() {
        if let silhouette = region.silhouette {
          for span in silhouette.spans {
            let columns = region.x + span.columns.lowerBound..<region.x + span.columns.upperBound
            fill(index, row: region.y + span.row, columns: columns)
          }
        } else {
          for row in region.y..<region.y + region.side {
            fill(index, row: row, columns: region.x..<region.x + region.side)
          }
        }
      }
      count = regions.count * height * width
    }
  }
}

/// How regions are drawn: the range of the unmasked square's side, relative to the clip's, how it changes while
/// training, and what is not in the paper: other shapes and a background that moves.
///
/// The paper draws it from [0.3, 0.5] throughout. On small budgets that task is learned late or not at all; begun with
/// squares that are almost as large as the frame, which then shrink, it is learned.
public struct MaskSchedule: Hashable, Sendable {
  /// The range in the end, and at validation.
  public let final: ClosedRange<Double>
  /// Where the range starts and the share of the run in which it moves to ``final``; nil for no curriculum.
  public let curriculum: Curriculum?
  /// The regions' form.
  public let shape: RegionShape
  /// How fast a background moves at most, as a share of the slowest moving label's pixels a frame
  /// (``DriftingBackground``); nil for the paper's, which stands still.
  public let backgroundSpeed: Double?

  public struct Curriculum: Hashable, Sendable {
    public let initial: ClosedRange<Double>
    /// In (0, 1]: the share of the run in which the bounds move, linearly.
    public let share: Double

    public init(initial: ClosedRange<Double> = 0.95...1, share: Double = 0.6) {
      self.initial = initial
      self.share = share
    }
  }

  public init(
    final: ClosedRange<Double> = 0.3...0.5, curriculum: Curriculum? = nil,
    shape: RegionShape = .square, backgroundSpeed: Double? = nil
  ) {
    self.final = final
    self.curriculum = curriculum
    self.shape = shape
    self.backgroundSpeed = backgroundSpeed
  }

  /// The range at `progress`, 0 at the run's start and 1 at its end.
  public func range(at progress: Double) -> ClosedRange<Double> {
    guard let curriculum, progress < curriculum.share else { return final }
    let way = progress / curriculum.share
    func between(_ a: Double, _ b: Double) -> Double { a + (b - a) * way }
    return between(
      curriculum.initial.lowerBound, final.lowerBound)...between(
        curriculum.initial.upperBound, final.upperBound)
  }
}
