import Pretext
import PretextTasks
import TestSupport
import Testing
import Torch
import VideoModels
import VideoSamples

@Suite struct CubicPuzzleTests {
  private func task(
    frames: Int = 2, cellFrames: Int = 2, puzzles: CubicPuzzle.Puzzles = .both,
    replication: CubicPuzzle.ChannelReplication = .none
  ) -> CubicPuzzle {
    CubicPuzzle(
      frames: frames, side: 4, cellFrames: cellFrames, cellSide: 6, sourceSide: 80,
      puzzles: puzzles, replication: replication, normalization: plainNormalization)
  }

  /// The four times of a sample; each cell has its own level.
  private func times(
    _ value: (_ time: Int, _ frame: Int, _ y: Int, _ x: Int, _ channel: Int) -> Int
  )
    -> [ClipPixels]
  {
    (0..<4).map { time in
      clip(frames: 4, side: 12) { frame, y, x, channel in value(time, frame, y, x, channel) }
    }
  }

  private func samples(_ count: Int, _ clips: [ClipPixels]) -> [Sample] {
    (0..<count).map { Sample(id: training($0), clips: clips, source: $0) }
  }

  /// A spatial puzzle shows the four cells of one time, a temporal one the four cells of one place, in the order of the
  /// class.
  @Test func piecesAreShownInTheOrderOfTheClass() throws {
    let task = task(cellFrames: 4)
    let clips = times { time, _, y, x, _ in 16 * (4 * time + y / 6 * 2 + x / 6) }
    let batch = task.batch(samples(300, clips), for: trained, on: .cpu)
    #expect(batch.clips.shape == [300 * 8, 3, 2, 4, 4] && batch.labels.shape == [600])
    let pieces = bytes(batch.clips).reshaped([2400, -1])
    // A piece lies in one cell.
    #expect(pieces.max([1]).isEqual(to: pieces.min([1])))
    let cells = pieces.selected(1, 0).array(of: Int.self).map { $0 / 16 }
    let names = try #require(task.classNames)
    var fixed: [Set<Int>] = [[], []]
    for (puzzle, label) in batch.labels.array(of: Int.self).enumerated() {
      let order = names[label].split(separator: " ").map { Int($0)! - 1 }
      let shown = Array(cells[4 * puzzle..<4 * puzzle + 4])
      let (moving, standing) =
        puzzle % 2 == 0
        ? (shown.map { $0 % 4 }, shown.map { $0 / 4 })
        : (shown.map { $0 / 4 }, shown.map { $0 % 4 })
      #expect(moving == order && Set(standing).count == 1)
      fixed[puzzle % 2].insert(standing[0])
    }
    #expect(fixed == [[0, 1, 2, 3], [0, 1, 2, 3]])
    #expect(Set(batch.labels.array(of: Int.self)).count == 24)
  }

  /// Each piece lies at its own place in its cell, in space and time, and reaches all of it, the last offset too.
  @Test func piecesAreJitteredInTheirCells() {
    let task = task(cellFrames: 4)
    let clips = times { _, frame, y, x, channel in [x % 6, y % 6, frame][channel] }
    let batch = task.batch(samples(100, clips), for: trained, on: .cpu)
    let corners = bytes(batch.clips).selected(4, 0).selected(3, 0).selected(1, 0)
    for (channel, offsets) in [(0, 0...2), (1, 0...2), (2, 0...2)] {
      let found = corners.selected(1, channel).array(of: Int.self)
      #expect(Set(found) == Set(offsets))
      let different = (0..<200).count { Set(found[4 * $0..<4 * $0 + 4]).count > 1 }
      #expect(different > 170)
    }
    let centers = bytes(task.batch(samples(5, clips), for: .validation, on: .cpu).clips)
      .selected(4, 0).selected(3, 0).selected(1, 0)
    #expect(Set(centers.array(of: Int.self)) == [1])
  }

