// PRP: Yao et al., "Video Playback Rate Perception for Self-Supervised Spatio-Temporal Representation Learning" (CVPR 2020).

import KeyedRandom
import Pretext
import Torch
import VideoModels
import VideoSamples

/// Recognizes the playback rate of a clip, and reconstructs its span at half the rate. The network learns how things move, and
/// what happens between two frames.
///
/// Every video that is used has room for the highest rate, so that the rates are equally frequent in videos of all lengths.
public struct PlaybackRate: PretextTask {
  /// A backbone with a classifier and a decoder.
  public typealias Network = PlaybackRateNetwork

  /// The number of frames N of a clip. The reconstruction has 2 N.
  public let frames: Int
  /// The height and width of a clip in pixels, a multiple of 16.
  public let side: Int
  /// The short side to which frames are scaled before clips are cropped.
  public let sourceSide: Int
  /// The rates: every how many frames of the video a clip has one. 1 or even, divisors of 2 N.
  public let rates: [Int]
  /// The weight of the classification in the loss.
  public let classificationWeight: Double
  /// The weights of the reconstruction's pixels, from motion in windows of a fourth of the side.
  public let attention: MotionAttention
  /// The color jitter, the same for all frames of a clip.
  public let jitter: ColorJitter
  /// The normalization of the network's input. The reconstruction is compared with pixels of 0 to 1.
  public let normalization: Normalization

  /// The task with these settings.
  public init(
    frames: Int = 16, side: Int = 112, sourceSide: Int = 128, rates: [Int] = [1, 2, 4, 8],
    classificationWeight: Double = 0.1, attention: ClosedRange<Double> = 0.8...2,
    jitter: ColorJitter = .none, normalization: Normalization = .video
  ) {
    precondition(
      frames % 8 == 0 && side % 16 == 0, "the decoder doubles frames and pixels four times")
    precondition(rates.allSatisfy { Self.isPossible($0, frames: frames) }, "rates: \(rates)")
    self.frames = frames
    self.side = side
    self.sourceSide = sourceSide
    self.rates = rates
    self.classificationWeight = classificationWeight
    self.attention = MotionAttention(window: side / 4, range: attention)
    self.jitter = jitter
    self.normalization = normalization
  }

  /// True if clips of `frames` frames can have this rate: its half is a number of frames, and the reconstruction has whole
  /// frames for each part of the span.
  public static func isPossible(_ rate: Int, frames: Int) -> Bool {
    rate == 1 || (rate > 0 && rate % 2 == 0 && 2 * frames % rate == 0)
  }

  /// The number of frames of the video that a clip of the highest rate spans.
  public var span: Int { frames * rates.max()! }
  /// The rates, such as "4x".
  public var classNames: [String]? { rates.map { "\($0)x" } }
  /// The number of frames, and `side` twice.
  public var clipExtent: Extent3 { Extent3(frames, side, side) }
  /// 1.
  public var clipsPerSample: Int { 1 }
  /// True.
  public var needsMotion: Bool { true }

  /// The frames that are read at a rate, counted from the start of the span: those that are shown or reconstructed, and those
  /// that tell motion, four of each part of N frames.
  public func places(at rate: Int) -> (shown: [Int], motion: [Int]) {
    (
      rate == 1 ? Array(0..<frames) : (0..<2 * frames).map { $0 * rate / 2 },
      (0..<rate).flatMap { part in (0..<4).map { part * frames + $0 * (frames - 1) / 3 } }
    )
  }

  /// A clip of a random rate at a uniformly random time in training, in the middle in validation, cropped from the center.
  /// Videos that are too short for the highest rate are skipped, whatever the rate.
  public func rule(for purpose: Purpose) -> SampleRule {
    SampleRule(readsClips: true, span: span) { source, generator in
      let label = generator.integer(below: rates.count)
      let length = frames * rates[label]
      let first = source.firstFrame(
        ofSpan: length, using: &generator, atRandom: purpose.isTraining)
      let times = source.times(ofFrames: first, count: length)
      let places = places(at: rates[label])
      return SampleRequest(
        .clips([places.shown, places.motion].map { $0.map { times[$0] } }),
        crop: .centerWindow(height: side, width: side, shortSide: sourceSide), choice: label)
    }
  }

  /// The network with PRP's classifier and decoder.
  public func makeNetwork(
    on backbone: Backbone, dropout: Double, using generator: Generator
  ) -> PlaybackRateNetwork {
    PlaybackRateNetwork(
      on: backbone, classes: rates.count, classificationWeight: classificationWeight,
      using: generator)
  }

