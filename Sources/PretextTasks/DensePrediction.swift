// DPC: Han et al., "Video Representation Learning by Dense Predictive Coding" (ICCV workshop 2019). MemDPC: Han et al.,
// "Memory-augmented Dense Predictive Coding for Video Representation Learning" (ECCV 2020).

import KeyedRandom
import Pretext
import Torch
import VideoModels
import VideoSamples

/// Predicts the features of the next blocks of a video, at each place, and finds them among those of all blocks, places and
/// videos of the batch. The network learns how things go on.
///
/// Each frame has its own color jitter and may show a single channel, so that colors do not tell which features belong together.
public struct DensePrediction: PretextTask {
  /// A backbone with an aggregator and a predictor.
  public typealias Network = DensePredictionNetwork

  /// The blocks of a sample, and the layers.
  public let plan: DensePredictionNetwork.Plan
  /// The number of frames of a block.
  public let frames: Int
  /// The distance between frames, in frames of the video.
  public let interval: Int
  /// The height and width of a frame in pixels.
  public let side: Int
  /// The short side to which frames are scaled before they are cropped.
  public let sourceSide: Int
  /// The probability that a frame shows one random channel, copied to all three.
  public let splittingProbability: Double
  /// The color jitter, different for each frame.
  public let jitter: ColorJitter
  /// The normalization of the network's input.
  public let normalization: Normalization

  /// The task with these settings.
  public init(
    _ plan: DensePredictionNetwork.Plan = .init(), frames: Int = 5, interval: Int = 3,
    side: Int = 128, sourceSide: Int = 137, splittingProbability: Double = 0.5,
    jitter: ColorJitter = ColorJitter(grayscaleProbability: 0),
    normalization: Normalization = .video
  ) {
    precondition(
      (1..<plan.blocks).contains(plan.predicted), "some blocks are seen, and others predicted")
    self.plan = plan
    self.frames = frames
    self.interval = interval
    self.side = side
    self.sourceSide = sourceSide
    self.splittingProbability = splittingProbability
    self.jitter = jitter
    self.normalization = normalization
  }

  /// The number of frames of the video from the first to the last of a sample, inclusive.
  public var span: Int { (plan.blocks * frames - 1) * interval + 1 }
  /// Nil: there are no classes.
  public var classNames: [String]? { nil }
  /// The number of frames of a block, and `side` twice.
  public var clipExtent: Extent3 { Extent3(frames, side, side) }
  /// The number of blocks.
  public var clipsPerSample: Int { plan.blocks }
  /// True.
  public var needsMotion: Bool { true }
  /// False: the other samples of a batch are negatives, as in the authors' code those on the same GPU.
  public var supportsAccumulation: Bool { false }

  /// Adjoining blocks at a uniformly random time in training, in the middle in validation, with one crop for all frames. Shorter
  /// videos are skipped.
  public func rule(for purpose: Purpose) -> SampleRule {
    SampleRule(readsClips: true, span: span) { source, generator in
      let first = source.firstFrame(
        ofSpan: span, using: &generator, atRandom: purpose.isTraining)
      return SampleRequest(
        .clips([
          source.times(ofFrames: first, count: plan.blocks * frames, interval: interval)
        ]),
        crop: .window(side, shortSide: sourceSide, for: purpose))
    }
  }

  /// The network of DPC or MemDPC.
  public func makeNetwork(
    on backbone: Backbone, dropout: Double, using generator: Generator
  ) -> DensePredictionNetwork {
    DensePredictionNetwork(plan, on: backbone, using: generator)
  }

  /// The frames as they are shown, float32 [B, blocks * N, 3, side, side] in 0...1. In training, all frames of a sample are
  /// mirrored or none is; channels and colors are drawn for each frame. Validation shows frames as they are.
  func shown(_ samples: [Sample], for purpose: Purpose, on device: Device) -> Tensor {
    let clips = Tensor.clips(samples.map { $0.clips[0] }).to(device).unitRange
    guard purpose.isTraining else { return clips }
    let count = plan.blocks * frames
    var jitters: [ColorJitter.ClipDraw] = []
    let changed = samples.enumerated().map { index, sample in
      var generator = sample.id.generator(.augmentation)
      var clip = clips.selected(0, index)
      if generator.chance(0.5) { clip = clip.flipped([3]) }
      let channels = (0..<count).map { _ -> Int? in
        let (isSplit, channel) = (
          generator.chance(splittingProbability), generator.integer(below: 3)
        )
        return isSplit ? channel : nil
      }
      // The source of each of a frame's channels.
      let sources = channels.flatMap { channel in (0..<3).map { channel ?? $0 } }
      let places = sources.enumerated().map { $0 / 3 * 3 + $1 }
      jitters.append(jitter.draw(frames: count, using: &generator))
      return clip.flattened(from: 0, through: 1)
        .selected(0, indices: Tensor(places).to(device)).reshaped(clip.shape)
    }
    let all = Tensor.stacked(changed)
    return jitter == .none ? all : ColorJitter.apply(jitters, to: all)
  }

  /// The normalized blocks, [B * blocks, 3, N, H, W], those of a sample one after another.
  public func batch(_ samples: [Sample], for purpose: Purpose, on device: Device) -> Tensor {
    withoutGradients {
      normalization.clips(
        from: shown(samples, for: purpose, on: device).reshaped([-1, frames, 3, side, side]))
    }
  }

  /// The blocks of a sample.
  public func preview(_ sample: Sample) -> TaskPreview {
    let blocks = shown([sample], for: .training(progress: 1), on: .cpu).selected(0, 0)
      .chunked(plan.blocks)
    let seen = plan.blocks - plan.predicted
    return TaskPreview(
      title: "What the network is trained on: what are the features of the last blocks?",
      rows: blocks.enumerated().map { index, block in
        TaskPreview.Row(
          name: "block-\(index + 1)", title: "block \(index + 1)",
          subtitle: index < seen ? "seen" : "predicted", frames: block.frameBytes)
      })
  }
}
