// PMG: Ishikawa, Kondo and Aoki, "Data Collection-free Masked Video Modeling" (ECCV 2024)

import KeyedRandom
import Pretext
import Torch
import VideoSamples

/// Makes a clip of a still by transforming it again and again, I(i+1) = f(I(i)): the pseudo motion generator of PMG.
///
/// Each frame is sampled from the still by the product of the maps so far, so that it is as sharp as the still;
/// ``Sampling/recursive`` samples it from the frame before, as the paper does. The parts of a still that a frame may need
/// are left around the first frame if the still is large enough, else the mirror image of the still continues it: a constant
/// border would give patches whose normalized pixels are noise.
public struct PseudoMotionGenerator: ClipMotion {
  /// How frames are sampled.
  public enum Sampling: String, CaseIterable, Sendable {
    /// From the still, once.
    case composed
    /// From the frame before it, so that the last frame was interpolated as often as there are steps.
    case recursive
  }

  /// The transformations.
  public let transformations: StillTransformations
  /// The number of frames of a clip.
  public let frames: Int
  /// The height and width of a clip in pixels.
  public let side: Int
  /// The height and width of a still in pixels.
  public let sourceSide: Int
  /// How frames are sampled.
  public let sampling: Sampling
  /// The parameter of the beta distribution with which each training clip is mixed with the next one of its batch; nil for no
  /// mixing.
  public let mixup: Double?

  /// A generator with these settings. Traps if clips are larger than stills or have fewer than 2 frames.
  public init(
    transformations: StillTransformations = StillTransformations(), frames: Int = 16,
    side: Int = 224, sourceSide: Int = 320, sampling: Sampling = .composed, mixup: Double? = nil
  ) {
    precondition(
      0 < side && side <= sourceSide && frames > 1,
      "no clip of \(frames) frames of \(side) pixels fits a still of \(sourceSide)")
    self.transformations = transformations
    self.frames = frames
    self.side = side
    self.sourceSide = sourceSide
    self.sampling = sampling
    self.mixup = mixup
  }

  /// The number of frames, and `side` twice.
  public var clipExtent: Extent3 { Extent3(frames, side, side) }
  /// 1.
  public var clipsPerSample: Int { 1 }
  /// False.
  public var needsMotion: Bool { false }

  /// One still: at a uniformly random time and position in training, at the center in validation.
  public func rule(for purpose: Purpose) -> SampleRule {
    purpose.isTraining
      ? .randomStill(height: sourceSide, width: sourceSide)
      : .centerStill(height: sourceSide, width: sourceSide)
  }

  /// All random values of a clip.
  public struct ClipDraw: Sendable {
    /// The transformations.
    public var video: StillTransformations.Draw
    /// The left and top edge of the first frame in the still, in pixels.
    public var start: SIMD2<Int>
    /// The share that the clip keeps if it is mixed with the next one; 1 for all.
    public var share: Double
  }

  /// Draws the values of a clip. The first frame is at a random place from which all frames lie in the still if there is
  /// one, else where they exceed it least.
  public func draw(using generator: inout KeyedGenerator, purpose: Purpose) -> ClipDraw {
    let video = transformations.draw(frames: frames, side: side, using: &generator)
    let corners = video.maps.flatMap { map in ProjectiveMap.corners.map { map($0) } }
    /// The first frame's edge along an axis on which the positions of all corners are `places`, in half sides from its center.
    func start(_ places: [Double]) -> Int {
      let half = Double(side) / 2
      let first = Int((half * (-places.min()! - 1) - 1e-6).rounded(.up))
      let last = Int(
        (Double(sourceSide) - half * (places.max()! + 1) + 1e-6).rounded(.down))
      // Draw in any case, so that the other draws do not depend on the sizes.
      let draw = generator.uniform()
      let room = sourceSide - side
      guard first <= last else { return min(max((first + last) / 2, 0), room) }
      return purpose.isTraining
        ? first + Int(draw * Double(last - first + 1)) : (first + last) / 2
    }
    let place = SIMD2(start(corners.map(\.x)), start(corners.map(\.y)))
    let isMixed = purpose.isTraining && mixup != nil
    return ClipDraw(
      video: video, start: place, share: isMixed ? generator.beta(mixup!) : 1)
  }

