import KeyedRandom
import Pretext
import PretextTasks
import TestSupport
import Testing
import Torch
import VideoModels
import VideoSamples

@Suite struct ClozeTests {
  typealias Operation = Cloze.Operation

  private func task(
    frames: Int = 8, gap: Int = 4, side: Int = 4, permutations: Cloze.Permutations = .all
  ) -> Cloze {
    Cloze(
      frames: frames, gap: gap, side: side, sourceSide: 80, permutations: permutations,
      normalization: plainNormalization)
  }

  /// Every pixel of every frame of a clip has its own level.
  private func clips(frames: Int = 8) -> [ClipPixels] {
    (0..<3).map { number in
      clip(frames: frames, side: 4) { frame, y, x, channel in
        (number * 31 + frame * 16 + y * 4 + x + channel * 100) % 256
      }
    }
  }

  /// The middle clips after `operation` in many samples: the frames' red levels [N, 16]. The other clips are unchanged.
  private func middles(_ operation: Operation, _ task: Cloze, count: Int = 300) -> [[[Int]]] {
    let clips = clips()
    let samples = (0..<count).map {
      Sample(id: training($0), clips: clips, source: $0, choice: operation.rawValue)
    }
    let batch = task.batch(samples, for: trained, on: .cpu)
    #expect(batch.labels.array(of: Int.self) == Array(repeating: operation.rawValue, count: count))
    let all = bytes(batch.clips).reshaped([count, 3, 8, 3, 16])
    let original = Tensor.clips(clips).to(.int64).reshaped([3, 8, 3, 16])
    for place in [0, 2] {
      let expected = original.selected(0, place).unsqueezed(0).expanded([count, -1, -1, -1])
      #expect(all.selected(1, place).isEqual(to: expected.contiguous()))
    }
    return (0..<count).map { sample in
      let red = all.selected(0, sample).selected(0, 1).selected(1, 0)
      return (0..<8).map { red.selected(0, $0).array(of: Int.self) }
    }
  }

  /// The middle clip as it was read.
  private var middle: [[Int]] {
    (0..<8).map { frame in (0..<16).map { 31 + frame * 16 + $0 } }
  }