  @Test(arguments: [
    (CubicPuzzle.ChannelReplication.sample, 1...1), (.piece, 2...3),
  ])
  func oneChannelIsReplicated(
    replication: CubicPuzzle.ChannelReplication, channels: ClosedRange<Int>
  ) {
    let task = task(cellFrames: 4, replication: replication)
    let clips = times { _, _, _, _, channel in 40 * channel + 20 }
    let levels = bytes(task.batch(samples(60, clips), for: trained, on: .cpu).clips)
    #expect(levels.isEqual(to: levels.sliced(2, 0..<1).expanded([-1, -1, 3, -1, -1]).contiguous()))
    let pieces = levels.reshaped([60, 8, -1])
    #expect(pieces.max([2]).isEqual(to: pieces.min([2])))
    let shown = pieces.selected(2, 0).array(of: Int.self)
    #expect(Set(shown) == [20, 60, 100])
    let kinds = (0..<60).map { Set(shown[8 * $0..<8 * $0 + 8]).count }
    #expect(kinds.count { channels.contains($0) } > 50)
  }

  /// Four consecutive cells with one crop; without slack, the cells adjoin.
  @Test func cellsAreCutFromVideos() throws {
    let video = try NumberedVideo(frames: 40)
    let task = CubicPuzzle(
      frames: 8, side: 24, cellFrames: 8, cellSide: 32, sourceSide: 80,
      normalization: plainNormalization)
    var starts: Set<Int> = []
    var corners: Set<[Int]> = []
    for number in 0..<40 {
      let (_, cuts) = try video.sample(task, training(number), for: trained)
      let first = cuts[0].frames[0]
      corners.insert(cuts[0].crops[0])
      #expect(cuts.flatMap(\.frames) == Array(first..<first + 32))
      #expect(Set(cuts.flatMap(\.crops)).count == 1)
      starts.insert(first)
    }
    #expect(starts == Set(0...8))
    // In an unofficial implementation, the crop has the size of the frame and crops nothing.
    #expect(corners.count > 20)
    let refusal = complaint {
      try NumberedVideo(frames: 31).sample(task, training(0), for: trained)
    }
    #expect(refusal.contains("is too short: it has 31 of the 32 frames"))
  }

  /// Each kind of puzzle has its own head; the loss is the mean of both.
  @Test func eachKindHasItsHead() throws {
    let generator = Generator(seed: 1)
    let task = task(cellFrames: 4)
    let network = task.makeNetwork(
      on: Architecture.r3d10.makeBackbone(width: 2, using: generator), dropout: 0, using: generator)
    let head = network.parameters.filter { !$0.name.hasPrefix("backbone.") }
    #expect(
      head.map { "\($0.name) \($0.tensor.shape)" }
        == ["spatial", "temporal"].flatMap {
          [
            "\($0).fc7.weight [512, 64]", "\($0).fc7.bias [512]", "\($0).fc8.weight [24, 512]",
            "\($0).fc8.bias [24]",
          ]
        })
    network.train(false)
    let clips = times { time, frame, y, x, channel in
      (time * 90 + frame * y * 7 + x * 13 + channel) % 256
    }
    let batch = task.batch(samples(3, clips), for: trained, on: .cpu)
    let output = network.evaluate(batch)
    #expect(output.count == 6 && output.predictions?.logits.shape == [6, 24])
    let terms = Dictionary(uniqueKeysWithValues: output.terms.map { ($0.name, $0.value.item) })
    #expect(
      terms.keys.sorted() == ["spatial_loss", "spatial_top1", "temporal_loss", "temporal_top1"])
    #expect(abs(output.loss.item - (terms["spatial_loss"]! + terms["temporal_loss"]!) / 2) < 1e-5)
    // One kind alone.
    let one = self.task(cellFrames: 4, puzzles: .temporal)
    #expect(one.clipsPerSample == 4)
    let made = one.batch(samples(3, clips), for: trained, on: .cpu)
    #expect(made.clips.shape == [12, 3, 2, 4, 4] && made.labels.shape == [3])
  }

  @Test func thePreviewShowsThePieces() {
    let clips = times { time, _, y, x, _ in 16 * (4 * time + y / 6 * 2 + x / 6) }
    let preview = task(cellFrames: 4).preview(
      Sample(id: .preview(seed: 0, row: 0), clips: clips, source: 0))
    #expect(preview.rows.count == 8 && preview.title.contains("spatial"))
    let corners = ["top left", "top right", "bottom left", "bottom right"]
    for row in preview.rows {
      let cell = Int(row.frames.flattened().array(of: UInt8.self)[0]) / 16
      #expect(
        row.subtitle
          == (row.name.hasPrefix("spatial") ? corners[cell % 4] : "time \(cell / 4 + 1) of 4"))
    }
  }
}