  /// A clip of each sample's still.
  public func clips(_ samples: [Sample], for purpose: Purpose, on device: Device) -> Tensor {
    withoutGradients {
      let draws = samples.map { sample in
        var generator = sample.id.generator(.augmentation)
        return draw(using: &generator, purpose: purpose)
      }
      return clips(of: Tensor.stills(samples).to(device).unitRange, draws)
    }
  }

  /// The clips of stills.
  ///
  /// - Parameters:
  ///   - stills: float32 [B, 3, sourceSide, sourceSide] in 0...1.
  ///   - draws: the values for each of them, for this generator's sizes.
  /// - Returns: float32 [B, 3, frames, side, side] in 0...1.
  public func clips(of stills: Tensor, _ draws: [ClipDraw]) -> Tensor {
    precondition(
      stills.shape == [draws.count, 3, sourceSide, sourceSide],
      "stills \(stills.shape) instead of \(draws.count) of \(sourceSide)x\(sourceSide)")
    var clips = sampling == .composed ? composed(stills, draws) : repeated(stills, draws)
    if draws.contains(where: { $0.video.colors != nil }) { clips = colored(clips, draws) }
    if draws.contains(where: { $0.video.patch != nil }) { clips = patched(clips, stills, draws) }
    return draws.contains { $0.share < 1 } ? mixed(clips, draws) : clips
  }

  // MARK: Geometry

  /// The map from positions in the first frame, in half sides from its center, to those in the still, from -1 to 1.
  private func placement(_ start: SIMD2<Int>) -> ProjectiveMap {
    let ratio = Double(side) / Double(sourceSide)
    func center(_ edge: Int) -> Double {
      (2 * Double(edge) + Double(side)) / Double(sourceSide) - 1
    }
    return ProjectiveMap([ratio, 0, center(start.x), 0, ratio, center(start.y), 0, 0, 1])
  }

  /// All frames sampled from the stills: one call, in which the frames of a clip are below each other.
  private func composed(_ stills: Tensor, _ draws: [ClipDraw]) -> Tensor {
    let maps = draws.map { draw in
      let placement = placement(draw.start)
      return draw.video.maps.map { placement.after($0) }
    }
    return stills.sampled(at: positions(maps, side: side, on: stills.device))
      .reshaped([draws.count, 3, frames, side, side])
  }

  /// Each frame sampled from the whole transformed still before it.
  private func repeated(_ stills: Tensor, _ draws: [ClipDraw]) -> Tensor {
    var canvas = stills
    var result: [Tensor] = []
    for frame in 0..<frames {
      if frame > 0 {
        let maps = draws.map { draw in
          let placement = placement(draw.start)
          return [placement.after(draw.video.steps[frame - 1]).after(placement.inverse)]
        }
        canvas = canvas.sampled(at: positions(maps, side: sourceSide, on: stills.device))
      }
      result.append(
        .stacked(
          draws.enumerated().map { index, draw in
            canvas.selected(0, index)
              .sliced(1, draw.start.y..<draw.start.y + side)
              .sliced(2, draw.start.x..<draw.start.x + side)
          }))
    }
    return .stacked(result, axis: 2)
  }

