// ST-Puzzle: Kim et al., "Self-Supervised Video Representation Learning with Space-Time Cubic Puzzles" (AAAI 2019).

import KeyedRandom
import Pretext
import Torch
import VideoModels
import VideoSamples

/// Recognizes how the pieces of a video are arranged. The video is cut into 2 x 2 x 4 cells; the pieces of a spatial puzzle are
/// the four cells of one time, those of a temporal puzzle the four cells of one place. The network learns where things are and
/// how they develop.
///
/// A piece is smaller than its cell and lies anywhere in it, and shows a single channel, so that neither edges nor color fringes
/// reveal the arrangement.
public struct CubicPuzzle: PretextTask {
  /// A backbone with a head for each kind of puzzle.
  public typealias Network = ConcatenationNetwork

  /// The kinds of puzzles that are made of a sample.
  public enum Puzzles: String, CaseIterable, Sendable {
    /// A spatial and a temporal one.
    case both
    /// A spatial one.
    case spatial
    /// A temporal one.
    case temporal

    /// The kinds of a sample's puzzles, in order.
    var kinds: [Puzzles] { self == .both ? [.spatial, .temporal] : [self] }
  }

  /// The frames that show the same random channel, copied to all three.
  public enum ChannelReplication: String, CaseIterable, Sendable {
    /// None: pieces have their colors.
    case none
    /// All of a sample.
    case sample
    /// Those of a piece.
    case piece
  }

  /// The number of frames of a piece.
  public let frames: Int
  /// The height and width of a piece in pixels.
  public let side: Int
  /// The number of frames of a cell.
  public let cellFrames: Int
  /// The height and width of a cell in pixels.
  public let cellSide: Int
  /// The short side to which frames are scaled before the cells are cropped.
  public let sourceSide: Int
  /// The puzzles that are made of a sample.
  public let puzzles: Puzzles
  /// The frames that show the same channel.
  public let replication: ChannelReplication
  /// The color jitter, the same for all frames of a piece.
  public let jitter: ColorJitter
  /// The normalization of the network's input.
  public let normalization: Normalization

  private static let orders = PretextTasks.orders(of: 4)

  /// The task with these settings. Pieces fit into cells, and four cells into a frame.
  public init(
    frames: Int = 16, side: Int = 80, cellFrames: Int = 16, cellSide: Int = 112,
    sourceSide: Int = 224, puzzles: Puzzles = .both, replication: ChannelReplication = .sample,
    jitter: ColorJitter = .none, normalization: Normalization = .video
  ) {
    precondition(frames <= cellFrames && side <= cellSide && 2 * cellSide <= sourceSide)
    self.frames = frames
    self.side = side
    self.cellFrames = cellFrames
    self.cellSide = cellSide
    self.sourceSide = sourceSide
    self.puzzles = puzzles
    self.replication = replication
    self.jitter = jitter
    self.normalization = normalization
  }

  /// The arrangements in lexicographic order: "2 1 3 4" if the second cell is shown first.
  public var classNames: [String]? { Self.orders.map(orderName) }
  /// The number of frames of a piece, and `side` twice.
  public var clipExtent: Extent3 { Extent3(frames, side, side) }
  /// 4 for each puzzle.
  public var clipsPerSample: Int { 4 * puzzles.kinds.count }
  /// True.
  public var needsMotion: Bool { true }

  /// The frames of all cells: at a random time and place in training, in the middle in validation. Shorter videos are skipped.
  public func rule(for purpose: Purpose) -> SampleRule {
    let cells = ClipTuple(clips: 4, frames: cellFrames, gap: 0)
    return SampleRule(readsClips: true, span: cells.span) { source, generator in
      let first = source.firstFrame(
        ofSpan: cells.span, using: &generator, atRandom: purpose.isTraining)
      return SampleRequest(
        .clips(cells.times(from: first, in: source)),
        crop: .window(2 * cellSide, shortSide: sourceSide, for: purpose))
    }
  }

  /// The network with a hidden layer of 512 units in each head.
  public func makeNetwork(
    on backbone: Backbone, dropout: Double, using generator: Generator
  ) -> ConcatenationNetwork {
    ConcatenationNetwork(
      .init(
        clips: 4, heads: puzzles.kinds.map(\.rawValue), classes: Self.orders.count, hidden: 512),
      on: backbone, dropout: dropout, using: generator)
  }

