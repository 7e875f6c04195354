// VCP: Luo et al., "Video Cloze Procedure for Self-Supervised Spatio-Temporal Learning" (AAAI 2020).

import KeyedRandom
import Pretext
import Torch
import VideoModels
import VideoSamples

/// Recognizes what was done to the middle one of three clips. The network learns what clips look like, and how they continue.
///
/// Every video that is used has room for every class, so that the classes are equally frequent in videos of all lengths.
public struct Cloze: PretextTask {
  /// A backbone with a linear layer for all clips of a tuple.
  public typealias Network = ConcatenationNetwork

  /// What is done to the middle clip: the classes.
  public enum Operation: Int, CaseIterable, Sendable {
    /// Nothing.
    case original
    /// It is turned by 90, 180 or 270 degrees.
    case rotation
    /// Its quarters are exchanged.
    case permutation
    /// Two of its four parts in time are exchanged.
    case adjacentShuffle
    /// It is replaced by a clip from outside of the tuple.
    case remoteShuffle

    /// The name in records.
    public var name: String {
      switch self {
      case .original: "original"
      case .rotation: "rotation"
      case .permutation: "permutation"
      case .adjacentShuffle: "adjacent shuffle"
      case .remoteShuffle: "remote shuffle"
      }
    }
  }

  /// The permutations of the quarters of a clip.
  public enum Permutations: String, CaseIterable, Sendable {
    /// All but the identity.
    case all
    /// Only the reversal: A B / C D becomes D C / B A.
    case reversal
  }

  /// The clips of a sample, three.
  public let tuple: ClipTuple
  /// The height and width of a clip in pixels, even.
  public let side: Int
  /// The short side to which frames are scaled before clips are cropped.
  public let sourceSide: Int
  /// The permutations from which one is drawn.
  public let permutations: Permutations
  /// The color jitter, the same for all frames of a clip.
  public let jitter: ColorJitter
  /// The normalization of the network's input.
  public let normalization: Normalization

  /// The task with these settings. The clips have a multiple of four frames.
  public init(
    frames: Int = 16, gap: Int = 8, side: Int = 112, sourceSide: Int = 128,
    permutations: Permutations = .all, jitter: ColorJitter = .none,
    normalization: Normalization = .video
  ) {
    precondition(frames % 4 == 0 && side % 2 == 0, "clips have four parts in time and quarters")
    tuple = ClipTuple(clips: 3, frames: frames, gap: gap)
    self.side = side
    self.sourceSide = sourceSide
    self.permutations = permutations
    self.jitter = jitter
    self.normalization = normalization
  }

  /// The names of the operations.
  public var classNames: [String]? { Operation.allCases.map(\.name) }
  /// The number of frames of a clip, and `side` twice.
  public var clipExtent: Extent3 { Extent3(tuple.frames, side, side) }
  /// 3.
  public var clipsPerSample: Int { tuple.clips }
  /// True.
  public var needsMotion: Bool { true }

  /// The first frames of a tuple and of a clip outside of it. All places of a tuple that leave room for such a clip before or
  /// after it are equally likely, and then all places of the clip.
  func places(in source: SourceInfo, using generator: inout KeyedGenerator)
    -> (tuple: Int, remote: Int)
  {
    let (span, frames, count) = (tuple.span, tuple.frames, source.frameCount)
    // Tuples with room after them begin before `early`, those with room before them from `late` on.
    let early = max(0, count - span - frames + 1)
    let late = max(frames, early)
    let places = early + max(0, count - span + 1 - late)
    guard places > 0 else { return (0, 0) }
    let place = generator.integer(below: places)
    let first = place < early ? place : late + place - early
    // Clips that end before the tuple, then those that begin after it.
    let next = first + span
    let before = max(0, first - frames + 1)
    let remote = generator.integer(below: before + max(0, count - frames + 1 - next))
    return (first, remote < before ? remote : next + remote - before)
  }

