import Pretext
import PretextTasks
import TestSupport
import Testing
import Torch
import VideoModels
import VideoSamples

@Suite struct SpeedTests {
  private func task(frames: Int = 4, sides: ClosedRange<Int> = 16...16) -> Speed {
    Speed(frames: frames, sides: sides, sourceSide: 16, normalization: plainNormalization)
  }

  /// The places of a request's frames in its span, which starts at the video's first frame.
  private func places(_ task: Speed, number: Int, for purpose: Purpose) throws -> [[Int]] {
    let source = SourceInfo(lastFrameTime: Double(task.span - 1) / 30, frameCount: task.span)
    var generator = training(number).generator(.loading)
    return try frameNumbers(task.rule(for: purpose).request(source, &generator), in: source)
  }

  /// Normal clips have almost all frames, fast ones about every second one, and the classes do not overlap in what a clip of
  /// many frames spans. Frames ascend: none is repeated at the end of a fast clip.
  @Test func fastClipsSpanMore() throws {
    let task = task(frames: 64)
    for number in 0..<200 {
      let clips = try places(task, number: number, for: trained)
      for clip in clips {
        #expect(clip.count == 64 && (0..<192).contains(clip[0]) && clip[63] < 192)
        #expect(zip(clip, clip.dropFirst()).allSatisfy { $0 < $1 })
      }
      let spans = clips.map { Double($0[63] - $0[0] + 1) / 64 }
      #expect((1...1.45).contains(spans[0]) && (1.4...3).contains(spans[1]), "\(spans)")
    }
  }

  /// The spacing is irregular and differs from clip to clip.
  @Test func theSpacingIsRandom() throws {
    let task = task(frames: 16)
    var steps: Set<[Int]> = []
    for number in 0..<50 {
      let fast = try places(task, number: number, for: trained)[1]
      let step = zip(fast, fast.dropFirst()).map { $1 - $0 }
      #expect(Set(step).count > 1)
      steps.insert(step)
    }
    #expect(steps.count == 50)
  }

  /// Even if chance drops too many frames, a clip is complete without repeating one. With 2 of 6 frames at a factor of 3, that
  /// happens in a third of the clips.
  @Test func rareDrawsGiveCompleteClips() throws {
    let task = Speed(
      frames: 2, sides: 16...16, sourceSide: 16, normalFactors: 1...1, fastFactors: 3...3)
    for number in 0..<100 {
      let clips = try places(task, number: number, for: trained)
      #expect(clips[0] == [0, 1] && clips[1].count == 2 && clips[1][0] < clips[1][1])
    }
  }

