// Tong et al., "VideoMAE: Masked Autoencoders are Data-Efficient Learners for Self-Supervised Video Pre-Training" (NeurIPS
// 2022).

import KeyedRandom
import Pretext
import Torch
import VideoModels
import VideoSamples

/// Predicts the hidden parts of clips from the others: masked video modeling. The clips come from any motion.
///
/// There are no classes. The network must be a `TokenBackbone`: the hidden parts never enter it, which is what makes the
/// task fast.
public struct MaskedModeling: PretextTask {
  /// A token backbone with a decoder.
  public typealias Network = MaskedNetwork

  /// What is predicted of a cube.
  public enum Targets: String, CaseIterable, Sendable {
    /// Its pixels, normalized by its own mean and deviation in each channel.
    case normalized
    /// Its pixels as the network sees those of others, with the input's normalization: its color is a part of the target.
    case pixels
  }

  /// What makes the clips.
  public let motion: any ClipMotion
  /// What is hidden.
  public let mask: TubeMask
  /// The cubes that are hidden or seen: those of the backbone's tokens.
  public let cubes: ClipCubes
  /// The number of blocks of the decoder.
  public let decoderBlocks: Int
  /// What is predicted.
  public let targets: Targets
  /// The color jitter, the same for all frames of a clip. It comes before the targets.
  public let jitter: ColorJitter
  /// The normalization of the network's input.
  public let normalization: Normalization

  /// The task with these settings. Traps if clips do not consist of whole cubes.
  public init(
    _ motion: any ClipMotion, mask: TubeMask = TubeMask(), cubes: ClipCubes,
    decoderBlocks: Int = 4, targets: Targets = .normalized, jitter: ColorJitter = .none,
    normalization: Normalization = .video
  ) {
    let (clip, cube) = (motion.clipExtent, cubes.extent)
    precondition(
      clip.time % cube.time == 0 && clip.height % cube.height == 0 && clip.width % cube.width == 0,
      "clips of \(clip) do not consist of cubes of \(cube)")
    self.motion = motion
    self.mask = mask
    self.cubes = cubes
    self.decoderBlocks = decoderBlocks
    self.targets = targets
    self.jitter = jitter
    self.normalization = normalization
    precondition(mask.maskedPerTime(grid) > 0, "a mask of \(mask.ratio) hides nothing of \(grid)")
  }

  /// Nil: there are no classes.
  public var classNames: [String]? { nil }
  /// The motion's.
  public var clipExtent: Extent3 { motion.clipExtent }
  /// The motion's.
  public var clipsPerSample: Int { motion.clipsPerSample }
  /// The motion's.
  public var needsMotion: Bool { motion.needsMotion }
  /// The cubes that the mask leaves.
  public var visibleCubes: Int? { cubeCount - maskedPerClip }

  /// The motion's.
  public func rule(for purpose: Purpose) -> SampleRule { motion.rule(for: purpose) }

  /// The backbone, which must be a `TokenBackbone`, with a decoder.
  public func makeNetwork(
    on backbone: Backbone, dropout: Double, using generator: Generator
  ) -> MaskedNetwork {
    guard let backbone = backbone as? any TokenBackbone else {
      preconditionFailure("\(type(of: backbone)) cannot leave out parts of a clip")
    }
    return MaskedNetwork(on: backbone, decoderBlocks: decoderBlocks, using: generator)
  }

  /// Clips, and what is hidden of them.
  public struct Batch {
    /// The normalized clips, float32 [M, 3, T, H, W].
    public let clips: Tensor
    /// The numbers of the cubes that are seen, int64 [M, kept].
    public let kept: Tensor
    /// The numbers of the cubes that are predicted, int64 [M, masked].
    public let masked: Tensor
    /// The pixels of the masked cubes, perhaps normalized, float32 [M, masked, pixels * 3].
    public let targets: Tensor

    /// A batch of these tensors.
    public init(clips: Tensor, kept: Tensor, masked: Tensor, targets: Tensor) {
      self.clips = clips
      self.kept = kept
      self.masked = masked
      self.targets = targets
    }
  }

  /// The number of cubes of a clip that are predicted.
  public var maskedPerClip: Int { grid.time * mask.maskedPerTime(grid) }

  private var grid: Extent3 {
    cubes.grid(of: [1, 3, clipExtent.time, clipExtent.height, clipExtent.width])
  }

  /// Clips float32 [M, 3, T, H, W] in 0...1, and the places that are seen and hidden, int64 [M, ...].
  private func parts(_ samples: [Sample], for purpose: Purpose, on device: Device) -> (
    clips: Tensor, kept: Tensor, masked: Tensor
  ) {
    var clips = motion.clips(samples, for: purpose, on: device)
    var masks: [TubeMask.Draw] = []
    var generators = samples.map { $0.id.generator(.mask) }
    for sample in generators.indices {
      for _ in 0..<clipsPerSample { masks.append(mask.draw(grid, using: &generators[sample])) }
    }
    if purpose.isTraining, jitter != .none {
      clips = jitter.applied(
        to: clips.permuted([0, 2, 1, 3, 4]), clipsPerSample: clipsPerSample, using: &generators
      ).permuted([0, 2, 1, 3, 4])
    }
    func places(_ chosen: [[Int]]) -> Tensor {
      Tensor(chosen.flatMap(\.self), shape: [chosen.count, chosen[0].count]).to(device)
    }
    return (clips, places(masks.map(\.kept)), places(masks.map(\.masked)))
  }