  /// The positions to which maps, the same number for each of B stills, take the pixels of frames: float32 [B, maps *
  /// side, side, 2].
  private func positions(_ maps: [[ProjectiveMap]], side: Int, on device: Device) -> Tensor {
    let (x, y) = Self.centers(side)
    let ones = Tensor.ones([side * side])
    let pixels = Tensor.stacked([x, y, ones], axis: 1).to(device)  // [side * side, 3]
    let matrices = Tensor(
      maps.joined().flatMap { $0.matrix.map(Float.init) }, shape: [maps.count, maps[0].count, 3, 3]
    ).to(device)
    let images = pixels.matmul(matrices.permuted([0, 1, 3, 2]))  // [B, maps, side * side, 3]
    return (images.sliced(3, 0..<2) / images.sliced(3, 2..<3))
      .reshaped([maps.count, -1, side, 2])
  }

  /// The centers of the pixels of a square, from -1 to 1, row by row: x and y, float32 [side * side] each.
  private static func centers(_ side: Int) -> (x: Tensor, y: Tensor) {
    let line = Tensor((0..<side).map { Float(2 * $0 + 1) / Float(side) - 1 })
    return (
      line.reshaped([1, side]).expanded([side, side]).flattened(),
      line.reshaped([side, 1]).expanded([side, side]).flattened()
    )
  }

  // MARK: Colors and mixtures

  private func colored(_ clips: Tensor, _ draws: [ClipDraw]) -> Tensor {
    let plain = ColorJitter.ClipDraw(isGray: false, frames: Array(repeating: [], count: frames))
    return ColorJitter.apply(
      draws.map { $0.video.colors ?? plain }, to: clips.permuted([0, 2, 1, 3, 4])
    ).permuted([0, 2, 1, 3, 4])
  }

  /// Clips with a rectangle of the next still of the batch; in a batch of one, of the same still.
  private func patched(_ clips: Tensor, _ stills: Tensor, _ draws: [ClipDraw]) -> Tensor {
    let nowhere = StillTransformations.Draw.Patch(
      height: 0, width: 0, corners: Array(repeating: SIMD2(0, 0), count: frames))
    let patches = draws.map { $0.video.patch ?? nowhere }
    let partners = draws.indices.map { ($0 + 1) % draws.count }
    // The content moves with the rectangle: a shift of the other still's first frame.
    let maps = zip(patches, partners).map { patch, partner in
      let placement = placement(draws[partner].start)
      return patch.corners.map { corner in
        let way = SIMD2<Double>(patch.corners[0] &- corner) * (2 / Double(side))
        return placement.after(.shift(way))
      }
    }
    let content = stills.selected(0, indices: Tensor(partners).to(stills.device))
      .sampled(at: positions(maps, side: side, on: stills.device))
      .reshaped([draws.count, 3, frames, side, side])
    let pixels = Tensor.indices(side, device: stills.device)
    /// int64 [B, frames] as [B, 1, frames, 1, 1].
    func bound(_ value: (StillTransformations.Draw.Patch, SIMD2<Int>) -> Int) -> Tensor {
      Tensor(
        patches.flatMap { patch in patch.corners.map { value(patch, $0) } },
        shape: [draws.count, 1, frames, 1, 1]
      ).to(stills.device)
    }
    func covers(_ pixels: Tensor, _ first: Tensor, _ end: Tensor) -> Tensor {
      pixels.greaterOrEqual(to: first).logicalAnd(pixels.less(than: end))
    }
    let isInside = covers(
      pixels.reshaped([1, 1, 1, 1, side]), bound { $1.x }, bound { $1.x + $0.width }
    ).logicalAnd(
      covers(
        pixels.reshaped([1, 1, 1, side, 1]), bound { $1.y }, bound { $1.y + $0.height }))
    return isInside.choose(content, clips)
  }

  /// Each clip mixed with the next one of the batch, frame by frame.
  private func mixed(_ clips: Tensor, _ draws: [ClipDraw]) -> Tensor {
    let count = draws.count
    let next = Tensor.concatenated([clips.sliced(0, 1..<count), clips.sliced(0, 0..<1)])
    let shares = Tensor(draws.map { Float($0.share) }, shape: [count, 1, 1, 1, 1])
      .to(clips.device)
    return next.interpolated(to: clips, by: shares)
  }
}