  /// Validation has no randomness: consecutive frames against every second one, at the largest side.
  @Test func validationIsRegular() throws {
    #expect(
      try places(task(), number: 0, for: .validation) == [[0, 1, 2, 3], [0, 2, 4, 6]])
    let task = task(sides: 8...12)
    let sample = Sample(
      id: .validation(index: 0),
      clips: [0, 1].map { _ in clip(frames: 4, side: 16) { _, _, _, _ in 7 } }, source: 0)
    #expect(task.batch([sample], for: .validation, on: .cpu).clips.shape == [2, 3, 4, 12, 12])
  }

  /// Both clips of a sample are in one batch; all have the same random side.
  @Test func aBatchHasBothSpeedsAtOneSide() {
    let task = task(sides: 8...12)
    var found: Set<Int> = []
    for number in 0..<40 {
      let samples = (0..<2).map { place in
        Sample(
          id: training(2 * number + place),
          clips: (0..<2).map { speed in
            clip(frames: 4, side: 16) { _, _, _, _ in 100 * place + 10 * speed }
          }, source: place)
      }
      let batch = task.batch(samples, for: trained, on: .cpu)
      #expect(batch.labels.array(of: Int.self) == [0, 1, 0, 1])
      let shape = batch.clips.shape
      #expect(shape[0...2] == [4, 3, 4] && shape[3] == shape[4])
      found.insert(shape[3])
      #expect(
        bytes(batch.clips).selected(4, 0).selected(3, 0).selected(2, 0).selected(1, 0)
          .array(of: Int.self) == [0, 10, 100, 110])
    }
    #expect(found == Set(8...12))
  }

  /// The whole frame is shown, squashed; both clips of a sample come from one span; short videos are refused.
  @Test func wholeFramesAreReadFromVideos() throws {
    let video = try NumberedVideo(frames: 30)
    let task = Speed(
      frames: 8, sides: 16...16, sourceSide: 48, normalization: plainNormalization)
    var starts: Set<Int> = []
    for number in 0..<40 {
      let (sample, cuts) = try video.sample(task, training(number), for: trained)
      #expect(sample.clips.allSatisfy { $0.height == 48 && $0.width == 48 })
      let all = cuts.flatMap(\.frames)
      #expect(all.max()! - all.min()! < 24)
      starts.insert(cuts[0].frames[0])
      // The corners are those of the video: red is the column of 96, green the row of 80.
      let last = sample.clips[0].pixels[(48 * 48 - 1) * 3..<48 * 48 * 3].map(Int.init)
      #expect(cuts[0].crops.allSatisfy { $0[0] <= 1 && $0[1] <= 1 })
      #expect(last[0] >= 94 && last[1] >= 78)
    }
    #expect(starts.count > 4)
    let refusal = complaint {
      try NumberedVideo(frames: 23).sample(task, training(0), for: trained)
    }
    #expect(refusal.contains("is too short: it has 23 of the 24 frames"))
  }

  /// The maximum is over space and the mean over time, or the other way round. Binary cross-entropy in numbers.
  @Test(arguments: [(SpeedNetwork.Pooling.maxOverSpace, 4.5), (.maxOverTime, 3.5)])
  func theHeadPoolsAndClassifies(pooling: SpeedNetwork.Pooling, expected: Double) throws {
    /// Returns its clips' first channel with one more row of zeros.
    final class Identity: Backbone {
      override var stages: [(name: StageName, module: Layer)] { [(.conv1, First())] }
      override var featureCount: Int { 1 }
      final class First: Layer {
        override func callAsFunction(_ input: Tensor) -> Tensor { input.sliced(1, 0..<1) }
      }
    }
    let network = SpeedNetwork(
      on: Identity(), pooling: pooling, dropout: 0, using: Generator(seed: 1))
    withoutGradients {
      _ = network.parameters.first { $0.name == "logit.weight" }!.tensor.fill(1)
    }
    // Two frames of 2 x 2: maxima over space 4 and 5; maxima over time 4, 2, 3, 5.
    let values = Tensor([Float(4), 2, 3, 0, 1, 1, 1, 5], shape: [1, 1, 2, 2, 2])
      .expanded([1, 3, 2, 2, 2])
    #expect(network(values).item == expected)
    let both = Tensor.concatenated([values, values])
    let output = network.evaluate(LabeledClips(clips: both, labels: Tensor([0, 1])))
    func softplus(_ x: Double) -> Double {
      Tensor([Float(x)], shape: [1]).exponential().item.logarithmOfOneMore
    }
    #expect(abs(output.loss.item - (softplus(expected) + softplus(-expected)) / 2) < 1e-4)
    #expect(output.predictions?.top1.item == 0.5)
  }

  @Test func thePreviewShowsBothSpeeds() {
    let preview = task().preview(
      Sample(
        id: .preview(seed: 0, row: 0),
        clips: [60, 80].map { level in clip(frames: 4, side: 16) { _, _, _, _ in level } },
        source: 0))
    #expect(preview.rows.map(\.name) == ["normal", "fast"])
    #expect(
      preview.rows.map { Int($0.frames.flattened().array(of: UInt8.self)[0]) } == [60, 80])
  }
}

extension Double {
  /// ln(1 + x).
  fileprivate var logarithmOfOneMore: Double {
    Tensor([Float(1 + self)], shape: [1]).logarithm().item
  }
}