  /// A batch: clips with the rates, and what the decoder should make of them.
  public struct Batch {
    /// The normalized clips, float32 [B, 3, N, H, W].
    public let clips: Tensor
    /// The indices of the rates, int64 [B].
    public let labels: Tensor
    /// The frames to reconstruct, float32 [B, 3, 2 N, H, W] in 0...1.
    public let targets: Tensor
    /// The weights of the squared errors, float32 [B, 3, 2 N, H, W]. They are 0 for frames that the video does not have;
    /// in each sample, the others are scaled up so that the mean over all frames is that over the video's own.
    public let weights: Tensor

    /// A batch of these tensors.
    public init(clips: Tensor, labels: Tensor, targets: Tensor, weights: Tensor) {
      self.clips = clips
      self.labels = labels
      self.targets = targets
      self.weights = weights
    }
  }

  /// The clip, the targets and the weights of one sample.
  ///
  /// - Parameters:
  ///   - shown: the frames that are shown or reconstructed, float32 [F, 3, H, W] in 0...1.
  ///   - motion: the frames that tell motion, float32 [4 * rate, 3, H, W].
  ///   - rate: the rate.
  /// - Returns: the clip [N, 3, H, W], the targets [2 N, 3, H, W], and their weights [3, 2 N, H, W].
  public func parts(shown: Tensor, motion: Tensor, rate: Int)
    -> (clip: Tensor, targets: Tensor, weights: Tensor)
  {
    let weights = attention.weights(
      motion.reshaped([rate, 4] + motion.shape[1...]), frames: 2 * frames / rate)
    guard rate == 1 else {
      let clip = shown.selected(0, indices: Tensor((0..<frames).map { 2 * $0 }).to(shown.device))
      return (clip, shown, weights)
    }
    // Between two frames lies their mean, after the last one itself. These do not count.
    let next = Tensor.concatenated([
      shown.sliced(0, 1..<frames), shown.sliced(0, frames - 1..<frames),
    ])
    let targets = Tensor.stacked([shown, (shown + next) * 0.5], axis: 1)
      .flattened(from: 0, through: 1)
    let counts = Tensor((0..<2 * frames).map { $0 % 2 == 0 ? Float(2) : 0 }).to(shown.device)
    return (shown, targets, weights * counts.reshaped([-1, 1, 1]))
  }

  /// The clips with their rates, targets and weights.
  public func batch(_ samples: [Sample], for purpose: Purpose, on device: Device) -> Batch {
    withoutGradients {
      let all = samples.map { sample in
        var (shown, motion) = (
          Tensor.clips([sample.clips[0]]).to(device).unitRange,
          Tensor.clips([sample.clips[1]]).to(device).unitRange
        )
        if purpose.isTraining, jitter != .none {
          // The same jitter for both: those that tell motion are frames of the same video.
          let both = Tensor.concatenated([shown, motion], axis: 1)
          var generators = [sample.id.generator(.augmentation)]
          let jittered = jitter.applied(to: both, clipsPerSample: 1, using: &generators)
          let count = shown.shape[1]
          shown = jittered.sliced(1, 0..<count)
          motion = jittered.sliced(1, count..<jittered.shape[1])
        }
        return parts(
          shown: shown.selected(0, 0), motion: motion.selected(0, 0), rate: rates[sample.choice])
      }
      return Batch(
        clips: normalization.clips(from: .stacked(all.map(\.clip))),
        labels: Tensor(samples.map(\.choice)).to(device),
        targets: Tensor.stacked(all.map(\.targets)).permuted([0, 2, 1, 3, 4]),
        weights: Tensor.stacked(all.map(\.weights)))
    }
  }

  /// The clips with their rates.
  public func labeledClips(_ batch: Batch) -> LabeledClips? {
    LabeledClips(clips: batch.clips, labels: batch.labels)
  }

  /// The clip of a sample, what should be reconstructed, and where that matters.
  public func preview(_ sample: Sample) -> TaskPreview {
    let batch = batch([sample], for: .training(progress: 1), on: .cpu)
    let rate = rates[sample.choice]
    func frames(_ tensor: Tensor) -> Tensor { tensor.selected(0, 0).permuted([1, 0, 2, 3]) }
    let weights = frames(batch.weights)
    return TaskPreview(
      title:
        "What the network is trained on: the playback rate, and the frames in between. Here: \(rate)x",
      rows: [
        .init(
          name: "clip", title: "clip", subtitle: "answer: \(rate)x",
          frames: normalization.frames(from: batch.clips).selected(0, 0).frameBytes),
        .init(
          name: "targets", title: "to reconstruct", subtitle: "at twice the frame rate",
          frames: frames(batch.targets).frameBytes),
        .init(
          name: "weights", title: "weights", subtitle: "brighter: counts more",
          frames: (weights / weights.max([0, 1, 2, 3]).item).frameBytes),
      ])
  }
}
