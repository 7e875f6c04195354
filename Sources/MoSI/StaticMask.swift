// Static masks: the paper's section 3.2, eq. 3

import KeyedRandom
import Torch

/// Keeps the motion of a clip inside a region, and fills the rest with one of its frames.
public enum StaticMask {
  /// The region that moves, and the frame that fills the rest.
  public struct Region: Hashable, Sendable {
    /// The region's left edge in pixels.
    public var x: Int
    /// The region's top edge in pixels.
    public var y: Int
    /// The side Lm in pixels of the square, or of the square whose area the silhouette has.
    public var side: Int
    /// The shape of the region; nil for the square.
    public var silhouette: Silhouette?
    /// The frame q that fills the background.
    public var backgroundFrame: Int

    /// A region at this position.
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

    /// The corners of its outline in order, in pixels from the frame's left and top edges.
    public var corners: [SIMD2<Double>] {
      let size = Double(side)
      let corners = silhouette?.corners ?? [[0, 0], [size, 0], [size, size], [0, size]]
      return corners.map { $0 + SIMD2(Double(x), Double(y)) }
    }

    /// True for the pixels of the region: [height, width] of the frame, in rows.
    public func mask(height: Int, width: Int) -> [Bool] {
      StaticMask.mask([self], height: height, width: width)
    }
  }

  /// Draws a region whose area is that of a square; the ratio between the sides of this square and of the clip (its
  /// shorter side) is uniform in `ratio`. The region's position is uniform inside the frame.
  ///
  /// - Parameters:
  ///   - ratio: the range of the ratio.
  ///   - shape: the shape; see ``RegionShape`` for areas that do not fit.
  ///   - geometry: the size of the clip.
  ///   - backgroundFrames: the frames from which q is drawn uniformly; nil for all.
  ///   - generator: draws the random values.
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

  /// Freezes clips outside their regions: eq. 3.
  ///
  /// - Parameters:
  ///   - frames: [M, N, C, height, width].
  ///   - regions: a region for each of the M clips.
  ///   - background: the content outside the regions, in the frames' shape and type; nil for each clip's frame q, as in
  ///     eq. 3.
  /// - Returns: the masked frames, in the same shape and type.
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

  /// The masks [M, height, width], true inside regions.
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

/// The schedule of the static mask: the range of the ratio between the sides of the region and of the clip, and how it
/// changes during training. It also has options that are not in the paper: other shapes and a moving background.
///
/// The paper draws the ratio from [0.3, 0.5] throughout. With small budgets, that task is learned late or not at all; a
/// curriculum that begins with squares almost as large as the frame, which then shrink, makes it learnable.
public struct MaskSchedule: Hashable, Sendable {
  /// The range at the end and in validation.
  public let final: ClosedRange<Double>
  /// The initial range and the share of the run in which it moves to ``final``; nil for no curriculum.
  public let curriculum: Curriculum?
  /// The shape of regions.
  public let shape: RegionShape
  /// The maximum speed of a background as a share of the speed of the slowest moving label in pixels per frame
  /// (``DriftingBackground``); nil for a static background, as in the paper.
  public let backgroundSpeed: Double?

  /// A change of the range during training.
  public struct Curriculum: Hashable, Sendable {
    /// The initial range.
    public let initial: ClosedRange<Double>
    /// The share of the run, in (0, 1], in which the bounds move linearly.
    public let share: Double

    /// A curriculum.
    public init(initial: ClosedRange<Double> = 0.95...1, share: Double = 0.6) {
      self.initial = initial
      self.share = share
    }
  }

  /// A schedule.
  public init(
    final: ClosedRange<Double> = 0.3...0.5, curriculum: Curriculum? = nil,
    shape: RegionShape = .square, backgroundSpeed: Double? = nil
  ) {
    self.final = final
    self.curriculum = curriculum
    self.shape = shape
    self.backgroundSpeed = backgroundSpeed
  }

  /// The range at `progress`, which is 0 at the run's start and 1 at its end.
  public func range(at progress: Double) -> ClosedRange<Double> {
    guard let curriculum, progress < curriculum.share else { return final }
    let way = progress / curriculum.share
    func between(_ a: Double, _ b: Double) -> Double { a + (b - a) * way }
    return between(
      curriculum.initial.lowerBound, final.lowerBound)...between(
        curriculum.initial.upperBound, final.upperBound)
  }
}
