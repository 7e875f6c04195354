// Static masks: the paper's section 3.2, eq. 3.

import KeyedRandom
import Torch

/// Freezes a clip everywhere but in a square, at the content of one of its frames.
public enum StaticMask {
  /// The square that moves, and the frame that fills the rest.
  public struct Region: Hashable, Sendable {
    /// The square's left edge in pixels.
    public var x: Int
    /// The square's upper edge in pixels.
    public var y: Int
    /// The square's side Lm in pixels.
    public var side: Int
    /// The frame q whose content is the background.
    public var backgroundFrame: Int

    public init(x: Int, y: Int, side: Int, backgroundFrame: Int) {
      self.x = x
      self.y = y
      self.side = side
      self.backgroundFrame = backgroundFrame
    }
  }

  /// A region whose side over the clip's shorter side is uniform in `ratio`, at a uniform place, with a
  /// uniform background frame.
  public static func randomRegion(
    ratio: ClosedRange<Double>, geometry: ClipGeometry, using generator: inout KeyedGenerator
  ) -> Region {
    let longest = Swift.min(geometry.height, geometry.width)
    let drawn = (generator.uniform(in: ratio) * Double(longest)).rounded()
    let side = Swift.min(Swift.max(Int(drawn), 1), longest)
    return Region(
      x: generator.integer(below: geometry.width - side + 1),
      y: generator.integer(below: geometry.height - side + 1),
      side: side,
      backgroundFrame: generator.integer(below: geometry.frames))
  }

  /// The clips with everything outside their regions frozen: eq. 3.
  ///
  /// - Parameters:
  ///   - frames: [M, N, C, height, width].
  ///   - regions: one for each of the M clips.
  /// - Returns: the same shape and type.
  public static func apply(_ regions: [Region], to frames: Tensor) -> Tensor {
    let shape = frames.shape
    let (clips, height, width) = (shape[0], shape[3], shape[4])
    precondition(regions.count == clips, "\(regions.count) regions for \(clips) clips")
    let device = frames.device
    func column(_ value: (Region) -> Int) -> Tensor {
      Tensor(regions.map(value), shape: [clips, 1]).to(device)
    }
    /// True [M, extent] from `start` on for `side` pixels.
    func inside(_ extent: Int, _ start: (Region) -> Int) -> Tensor {
      let distance = Tensor.indices(extent, device: device) - column(start)
      return distance.greaterOrEqual(to: Tensor(scalar: 0).to(device))
        .logicalAnd(distance.less(than: column(\.side)))
    }
    let moving = inside(height, \.y).reshaped([clips, 1, 1, height, 1])
      .logicalAnd(inside(width, \.x).reshaped([clips, 1, 1, 1, width]))
    let background = frames.gathered([
      Tensor.indices(clips, device: device), Tensor(regions.map(\.backgroundFrame)).to(device),
    ]).unsqueezed(1)
    return moving.choose(frames, background)
  }
}

/// The range of the unmasked square's side, relative to the clip's, and how it changes while training.
///
/// The paper draws it from [0.3, 0.5] throughout. On small budgets that task stays at chance; begun with
/// squares that leave almost everything moving and narrowed from there, it is learnt.
public struct MaskSchedule: Hashable, Sendable {
  /// The range in the end, and at validation.
  public let final: ClosedRange<Double>
  /// Where the range starts and the share of the run in which it moves to ``final``; nil for no curriculum.
  public let curriculum: Curriculum?

  public struct Curriculum: Hashable, Sendable {
    public let initial: ClosedRange<Double>
    /// In (0, 1]: the share of the run in which the bounds move, linearly.
    public let share: Double

    public init(initial: ClosedRange<Double> = 0.95...1, share: Double = 0.6) {
      self.initial = initial
      self.share = share
    }
  }

  public init(final: ClosedRange<Double> = 0.3...0.5, curriculum: Curriculum? = nil) {
    self.final = final
    self.curriculum = curriculum
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
