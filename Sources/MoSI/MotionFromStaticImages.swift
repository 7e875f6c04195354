// The whole of MoSI: the paper's section 3, with the augmentation of its appendix.

import KeyedRandom
import Torch

/// Learning motion from static images: each source gives a clip for every motion of the label pool, jittered in
/// colour, frozen outside of a square, normalized.
public struct MotionFromStaticImages: PretextTask {
  public let motion: PseudoMotion
  /// nil for unmasked MoSI.
  public let mask: MaskSchedule?
  public let jitter: ColorJitter
  public let normalization: Normalization

  public init(
    motion: PseudoMotion, mask: MaskSchedule? = MaskSchedule(), jitter: ColorJitter = ColorJitter(),
    normalization: Normalization = .video
  ) {
    self.motion = motion
    self.mask = mask
    self.jitter = jitter
    self.normalization = normalization
  }

  public var classNames: [String] {
    motion.labels.motions.map { motion in
      motion.speed == 0 ? motion.direction : "\(motion.direction) \(motion.speed)"
    }
  }

  public var sourceSize: (height: Int, width: Int) {
    (motion.geometry.sourceHeight, motion.geometry.sourceWidth)
  }

  public var clipsPerSource: Int { motion.labels.count }

  /// All that is random about one clip.
  public struct ClipDraw: Sendable {
    public var start: PseudoMotion.Start
    /// nil for no jitter.
    public var jitter: ColorJitter.ClipDraw?
    /// nil for no mask.
    public var region: StaticMask.Region?
  }

  /// The draws for the clips of one source, a clip a label.
  public func draw(using generator: inout KeyedGenerator, purpose: ClipPurpose) -> [ClipDraw] {
    let starts: [PseudoMotion.Start]
    let ratio: ClosedRange<Double>?
    let isTraining: Bool
    switch purpose {
    case .training(let progress):
      starts = motion.randomStarts(using: &generator)
      ratio = mask?.range(at: progress)
      isTraining = true
    case .validation:
      starts = motion.centredStarts
      ratio = mask?.final
      isTraining = false
    }
    return starts.map { start in
      ClipDraw(
        start: start,
        jitter: isTraining && jitter != .none
          ? jitter.draw(frames: motion.geometry.frames, using: &generator) : nil,
        region: ratio.map {
          StaticMask.randomRegion(ratio: $0, geometry: motion.geometry, using: &generator)
        })
    }
  }

  /// The clips of the draws, before normalization: what a person would see.
  ///
  /// - Parameters:
  ///   - sources: uint8 [B, 3, H, W].
  ///   - draws: for each source those of ``draw(using:purpose:)``.
  /// - Returns: float32 [B * labels, N, 3, height, width] in 0...1.
  public func frames(of sources: Tensor, draws: [[ClipDraw]]) -> Tensor {
    var frames =
      motion.frames(of: sources, starts: draws.map { $0.map(\.start) }).to(.float32) * (1 / 255)
    let clips = draws.flatMap { $0 }
    let jitters = clips.compactMap(\.jitter)
    if !jitters.isEmpty { frames = ColorJitter.apply(jitters, to: frames) }
    let regions = clips.compactMap(\.region)
    // After the jitter, so that the background is one and the same jittered frame: exactly static.
    if !regions.isEmpty { frames = StaticMask.apply(regions, to: frames) }
    return frames
  }

  public func clips(from sources: Tensor, generators: [KeyedGenerator], purpose: ClipPurpose)
    -> LabelledClips
  {
    withoutGradients {
      let draws = generators.map { generator in
        var generator = generator
        return draw(using: &generator, purpose: purpose)
      }
      let labels = draws.flatMap { $0.indices }
      return LabelledClips(
        clips: normalization.clips(from: frames(of: sources, draws: draws)),
        labels: Tensor(labels).to(sources.device))
    }
  }
}