  /// The clips with their masks and targets.
  public func batch(_ samples: [Sample], for purpose: Purpose, on device: Device) -> Batch {
    withoutGradients {
      let (clips, kept, masked) = parts(samples, for: purpose, on: device)
      let input = normalization.clips(from: clips.permuted([0, 2, 1, 3, 4]))
      let predicted =
        switch targets {
        case .normalized: CubeTargets(of: cubes.cut(clips, at: masked)).normalized
        case .pixels: cubes.cut(input, at: masked)
        }
      return Batch(
        clips: input, kept: kept, masked: masked, targets: predicted.flattened(from: 2))
    }
  }

  /// The number of masked cubes of a clip, over which the loss is a mean.
  public func annotations(at progress: Double) -> [Annotation] {
    [Annotation("masked_tokens", [Double(maskedPerClip)])]
  }

  /// The first clips of a sample, with and without what is hidden.
  public func preview(_ sample: Sample) -> TaskPreview {
    let rows = withoutGradients { () -> [TaskPreview.Row] in
      let (clips, kept, _) = parts([sample], for: .training(progress: 1), on: .cpu)
      let shown = min(clips.shape[0], 4)
      let seen = shownCubes(cubes.cut(clips), at: kept)
      return (0..<shown).flatMap { index in
        [
          row("masked-\(index + 1)", "seen", "\(kept.shape[1]) of \(cubeCount) cubes", seen, index),
          row("clip-\(index + 1)", "clip", "the rest is predicted", clips, index),
        ]
      }
    }
    return TaskPreview(
      title: "What the network is trained on: what is in the hidden parts?", rows: rows)
  }

  private var cubeCount: Int { grid.time * grid.height * grid.width }

  /// Clips of these cubes [M, cubes, pixels, 3], gray except at `places`.
  private func shownCubes(_ all: Tensor, at places: Tensor) -> Tensor {
    replacing(places, of: Tensor.full(all.shape, 0.5, device: all.device), by: all.rows(at: places))
  }

  /// Clips of cubes [M, cubes, pixels, 3] in which those at `places` are others, [M, places, pixels, 3].
  private func replacing(_ places: Tensor, of all: Tensor, by others: Tensor) -> Tensor {
    let clips = (0..<all.shape[0]).map { clip in
      let changed = all.selected(0, clip).clone()
      changed.setSlices(0, indices: places.selected(0, clip), to: others.selected(0, clip))
      return changed
    }
    return cubes.joined(.stacked(clips), grid: grid)
  }

  /// A number for each channel of cubes [..., 3].
  private func channels(_ values: [Double]) -> Tensor {
    Tensor(values.map(Float.init), shape: [3])
  }

  private func row(
    _ name: String, _ title: String, _ subtitle: String, _ clips: Tensor, _ index: Int
  ) -> TaskPreview.Row {
    TaskPreview.Row(
      name: name, title: title, subtitle: subtitle,
      frames: clips.selected(0, index).permuted([1, 0, 2, 3]).frameBytes)
  }

  /// What the network sees of the first clip of each sample, what it makes of it, and the truth. Predictions are normalized
  /// pixels: the true mean and deviation of each cube are added, so that a prediction of nothing shows each cube's mean. (Not if
  /// ``targets`` are pixels.)
  public func result(of network: MaskedNetwork, on samples: [Sample], device: Device)
    -> TaskPreview?
  {
    let rows = withoutGradients {
      samples.enumerated().flatMap { number, sample -> [TaskPreview.Row] in
        let (all, places, hidden) = parts([sample], for: .validation, on: device)
        let (clips, kept, masked) = (
          all.sliced(0, 0..<1), places.sliced(0, 0..<1), hidden.sliced(0, 0..<1)
        )
        let input = normalization.clips(from: clips.permuted([0, 2, 1, 3, 4]))
        let cut = cubes.cut(clips)
        let predicted = network(input, kept: kept, masked: masked).to(.float32)
        let truth = cut.rows(at: masked)
        let values = predicted.reshaped(truth.shape)
        let target: Tensor
        let pixels: Tensor
        switch targets {
        case .normalized:
          let normalized = CubeTargets(of: truth)
          (target, pixels) = (normalized.normalized, normalized.pixels(values))
        case .pixels:
          target = cubes.cut(input, at: masked)
          let (mean, std) = (channels(normalization.mean), channels(normalization.std))
          pixels = values * std.to(device) + mean.to(device)
        }
        let error = meanSquaredError(predicted, target.flattened(from: 2)).item
        let loss = (error * 1000).rounded() / 1000
        return [
          row(
            "masked-\(number)", "seen", "\(kept.shape[1]) of \(cubeCount) cubes",
            shownCubes(cut, at: kept), 0),
          row(
            "reconstruction-\(number)", "reconstruction", "loss \(loss)",
            replacing(masked, of: cut, by: pixels.clamped(0, 1)), 0),
          row("truth-\(number)", "truth", "", clips, 0),
        ]
      }
    }
    return TaskPreview(title: "What the network makes of hidden parts", rows: rows)
  }
}
