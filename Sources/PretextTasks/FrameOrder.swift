// OPN: Lee et al., "Unsupervised Representation Learning by Sorting Sequences" (ICCV 2017).

import KeyedRandom
import Pretext
import Torch
import VideoModels
import VideoSamples

/// Recognizes the order in which four frames of a video are shown. The network learns how things change.
///
/// An order and its reverse are one class, because many motions look as likely backward. OPN's network sees single frames, as
/// `Architecture.opn` does; each frame is repeated to a clip, so that any other backbone can be trained, too.
public struct FrameOrder: PretextTask {
  /// A backbone with a head for pairs of frames.
  public typealias Network = PairsNetwork

  /// The classes, in the order of the authors' code: the frames' places in the video, from 0.
  public static let orders = [
    [0, 1, 2, 3], [0, 2, 1, 3], [0, 2, 3, 1], [0, 1, 3, 2], [0, 3, 1, 2], [0, 3, 2, 1],
    [1, 0, 2, 3], [1, 0, 3, 2], [1, 2, 0, 3], [2, 0, 1, 3], [2, 0, 3, 1], [2, 1, 0, 3],
  ]

  /// The number of times that a frame is repeated.
  public let frames: Int
  /// The height and width of a frame in pixels.
  public let side: Int
  /// The short side to which frames are scaled before a region is cropped.
  public let sourceSide: Int
  /// The range of the number of frames from the first to the last of the four, at least 4.
  public let window: ClosedRange<Int>
  /// The number of pixels by which the region of all four frames is larger than a frame.
  public let margin: Int
  /// The maximum shift of a frame in the region, in pixels.
  public let shift: Int
  /// True if each frame shows one random channel, copied to all three.
  public let splitsChannels: Bool
  /// The color jitter, different for each frame.
  public let jitter: ColorJitter
  /// The normalization of the network's input.
  public let normalization: Normalization

  /// The task with these settings.
  public init(
    frames: Int = 16, side: Int = 80, sourceSide: Int = 128, window: ClosedRange<Int> = 9...15,
    margin: Int = 20, shift: Int = 5, splitsChannels: Bool = true, jitter: ColorJitter = .none,
    normalization: Normalization = .video
  ) {
    precondition(window.lowerBound >= 4, "a window holds four frames")
    self.frames = frames
    self.side = side
    self.sourceSide = sourceSide
    self.window = window
    self.margin = margin
    self.shift = shift
    self.splitsChannels = splitsChannels
    self.jitter = jitter
    self.normalization = normalization
  }

  /// The orders: "2 1 3 4" if the second frame is shown first, or last with all others reversed.
  public var classNames: [String]? { Self.orders.map(orderName) }
  /// The number of repetitions of a frame, and `side` twice.
  public var clipExtent: Extent3 { Extent3(frames, side, side) }
  /// 4.
  public var clipsPerSample: Int { 4 }
  /// True.
  public var needsMotion: Bool { true }

  /// Four frames at 0, 1/3, 2/3 and 1 of a window, with one crop. In training, the length of the window and its place are
  /// uniformly random; in validation, it is the longest in the middle of the video. Shorter videos are skipped.
  public func rule(for purpose: Purpose) -> SampleRule {
    let region = side + margin
    return SampleRule(readsClips: true, span: window.upperBound) { source, generator in
      let length =
        purpose.isTraining
        ? window.lowerBound + generator.integer(below: window.count) : window.upperBound
      let first = source.firstFrame(
        ofSpan: length, using: &generator, atRandom: purpose.isTraining)
      // Rounded to the nearest frame.
      let times = (0..<4).flatMap { place in
        source.times(ofFrames: first + (2 * place * (length - 1) + 3) / 6, count: 1)
      }
      return SampleRequest(
        .clips([times]), crop: .window(region, shortSide: sourceSide, for: purpose))
    }
  }

  /// The network of OPN's head: pairs in the order of its code, with batch normalization.
  public func makeNetwork(
    on backbone: Backbone, dropout: Double, using generator: Generator
  ) -> PairsNetwork {
    var plan = PairsNetwork.Plan(
      pairs: [[0, 1], [1, 2], [2, 3], [0, 2], [1, 3], [0, 3]], classes: Self.orders.count)
    plan.isNormalized = true
    return PairsNetwork(plan, on: backbone, dropout: dropout, using: generator)
  }

