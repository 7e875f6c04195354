// The complete MoSI task: the paper's section 3, with the augmentation of its appendix

import KeyedRandom
import Pretext
import Torch
import VideoModels
import VideoSamples

/// Motion from static images: each source becomes one clip for each motion of the label pool, with color jitter, frozen
/// outside a region, and normalized.
public struct MotionFromStaticImages: Sendable {
  /// The motions and the sizes of sources and clips.
  public let motion: PseudoMotion
  /// The schedule of the static mask; nil for unmasked MoSI.
  public let mask: MaskSchedule?
  /// The color jitter, independent for each frame.
  public let jitter: ColorJitter
  /// The normalization of the network's input.
  public let normalization: Normalization
  /// The symmetries from which one is drawn for the training clips of each source.
  public let symmetries: [ClipSymmetry]
  /// The drifting background; nil for a static background or unmasked MoSI.
  private let drift: DriftingBackground?

  /// The task with these settings. Traps if the labels are not closed under one of `symmetries`, if non-square clips or
  /// sources would be rotated by a right angle, or if a background cannot drift
  /// (``DriftingBackground/init(under:speed:)``).
  public init(
    motion: PseudoMotion, mask: MaskSchedule? = MaskSchedule(), jitter: ColorJitter = ColorJitter(),
    normalization: Normalization = .video, symmetries: [ClipSymmetry] = [.identity]
  ) {
    let geometry = motion.geometry
    let isSquare =
      geometry.height == geometry.width && geometry.sourceHeight == geometry.sourceWidth
    precondition(
      symmetries.allSatisfy {
        motion.labels.isClosed(under: $0) && (isSquare || $0.quarterTurns % 2 == 0)
      }, "flipped and rotated clips have no label, or another size")
    self.motion = motion
    self.mask = mask
    self.jitter = jitter
    self.normalization = normalization
    self.symmetries = symmetries
    drift = mask?.backgroundSpeed.map { DriftingBackground(under: motion, speed: $0) }
  }

  /// All random values of a clip.
  public struct ClipDraw: Sendable {
    /// The symmetry of its source, the same for all clips of a source.
    public var symmetry = ClipSymmetry.identity
    /// The start of the window.
    public var start: PseudoMotion.Start
    /// The color jitter; nil for none.
    public var jitter: ColorJitter.ClipDraw?
    /// The region that moves; nil for an unmasked clip.
    public var region: StaticMask.Region?
    /// The motion of the background; nil for a static one.
    public var drift: DriftingBackground.Drift?
  }

  /// Draws the random values for the clips of one source, one clip per label.
  public func draw(using generator: inout KeyedGenerator, purpose: Purpose) -> [ClipDraw] {
    let symmetry: ClipSymmetry
    let starts: [PseudoMotion.Start]
    let ratio: ClosedRange<Double>?
    let isTraining: Bool
    switch purpose {
    case .training(let progress):
      // Draw nothing if there is no choice.
      symmetry =
        symmetries.count > 1 ? symmetries[generator.integer(below: symmetries.count)] : .identity
      starts = motion.randomStarts(using: &generator)
      ratio = mask?.range(at: progress)
      isTraining = true
    case .validation:
      symmetry = .identity
      starts = motion.centeredStarts
      ratio = mask?.final
      isTraining = false
    }
    return starts.enumerated().map { label, start in
      var draw = ClipDraw(
        symmetry: symmetry, start: start,
        jitter: isTraining && jitter != .none
          ? jitter.draw(frames: motion.geometry.frames, using: &generator) : nil)
      guard let mask, let ratio else { return draw }
      let region = StaticMask.randomRegion(
        ratio: ratio, shape: mask.shape, geometry: motion.geometry,
        backgroundFrames: drift?.backgroundFrames, using: &generator)
      draw.region = region
      guard let drift else { return draw }
      let q = region.backgroundFrame
      let path = drift.draw(backgroundFrame: q, using: &generator)
      draw.drift = path
      // Draw the start again, because not every start leaves room for the background.
      draw.start =
        isTraining
        ? drift.randomStart(label: label, path, backgroundFrame: q, using: &generator)
        : drift.centeredStart(label: label, path, backgroundFrame: q)
      return draw
    }
  }

  /// The clips before normalization, for display.
  ///
  /// - Parameters:
  ///   - sources: uint8 [B, 3, H, W].
  ///   - draws: for each source, the result of ``draw(using:purpose:)``.
  /// - Returns: float32 [B * labels, N, 3, height, width] in 0...1.
  public func frames(of sources: Tensor, draws: [[ClipDraw]]) -> Tensor {
    let sources = ClipSymmetry.apply(draws.map { $0[0].symmetry }, to: sources)
    let clips = draws.flatMap { $0 }
    let jitters = clips.compactMap(\.jitter)
    let frames = Self.jittered(
      motion.frames(of: sources, starts: draws.map { $0.map(\.start) }), jitters)
    let regions = clips.compactMap(\.region)
    guard !regions.isEmpty else { return frames }
    // Mask after the jitter, so that the background is a single jittered frame and exactly static.
    guard let windows = backgroundWindows(draws) else {
      return StaticMask.apply(regions, to: frames)
    }
    // A drifting background has the jitter of frame q in every frame, so that colors do not distinguish it from a static
    // one.
    let still = zip(jitters, regions).map { jitter, region in
      ColorJitter.ClipDraw(
        isGray: jitter.isGray,
        frames: jitter.frames.map { _ in jitter.frames[region.backgroundFrame] })
    }
    let background = Self.jittered(motion.crops(of: sources, windows: windows), still)
    return StaticMask.apply(regions, to: frames, over: background)
  }

