// VCOP: Xu et al., "Self-Supervised Spatiotemporal Learning via Video Clip Order Prediction" (CVPR 2019).

import KeyedRandom
import Pretext
import Torch
import VideoModels
import VideoSamples

/// Recognizes the order in which the clips of a video are shown. The network learns how things develop.
///
/// The clips do not adjoin, and each has its own crop, so that their borders do not reveal the order.
public struct ClipOrder: PretextTask {
  /// A backbone with a head for pairs of clips.
  public typealias Network = PairsNetwork

  /// The clips of a sample.
  public let tuple: ClipTuple
  /// The height and width of a clip in pixels.
  public let side: Int
  /// The short side to which frames are scaled before clips are cropped.
  public let sourceSide: Int
  /// The color jitter, the same for all frames of a clip.
  public let jitter: ColorJitter
  /// The normalization of the network's input.
  public let normalization: Normalization

  private let orders: [[Int]]

  /// The task with these settings.
  public init(
    tuple: ClipTuple = ClipTuple(clips: 3, frames: 16, gap: 8), side: Int = 112,
    sourceSide: Int = 128, jitter: ColorJitter = .none, normalization: Normalization = .video
  ) {
    self.tuple = tuple
    self.side = side
    self.sourceSide = sourceSide
    self.jitter = jitter
    self.normalization = normalization
    orders = PretextTasks.orders(of: tuple.clips)
  }

  /// The orders in lexicographic order: "2 1 3" if the second clip is shown first.
  public var classNames: [String]? { orders.map(orderName) }
  /// The number of frames of a clip, and `side` twice.
  public var clipExtent: Extent3 { Extent3(tuple.frames, side, side) }
  /// The clips of a tuple.
  public var clipsPerSample: Int { tuple.clips }
  /// True.
  public var needsMotion: Bool { true }

  /// A tuple at a uniformly random time in training, in the middle in validation, with a crop for each clip. Shorter videos
  /// are skipped.
  public func rule(for purpose: Purpose) -> SampleRule {
    SampleRule(readsClips: true, span: tuple.span) { source, generator in
      let first = source.firstFrame(
        ofSpan: tuple.span, using: &generator, atRandom: purpose.isTraining)
      return SampleRequest(
        .clips(tuple.times(from: first, in: source)),
        crop: .window(side, shortSide: sourceSide, for: purpose), sharesCrop: false)
    }
  }

  /// The network with a layer for all pairs (i, j) of positions with i < j.
  public func makeNetwork(
    on backbone: Backbone, dropout: Double, using generator: Generator
  ) -> PairsNetwork {
    let places = 0..<tuple.clips
    let pairs = places.flatMap { first in places.filter { $0 > first }.map { [first, $0] } }
    return PairsNetwork(
      .init(pairs: pairs, classes: orders.count), on: backbone, dropout: dropout, using: generator)
  }

  /// The class of a sample, which is drawn first from its generator.
  private func label(_ generator: inout KeyedGenerator) -> Int {
    generator.integer(below: orders.count)
  }

  /// The shuffled clips with their orders.
  public func batch(_ samples: [Sample], for purpose: Purpose, on device: Device) -> ClipTuples {
    withoutGradients {
      var generators = samples.map { $0.id.generator(.augmentation) }
      let labels = generators.indices.map { label(&generators[$0]) }
      let shown = zip(samples, labels).flatMap { sample, label in
        orders[label].map { sample.clips[$0] }
      }
      var clips = Tensor.clips(shown).to(device).unitRange
      if purpose.isTraining {
        clips = jitter.applied(to: clips, clipsPerSample: tuple.clips, using: &generators)
      }
      return ClipTuples(
        clips: normalization.clips(from: clips), labels: Tensor(labels).to(device))
    }
  }

  /// The clips of a sample as they are shown, with their places in the video.
  public func preview(_ sample: Sample) -> TaskPreview {
    var generator = sample.id.generator(.augmentation)
    let order = orders[label(&generator)]
    let clips = batch([sample], for: .training(progress: 1), on: .cpu).clips
    let frames = normalization.frames(from: clips)
    return TaskPreview(
      title:
        "What the network is trained on: in what order are the clips? Here: \(orderName(order))",
      rows: order.enumerated().map { position, place in
        TaskPreview.Row(
          name: "shown-\(position + 1)", title: "shown at \(position + 1)",
          subtitle: "clip \(place + 1) of the video",
          frames: frames.selected(0, position).frameBytes)
      })
  }
}
