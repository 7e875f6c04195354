// SpeedNet: Benaim et al., "SpeedNet: Learning the Speediness in Videos" (CVPR 2020).

import KeyedRandom
import Pretext
import Torch
import VideoModels
import VideoSamples

/// Recognizes whether a clip plays at normal speed or is sped up. The network learns how things move.
///
/// Both versions of a span are in one batch. Frames are dropped at random instead of at a fixed interval, and clips are scaled
/// to another size in each batch, so that neither the spacing of frames nor compression and blur reveal the class.
public struct Speed: PretextTask {
  /// A backbone with one logit.
  public typealias Network = SpeedNetwork

  /// The number of frames of a clip. A span has three times as many.
  public let frames: Int
  /// The range of the height and width of clips in pixels; validation uses its end.
  public let sides: ClosedRange<Int>
  /// The distance in pixels between the sides that are drawn, from the smallest one on: a backbone of cubes sees only whole ones.
  public let sideStep: Int
  /// The height and width in pixels to which frames are squashed when they are read.
  public let sourceSide: Int
  /// The range of the factors by which clips of normal speed are sped up, from 1.
  public let normalFactors: ClosedRange<Double>
  /// The range of the factors by which fast clips are sped up, to 3.
  public let fastFactors: ClosedRange<Double>
  /// The pooling of the features.
  public let pooling: SpeedNetwork.Pooling
  /// The color jitter, the same for all frames of a clip.
  public let jitter: ColorJitter
  /// The normalization of the network's input.
  public let normalization: Normalization

  /// The task with these settings.
  public init(
    frames: Int = 64, sides: ClosedRange<Int> = 64...336, sideStep: Int = 1, sourceSide: Int = 336,
    normalFactors: ClosedRange<Double> = 1...1.2, fastFactors: ClosedRange<Double> = 1.7...2.2,
    pooling: SpeedNetwork.Pooling = .maxOverSpace, jitter: ColorJitter = .none,
    normalization: Normalization = .video
  ) {
    precondition(
      1 <= normalFactors.lowerBound && normalFactors.upperBound < fastFactors.lowerBound
        && fastFactors.upperBound <= 3, "factors ascend from 1 to 3")
    self.frames = frames
    self.sides = sides
    self.sideStep = sideStep
    self.sourceSide = sourceSide
    self.normalFactors = normalFactors
    self.fastFactors = fastFactors
    self.pooling = pooling
    self.jitter = jitter
    self.normalization = normalization
  }

  /// The number of consecutive frames of the video from which those of a clip are chosen.
  public var span: Int { 3 * frames }
  /// Normal and fast.
  public var classNames: [String]? { ["normal", "fast"] }
  /// The number of frames, and the largest side twice.
  public var clipExtent: Extent3 { Extent3(frames, sides.upperBound, sides.upperBound) }
  /// 2, one for each speed.
  public var clipsPerSample: Int { 2 }
  /// True.
  public var needsMotion: Bool { true }

  /// The frames of both clips of a sample, counted from the start of their span.
  ///
  /// In training, each frame of the span is dropped with probability 1 - 1/factor, and a clip has the first ones that remain:
  /// it never repeats a frame. If fewer remain than a clip needs, the next ones that would remain at a lower factor are used,
  /// too. Both clips come from the same draws. In validation, a clip has all frames, or every second one.
  func places(for purpose: Purpose, using generator: inout KeyedGenerator) -> [[Int]] {
    guard purpose.isTraining else { return [1, 2].map { step in (0..<frames).map { $0 * step } } }
    let factors = [normalFactors, fastFactors].map { generator.uniform(in: $0) }
    let draws = (0..<span).map { _ in generator.uniform() }
    let likeliest = draws.indices.sorted { draws[$0] < draws[$1] }
    return factors.map { factor in
      let remaining = draws.indices.filter { draws[$0] < 1 / factor }
      let kept = remaining.count < frames ? likeliest.prefix(frames).sorted() : remaining
      return Array(kept.prefix(frames))
    }
  }

  /// A span at a uniformly random time in training, in the middle in validation; whole frames, squashed to a square. Shorter
  /// videos are skipped.
  public func rule(for purpose: Purpose) -> SampleRule {
    SampleRule(readsClips: true, span: span) { source, generator in
      let first = source.firstFrame(
        ofSpan: span, using: &generator, atRandom: purpose.isTraining)
      let times = source.times(ofFrames: first, count: span)
      let clips = places(for: purpose, using: &generator)
      return SampleRequest(
        .clips(clips.map { $0.map { times[$0] } }), crop: .squashed(side: sourceSide))
    }
  }

  /// The network with one logit.
  public func makeNetwork(
    on backbone: Backbone, dropout: Double, using generator: Generator
  ) -> SpeedNetwork {
    SpeedNetwork(on: backbone, pooling: pooling, dropout: dropout, using: generator)
  }

  /// The normal and the fast clip of each sample with their labels. The first sample's generator also draws the side of all
  /// clips of the batch.
  public func batch(_ samples: [Sample], for purpose: Purpose, on device: Device) -> LabeledClips {
    withoutGradients {
      var generators = samples.map { $0.id.generator(.augmentation) }
      let draw = generators[0].integer(below: (sides.count - 1) / sideStep + 1)
      let side = purpose.isTraining ? sides.lowerBound + draw * sideStep : sides.upperBound
      var clips = Tensor.clips(samples.flatMap(\.clips)).to(device).unitRange
      if purpose.isTraining {
        clips = jitter.applied(to: clips, clipsPerSample: 2, using: &generators)
      }
      var made = normalization.clips(from: clips)
      if side != sourceSide { made = made.resizedTrilinearly(to: Extent3(frames, side, side)) }
      let labels = samples.flatMap { _ in 0..<2 }
      return LabeledClips(clips: made.contiguous(.video), labels: Tensor(labels).to(device))
    }
  }

  /// Both clips of a sample.
  public func preview(_ sample: Sample) -> TaskPreview {
    let clips = batch([sample], for: .training(progress: 1), on: .cpu).clips
    let frames = normalization.frames(from: clips)
    return TaskPreview(
      title: "What the network is trained on: is the clip sped up?",
      rows: (0..<2).map { label in
        TaskPreview.Row(
          name: classNames![label], title: classNames![label],
          subtitle: label == 0 ? "almost all frames" : "about every second frame",
          frames: frames.selected(0, label).frameBytes)
      })
  }
}