  /// A puzzle: what is shown at each of four positions.
  struct Draw {
    let kind: Puzzles
    let label: Int
    /// The time and the place of the cell shown at each position; places are top left, top right, bottom left, bottom right.
    var cells: [(time: Int, place: Int)]
    /// The first frame, the left and the top edge of each piece in its cell.
    var offsets: [(t: Int, x: Int, y: Int)]
    /// The channel of each piece.
    let channels: [Int]
  }

  /// The puzzles of a sample. In validation, pieces lie in the centers of their cells.
  func draws(for purpose: Purpose, using generator: inout KeyedGenerator) -> [Draw] {
    let common = generator.integer(below: 3)
    return puzzles.kinds.map { kind in
      let label = generator.integer(below: Self.orders.count)
      let fixed = generator.integer(below: 4)
      func offset(_ free: Int) -> Int {
        let drawn = generator.integer(below: free + 1)
        return purpose.isTraining ? drawn : free / 2
      }
      let (time, space) = (cellFrames - frames, cellSide - side)
      let offsets = (0..<4).map { _ in (t: offset(time), x: offset(space), y: offset(space)) }
      let own = (0..<4).map { _ in generator.integer(below: 3) }
      return Draw(
        kind: kind, label: label,
        cells: Self.orders[label].map { kind == .spatial ? (fixed, $0) : ($0, fixed) },
        offsets: offsets, channels: replication == .piece ? own : own.map { _ in common })
    }
  }

  /// The pieces as they are shown, float32 [B * puzzles * 4, N, 3, side, side] in 0...1, with the puzzles.
  func shown(_ samples: [Sample], for purpose: Purpose, on device: Device)
    -> (pieces: Tensor, draws: [Draw])
  {
    // [B * 4, cellFrames, 3, 2 * cellSide, 2 * cellSide]
    let times = Tensor.clips(samples.flatMap(\.clips)).to(device).unitRange
    var generators = samples.map { $0.id.generator(.augmentation) }
    var all: [Draw] = []
    let pieces = samples.indices.flatMap { sample in
      let draws = draws(for: purpose, using: &generators[sample])
      all += draws
      return draws.flatMap { draw in
        (0..<4).map { position in
          let (cell, offset) = (draw.cells[position], draw.offsets[position])
          let top = cell.place / 2 * cellSide + offset.y
          let left = cell.place % 2 * cellSide + offset.x
          let piece = times.selected(0, 4 * sample + cell.time)
            .sliced(0, offset.t..<offset.t + frames).sliced(2, top..<top + side)
            .sliced(3, left..<left + side)
          guard replication != .none else { return piece }
          let channel = draw.channels[position]
          return piece.sliced(1, channel..<channel + 1).expanded([-1, 3, -1, -1])
        }
      }
    }
    var result = Tensor.stacked(pieces)
    if purpose.isTraining {
      result = jitter.applied(to: result, clipsPerSample: clipsPerSample, using: &generators)
    }
    return (result, all)
  }

  /// The pieces of all puzzles with their arrangements.
  public func batch(_ samples: [Sample], for purpose: Purpose, on device: Device) -> ClipTuples {
    withoutGradients {
      let (pieces, draws) = shown(samples, for: purpose, on: device)
      return ClipTuples(
        clips: normalization.clips(from: pieces),
        labels: Tensor(draws.map(\.label)).to(device))
    }
  }

  /// The puzzles of a sample, piece by piece as they are shown.
  public func preview(_ sample: Sample) -> TaskPreview {
    let (pieces, draws) = shown([sample], for: .training(progress: 1), on: .cpu)
    let corners = ["top left", "top right", "bottom left", "bottom right"]
    let answers = draws.map { "\($0.kind.rawValue) \(orderName(Self.orders[$0.label]))" }
    return TaskPreview(
      title: "What the network is trained on: how are the pieces arranged? Here: "
        + answers.joined(separator: ", "),
      rows: draws.enumerated().flatMap { puzzle, draw in
        draw.cells.enumerated().map { position, cell in
          TaskPreview.Row(
            name: "\(draw.kind.rawValue)-\(position + 1)",
            title: "\(draw.kind.rawValue), shown at \(position + 1)",
            subtitle: draw.kind == .spatial ? corners[cell.place] : "time \(cell.time + 1) of 4",
            frames: pieces.selected(0, 4 * puzzle + position).frameBytes)
        }
      })
  }
}