  @Test(arguments: [Operation.original, .remoteShuffle])
  func originalAndRemoteClipsAreShownAsRead(operation: Operation) {
    for shown in middles(operation, task(), count: 20) { #expect(shown == middle) }
  }

  /// A rotated clip is turned by 90, 180 or 270 degrees, all frames alike, and never by 0.
  @Test func rotatedClipsAreExactQuarterTurns() {
    let turns = (1...3).map { quarters in
      (0..<16).map { place in
        var (y, x) = (place / 4, place % 4)
        // The point from which a turn to the left moves a pixel here.
        for _ in 0..<quarters { (y, x) = (x, 3 - y) }
        return 4 * y + x
      }
    }
    let expected = turns.map { turn in middle.map { frame in turn.map { frame[$0] } } }
    let shown = middles(.rotation, task())
    let counts = expected.map { clip in shown.count { $0 == clip } }
    #expect(counts.reduce(0, +) == 300 && counts.allSatisfy { (60...140).contains($0) })
  }

  /// All 23 permutations of the quarters but the identity, or only the reversal.
  @Test func permutedClipsHaveTheirQuartersExchanged() {
    /// The quarter from which each quarter of the clip comes; nil if pixels moved within a quarter or frames differ.
    func quarters(_ shown: [[Int]]) -> [Int]? {
      var found: [Int] = []
      for quarter in 0..<4 {
        let corner = quarter / 2 * 8 + quarter % 2 * 2
        let source = shown[0][corner] - 31
        guard [0, 2, 8, 10].contains(source) else { return nil }
        for (frame, levels) in shown.enumerated() {
          for offset in [0, 1, 4, 5] where levels[corner + offset] != middle[frame][source + offset]
          {
            return nil
          }
        }
        found.append(source / 8 * 2 + source % 8 / 2)
      }
      return found
    }
    let found = middles(.permutation, task(), count: 600).map(quarters)
    #expect(found.allSatisfy { $0?.sorted() == [0, 1, 2, 3] })
    let distinct = Set(found.compactMap { $0 })
    #expect(distinct.count == 23 && !distinct.contains([0, 1, 2, 3]))
    let reversed = middles(.permutation, task(permutations: .reversal), count: 20).map(quarters)
    #expect(reversed.allSatisfy { $0 == [3, 2, 1, 0] })
  }

  /// Two of the four parts in time are exchanged: 6 possibilities.
  @Test func shuffledClipsHaveTwoPartsExchanged() {
    let frameOrders = (0..<4).flatMap { a in
      (0..<a).map { b -> [Int] in
        var parts = [0, 1, 2, 3]
        parts.swapAt(a, b)
        return parts.flatMap { [2 * $0, 2 * $0 + 1] }
      }
    }
    let expected = frameOrders.map { order in order.map { middle[$0] } }
    let shown = middles(.adjacentShuffle, task())
    let counts = expected.map { clip in shown.count { $0 == clip } }
    #expect(counts.count == 6 && counts.reduce(0, +) == 300)
    #expect(counts.allSatisfy { (20...85).contains($0) })
  }

  /// The clips are frames + gap apart: 24 in the paper. In an unofficial implementation, they are 11 apart and overlap.
  @Test func clipsAreTheGapApart() throws {
    let task = task(frames: 16, gap: 8)
    let source = SourceInfo(lastFrameTime: 99 / 25.0, frameCount: 100)
    for number in 0..<200 {
      var generator = training(number).generator(.loading)
      let request = task.rule(for: trained).request(source, &generator)
      let frames = try frameNumbers(request, in: source)
      #expect(frames[2][0] - frames[0][0] == 48)
      if request.choice != Operation.remoteShuffle.rawValue {
        #expect(frames[1][0] - frames[0][0] == 24)
      }
      #expect(frames.allSatisfy { $0 == Array($0[0]..<$0[0] + 16) })
    }
  }

  /// Remote clips lie outside of the whole tuple and inside of the video, on either side.
  @Test func remoteClipsAreOutside() throws {
    let video = try NumberedVideo(frames: 90)
    let task = task(frames: 16, gap: 8, side: 40)
    var sides = (before: 0, after: 0)
    for number in 0..<150 {
      let (sample, cuts) = try video.sample(task, training(number), for: trained)
      for cut in cuts { #expect(Set(cut.crops).count == 1) }
      guard sample.choice == Operation.remoteShuffle.rawValue else { continue }
      let (first, remote) = (cuts[0].frames[0], cuts[1].frames)
      #expect(cuts[2].frames[0] == first + 48)
      #expect(remote == Array(remote[0]..<remote[0] + 16) && remote[15] < 90)
      #expect(remote[15] < first || remote[0] >= first + 64)
      if remote[15] < first { sides.before += 1 } else { sides.after += 1 }
    }
    #expect(sides.before > 5 && sides.after > 5)
  }

  /// Every place of a tuple with room for a remote clip is used, and no other. The declared length of a damaged file costs
  /// neither memory nor time.
  @Test(arguments: [80, 81, 95, 96, 100, 112, 130]) func placesWithRoomAreUsed(count: Int) throws {
    let task = task(frames: 16, gap: 8)
    let source = SourceInfo(lastFrameTime: Double(count - 1) / 25, frameCount: count)
    var starts: Set<Int> = []
    for number in 0..<1500 {
      var generator = training(number).generator(.loading)
      starts.insert(
        try frameNumbers(task.rule(for: trained).request(source, &generator), in: source)[0][0])
    }
    #expect(starts == Set((0...count - 64).filter { $0 >= 16 || $0 + 80 <= count }))
    let endless = SourceInfo(lastFrameTime: 1e15, frameCount: 1 << 60)
    var generator = training(0).generator(.loading)
    _ = task.rule(for: trained).request(endless, &generator)
  }

  /// Classes are equally frequent in the shortest videos and in long ones, and so are the places of tuples: in an unofficial
  /// implementation, remote clips need room on both sides and are rare in short videos.
  @Test(arguments: [80, 90, 120, 1000])
  func classesDoNotDependOnTheLength(count: Int) throws {
    let task = task(frames: 16, gap: 8)
    let rule = task.rule(for: trained)
    #expect(rule.span == 80)
    let source = SourceInfo(lastFrameTime: Double(count - 1) / 25, frameCount: count)
    var counts = [Int](repeating: 0, count: 5)
    var starts: [[Int]] = [[], []]
    for number in 0..<2000 {
      var generator = training(number).generator(.loading)
      let request = rule.request(source, &generator)
      counts[request.choice] += 1
      starts[request.choice == 4 ? 1 : 0].append(try frameNumbers(request, in: source)[0][0])
    }
    // Five deviations.
    #expect(counts.allSatisfy { abs($0 - 400) < 90 }, "\(counts)")
    let means = starts.map { Double($0.reduce(0, +)) / Double($0.count) }
    #expect(abs(means[0] - means[1]) < 0.1 * Double(count), "\(means)")
  }

  @Test func validationDoesNotChange() throws {
    let video = try NumberedVideo(frames: 60)
    let task = task(side: 40)
    let samples = try (0..<30).map {
      try video.sample(task, .validation(index: $0), for: .validation).sample
    }
    let labels = samples.map(\.choice)
    let again = try (0..<30).map {
      try video.sample(task, .validation(index: $0), for: .validation).sample
    }
    #expect(again.map(\.choice) == labels && Set(labels).count == 5)
    let batches = [samples, again].map { task.batch($0, for: .validation, on: .cpu) }
    #expect(batches[0].clips.isEqual(to: batches[1].clips))
    #expect(batches[0].labels.array(of: Int.self) == labels)
  }

  /// A linear layer on the features of three clips: 7,685 parameters.
  @Test func theHeadIsLinear() {
    let generator = Generator(seed: 1)
    let network = Cloze().makeNetwork(
      on: Architecture.c3d.makeBackbone(using: generator), dropout: 0.5, using: generator)
    let head = network.parameters.filter { !$0.name.hasPrefix("backbone.") }
    #expect(head.map(\.name) == ["operation.fc8.weight", "operation.fc8.bias"])
    #expect(head.reduce(0) { $0 + $1.tensor.count } == 7685)
  }

  @Test(arguments: [Operation.original, .remoteShuffle, .rotation])
  func thePreviewShowsTheOperations(operation: Operation) {
    let sample = Sample(
      id: .preview(seed: 0, row: 0), clips: clips(), source: 0, choice: operation.rawValue)
    let preview = task().preview(sample)
    #expect(preview.title.hasSuffix("Here: \(operation.name)"))
    #expect(preview.rows.prefix(3).map(\.title) == ["first clip", "middle clip", "last clip"])
    #expect(preview.rows.count == (operation == .rotation ? 5 : 6))
    #expect(preview.rows[1].subtitle == operation.name)
    #expect(Set(preview.rows.map(\.name)).count == preview.rows.count)
  }
}