  /// Converts crops, uint8 [M, N, 3, height, width], to float32 in 0...1, with jitter if there is any.
  private static func jittered(_ crops: Tensor, _ draws: [ColorJitter.ClipDraw]) -> Tensor {
    draws.isEmpty ? crops.unitRange : ColorJitter.apply(draws, to: crops)
  }

  /// The positions of the background's windows in each frame of each clip of each source; nil for static backgrounds.
  private func backgroundWindows(_ draws: [[ClipDraw]]) -> [[[PseudoMotion.Start]]]? {
    guard let drift else { return nil }
    return draws.map { draws in
      draws.enumerated().map { label, draw in
        drift.positions(
          label: label, start: draw.start, draw.drift!,
          backgroundFrame: draw.region!.backgroundFrame)
      }
    }
  }

  /// The labeled clips of a batch of sources, one clip per label, on the sources' device.
  ///
  /// - Parameters:
  ///   - sources: uint8 [B, 3, H, W].
  ///   - generators: a generator for each source, from which all random values of its clips are drawn.
  ///   - purpose: training, with its progress, or validation.
  public func clips(from sources: Tensor, generators: [KeyedGenerator], purpose: Purpose)
    -> LabeledClips
  {
    withoutGradients {
      let draws = generators.map { generator in
        var generator = generator
        return draw(using: &generator, purpose: purpose)
      }
      let labels = draws.flatMap { $0.indices }
      return LabeledClips(
        clips: normalization.clips(from: frames(of: sources, draws: draws)),
        labels: Tensor(labels).to(sources.device))
    }
  }
}

// MARK: - Pretext task

extension MotionFromStaticImages: PretextTask {
  /// A backbone with a linear head.
  public typealias Network = VideoClassifier

  /// The names of the motions in the order of the labels.
  public var classNames: [String]? { labelNames }

  /// The names of the motions in the order of the labels, such as `left 2` and `static`.
  public var labelNames: [String] {
    motion.labels.motions.map { motion in
      motion.speed == 0 ? motion.direction : "\(motion.direction) \(motion.speed)"
    }
  }

  /// The number of frames, the height and the width of clips.
  public var clipExtent: Extent3 {
    Extent3(motion.geometry.frames, motion.geometry.height, motion.geometry.width)
  }

  /// The number of labels.
  public var clipsPerSample: Int { motion.labels.count }

  /// One still: at a uniformly random time and position in training, at the center in validation.
  public func rule(for purpose: Purpose) -> SampleRule {
    let (height, width) = (motion.geometry.sourceHeight, motion.geometry.sourceWidth)
    return purpose.isTraining
      ? .randomStill(height: height, width: width) : .centerStill(height: height, width: width)
  }

  /// One clip per label of each sample's still.
  public func batch(_ samples: [Sample], for purpose: Purpose, on device: Device) -> LabeledClips {
    clips(
      from: .stills(samples).to(device), generators: samples.map { $0.id.generator(.augmentation) },
      purpose: purpose)
  }

  /// The range of the ratio between the sides of the unmasked region and of the clip.
  public func annotations(at progress: Double) -> [Annotation] {
    guard let range = mask?.range(at: progress) else { return [] }
    return [Annotation("mask_ratio", [range.lowerBound, range.upperBound])]
  }

  /// A row for each label, with the mask at the end of the schedule.
  public func preview(_ sample: Sample) -> TaskPreview {
    var generator = sample.id.generator(.augmentation)
    let draws = draw(using: &generator, purpose: .training(progress: 1))
    let clips = withoutGradients { frames(of: .stills([sample]), draws: [draws]) }
    return TaskPreview(
      title: "What the network is trained on: a window moves over one still picture "
        + "(arrows show the window; the content moves the other way)",
      rows: motion.labels.motions.enumerated().map { label, labelMotion in
        let isStatic = labelMotion.speed == 0
        let speed = (motion.pixelsPerFrame(label: label) * 10).rounded() / 10
        return TaskPreview.Row(
          name: isStatic ? "static" : "\(labelMotion.direction)-\(labelMotion.speed)",
          title: isStatic ? "static" : "\(labelMotion.direction), speed \(labelMotion.speed)",
          subtitle: "\(labelMotion) · \(speed) px/frame",
          frames: clips.selected(0, label).frameBytes,
          arrow: isStatic ? nil : SIMD2(Double(labelMotion.x), Double(labelMotion.y)),
          outline: draws[label].region?.corners)
      })
  }
}