  /// A tuple at a random place, with a crop for each clip; in validation crops are in the center. The operation is drawn first:
  /// for ``Operation/remoteShuffle``, another clip is read instead of the middle one. Videos that are too short for that are
  /// skipped whatever the operation.
  public func rule(for purpose: Purpose) -> SampleRule {
    SampleRule(readsClips: true, span: tuple.span + tuple.frames) { source, generator in
      let operation = Operation.allCases[generator.integer(below: Operation.allCases.count)]
      let places = places(in: source, using: &generator)
      var clips = tuple.times(from: places.tuple, in: source)
      if operation == .remoteShuffle {
        clips[1] = source.times(ofFrames: places.remote, count: tuple.frames)
      }
      return SampleRequest(
        .clips(clips), crop: .window(side, shortSide: sourceSide, for: purpose), sharesCrop: false,
        choice: operation.rawValue)
    }
  }

  /// The network with one linear layer, without dropout.
  public func makeNetwork(
    on backbone: Backbone, dropout: Double, using generator: Generator
  ) -> ConcatenationNetwork {
    ConcatenationNetwork(
      .init(clips: 3, heads: ["operation"], classes: Operation.allCases.count),
      on: backbone, dropout: dropout, using: generator)
  }

  /// A clip [N, 3, side, side] after an operation. A remote clip has been read already.
  func operated(
    _ clip: Tensor, _ operation: Operation, using generator: inout KeyedGenerator
  ) -> Tensor {
    switch operation {
    case .original, .remoteShuffle: return clip
    case .rotation: return Rotation.turned(clip, quarters: 1 + generator.integer(below: 3))
    case .permutation:
      let orders = PretextTasks.orders(of: 4)
      let order =
        permutations == .all
        ? orders[1 + generator.integer(below: orders.count - 1)] : [3, 2, 1, 0]
      let quarters = clip.chunked(2, axis: 2).flatMap { $0.chunked(2, axis: 3) }
      let rows = [0, 2].map { row in
        Tensor.concatenated([row, row + 1].map { quarters[order[$0]] }, axis: 3)
      }
      return .concatenated(rows, axis: 2)
    case .adjacentShuffle:
      var parts = clip.chunked(4)
      let exchanged = generator.permutation(of: 4)
      parts.swapAt(exchanged[0], exchanged[1])
      return .concatenated(parts)
    }
  }

  /// The tuples with the operations on their middle clips.
  public func batch(_ samples: [Sample], for purpose: Purpose, on device: Device) -> ClipTuples {
    withoutGradients {
      var generators = samples.map { $0.id.generator(.augmentation) }
      let read = Tensor.clips(samples.flatMap(\.clips)).to(device).unitRange
      let clips = samples.indices.flatMap { index in
        (0..<3).map { place in
          let clip = read.selected(0, 3 * index + place)
          guard place == 1 else { return clip }
          return operated(
            clip, Operation(rawValue: samples[index].choice)!, using: &generators[index])
        }
      }
      var all = Tensor.stacked(clips)
      if purpose.isTraining {
        all = jitter.applied(to: all, clipsPerSample: 3, using: &generators)
      }
      return ClipTuples(
        clips: normalization.clips(from: all),
        labels: Tensor(samples.map(\.choice)).to(device))
    }
  }

  /// The three clips of a sample, and what else could have been done to the middle one.
  public func preview(_ sample: Sample) -> TaskPreview {
    var generator = sample.id.generator(.augmentation)
    let clips = Tensor.clips(sample.clips).unitRange
    let own = Operation(rawValue: sample.choice)!
    func row(_ clip: Tensor, _ name: String, _ title: String, _ subtitle: String)
      -> TaskPreview.Row
    {
      TaskPreview.Row(name: name, title: title, subtitle: subtitle, frames: clip.frameBytes)
    }
    func operated(_ operation: Operation) -> Tensor {
      self.operated(clips.selected(0, 1), operation, using: &generator)
    }
    let others = Operation.allCases.filter { ![own, .original, .remoteShuffle].contains($0) }
    return TaskPreview(
      title: "What the network is trained on: what was done to the middle clip? Here: \(own.name)",
      rows: [
        row(clips.selected(0, 0), "first", "first clip", "as it is"),
        row(operated(own), "middle", "middle clip", own.name),
        row(clips.selected(0, 2), "last", "last clip", "as it is"),
      ]
        + others.map {
          row(operated($0), "other-\($0.rawValue)", "or the middle clip", $0.name)
        })
  }
}