  /// What is drawn for a sample before its color jitter.
  struct Draw {
    let label: Int
    /// The place in the video of each frame shown.
    let order: [Int]
    let isMirrored: Bool
    /// The left and top edges of each frame shown, in the region.
    let offsets: [(x: Int, y: Int)]
    /// The channel of each frame shown.
    let channels: [Int]
  }

  /// The draws for a sample. In validation, frames are cut from the center of the region and not mirrored; they show one
  /// channel as in training, because the network never sees colors there.
  func draw(for purpose: Purpose, using generator: inout KeyedGenerator) -> Draw {
    let label = generator.integer(below: Self.orders.count)
    let isReversed = generator.chance(0.5)
    let isMirrored = generator.chance(0.5) && purpose.isTraining
    var common = (0..<2).map { _ in generator.integer(below: margin + 1) }
    if !purpose.isTraining { common = [margin / 2, margin / 2] }
    /// The edge shifted at random, unless the frame would leave the region.
    func shifted(_ edge: Int) -> Int {
      let place = edge + generator.integer(below: 2 * shift + 1) - shift
      return purpose.isTraining && (0...margin).contains(place) ? place : edge
    }
    let offsets = (0..<4).map { _ in (x: shifted(common[0]), y: shifted(common[1])) }
    let channels = (0..<4).map { _ in generator.integer(below: 3) }
    return Draw(
      label: label,
      order: isReversed ? Self.orders[label].reversed() : Self.orders[label],
      isMirrored: isMirrored, offsets: offsets, channels: channels)
  }

  /// The frames as they are shown, float32 [B * 4, 3, side, side] in 0...1, with the labels of the samples.
  func shown(_ samples: [Sample], for purpose: Purpose, on device: Device)
    -> (frames: Tensor, draws: [Draw])
  {
    let regions = Tensor.clips(samples.map { $0.clips[0] }).to(device).unitRange
    var generators = samples.map { $0.id.generator(.augmentation) }
    let draws = samples.indices.map { draw(for: purpose, using: &generators[$0]) }
    let frames = draws.enumerated().flatMap { sample, draw in
      (0..<4).map { position in
        let (x, y) = draw.offsets[position]
        let frame = regions.selected(0, sample).selected(0, draw.order[position])
          .sliced(1, y..<y + side).sliced(2, x..<x + side)
        return draw.isMirrored ? frame.flipped([2]) : frame
      }
    }
    var all = Tensor.stacked(frames)
    if jitter != .none, purpose.isTraining {
      // The frames of a sample are the frames of a clip, jittered each on its own.
      let draws = samples.indices.map { jitter.draw(frames: 4, using: &generators[$0]) }
      let clips = all.reshaped([samples.count, 4, 3, side, side])
      all = ColorJitter.apply(draws, to: clips).flattened(from: 0, through: 1)
    }
    if splitsChannels {
      let channels = draws.flatMap(\.channels).enumerated().map { frame, channel in
        all.selected(0, frame).sliced(0, channel..<channel + 1).expanded([3, -1, -1])
      }
      all = Tensor.stacked(channels)
    }
    return (all, draws)
  }

  /// Each frame repeated to a clip, with the orders of the samples.
  public func batch(_ samples: [Sample], for purpose: Purpose, on device: Device) -> ClipTuples {
    withoutGradients {
      let (frames, draws) = shown(samples, for: purpose, on: device)
      return ClipTuples(
        clips: normalization.clips(
          from: frames.unsqueezed(1).expanded([-1, self.frames, -1, -1, -1])),
        labels: Tensor(draws.map(\.label)).to(device))
    }
  }

  /// The four frames of a sample as they are shown, and in the order of the video.
  public func preview(_ sample: Sample) -> TaskPreview {
    let (frames, draws) = shown([sample], for: .training(progress: 1), on: .cpu)
    let order = draws[0].order
    let sorted = Tensor((0..<4).map { place in order.firstIndex(of: place)! })
    return TaskPreview(
      title:
        "What the network is trained on: in what order are the frames? The reverse is the same answer.",
      rows: [
        .init(
          name: "shown", title: "as shown", subtitle: "answer: \(orderName(order))",
          frames: frames.frameBytes),
        .init(
          name: "sorted", title: "in the video", subtitle: "1 2 3 4",
          frames: frames.selected(0, indices: sorted).frameBytes),
      ])
  }
}
