import KeyedRandom
import MoSI
import Pretext
import Testing
import Torch

@Suite struct MotionFromStaticImagesTests {
  private let geometry = ClipGeometry(
    sourceHeight: 40, sourceWidth: 44, height: 20, width: 24, frames: 6)

  private func task(
    mask: MaskSchedule? = MaskSchedule(), jitter: ColorJitter = ColorJitter()
  ) -> MotionFromStaticImages {
    MotionFromStaticImages(
      motion: PseudoMotion(labels: LabelPool(), geometry: geometry), mask: mask, jitter: jitter)
  }

  private func sources(_ count: Int) -> Tensor {
    randomPictures(30, count: count, height: 40, width: 44).0
  }

  private func generators(_ count: Int, seed: UInt64 = 1) -> [KeyedGenerator] {
    (0..<count).map { KeyedGenerator(seed, UInt64($0)) }
  }

  private static let training = Purpose.training(progress: 0.5)

  @Test func everySourceGivesEveryLabelOnceInOrder() {
    let task = task()
    let batch = task.clips(from: sources(3), generators: generators(3), purpose: Self.training)
    #expect(batch.clips.shape == [27, 3, 6, 20, 24] && batch.clips.dtype == .float32)
    #expect(batch.clips.isContiguous(.channelsLast3d))
    #expect(batch.labels.array(of: Int.self) == (0..<27).map { $0 % 9 })
    #expect(task.clipsPerSample == 9)
    #expect(
      task.classNames == [
        "left 2", "left 1", "right 1", "right 2", "up 2", "up 1", "down 1", "down 2", "static",
      ])
  }

  /// Without augmentation, a clip is the normalized crop: this checks the order of labels and the layout at once.
  @Test func plainClipsAreNormalizedCrops() {
    let task = task(mask: nil, jitter: .none)
    let pictures = sources(2)
    let batch = task.clips(from: pictures, generators: generators(2), purpose: .validation)
    let motion = task.motion
    let frames = motion.frames(
      of: pictures, starts: [motion.centeredStarts, motion.centeredStarts])
    let expected =
      (frames.to(.float64).permuted([0, 2, 1, 3, 4]) * (1 / 255.0) - 0.45) * (1 / 0.225)
    let difference = (batch.clips.to(.float64) - expected).absolute().flattened().max([0]).item
    #expect(difference < 1e-5)
  }

  @Test func normalizationIsByChannel() {
    let normalization = Normalization.kinetics
    let frames = Tensor.full([1, 2, 3, 2, 2], 0.5)
    let clips = normalization.clips(from: frames)
    #expect(clips.shape == [1, 3, 2, 2, 2] && clips.isContiguous(.channelsLast3d))
    let channels = clips.mean([0, 2, 3, 4]).array(of: Float.self)
    for (value, (mean, deviation)) in zip(
      channels, [(0.43216, 0.22803), (0.394666, 0.22145), (0.37645, 0.216989)])
    {
      #expect(abs(Double(value) - (0.5 - mean) / deviation) < 1e-6)
    }
  }

  /// The background is a single jittered frame, the same bit for bit in every frame; inside the square, frames change.
  @Test func theBackgroundIsExactlyStaticUnderJitter() {
    let task = task()
    let draws = generators(2).map { generator in
      var generator = generator
      return task.draw(using: &generator, purpose: Self.training)
    }
    let masked = task.frames(of: sources(2), draws: draws)
    let unmasked = task.frames(
      of: sources(2),
      draws: draws.map {
        $0.map { draw in
          var draw = draw
          draw.region = nil
          return draw
        }
      })
    for (index, draw) in draws.joined().enumerated() {
      let region = draw.region!
      let clip = masked.selected(0, index)
      let free = unmasked.selected(0, index)
      let shown = free.selected(0, region.backgroundFrame)
      var inside = [Bool](repeating: false, count: 20 * 24)
      for y in region.y..<(region.y + region.side) {
        for x in region.x..<(region.x + region.side) { inside[y * 24 + x] = true }
      }
      let square = Tensor(inside, shape: [20, 24])
      for frame in 0..<6 {
        let expected = square.choose(free.selected(0, frame), shown)
        #expect(clip.selected(0, frame).isEqual(to: expected), "clip \(index), frame \(frame)")
      }
    }
  }

  @Test func framesOfAClipAreJitteredEachByItself() {
    let task = task(mask: nil)
    let clips = task.clips(from: sources(1), generators: generators(1), purpose: Self.training)
      .clips
    let still = clips.selected(0, 8)  // the static label: only the jitter changes it
    #expect(!still.selected(1, 0).isEqual(to: still.selected(1, 1)))
    let plain = self.task(mask: nil, jitter: .none)
    let unjittered = plain.clips(
      from: sources(1), generators: generators(1), purpose: Self.training
    )
    .clips.selected(0, 8)
    #expect(unjittered.selected(1, 0).isEqual(to: unjittered.selected(1, 5)))
  }

  @Test func trainingFollowsTheGeneratorAlone() {
    let task = task()
    func clips(_ seed: UInt64) -> Tensor {
      task.clips(from: sources(2), generators: generators(2, seed: seed), purpose: Self.training)
        .clips
    }
    #expect(clips(1).isEqual(to: clips(1)))
    #expect(!clips(1).isEqual(to: clips(2)))
  }

  @Test func validationIsCenteredUnjitteredAndRepeatable() {
    let task = task()
    for generator in generators(20) {
      var (a, b) = (generator, generator)
      let draws = task.draw(using: &a, purpose: .validation)
      #expect(draws.map(\.start) == task.motion.centeredStarts)
      #expect(draws.allSatisfy { $0.jitter == nil && (6...10).contains($0.region!.side) })
      #expect(draws.map(\.region) == task.draw(using: &b, purpose: .validation).map(\.region))
    }
    let curriculum = self.task(mask: MaskSchedule(curriculum: .init()))
    var generator = KeyedGenerator(9)
    let sides = curriculum.draw(using: &generator, purpose: .validation).map { $0.region!.side }
    #expect(sides.allSatisfy { (6...10).contains($0) }, "validation always has the final mask")
    let early = curriculum.draw(using: &generator, purpose: .training(progress: 0))
    #expect(early.allSatisfy { $0.region!.side >= 19 })
  }

  @Test func clipsDoNotDependOnTheirBatch() {
    let task = task()
    let together = task.clips(from: sources(4), generators: generators(4), purpose: Self.training)
      .clips
    for source in 0..<4 {
      let alone = task.clips(
        from: sources(4).sliced(0, source..<(source + 1)), generators: [generators(4)[source]],
        purpose: Self.training
      ).clips
      #expect(alone.isEqual(to: together.sliced(0, (9 * source)..<(9 * source + 9))))
    }
  }

  /// A resumed run continues with the same clips: options that are not enabled draw nothing.
  @Test func defaultsDrawStartsJitterAndSquareInThisOrder() {
    let task = task()
    for generator in generators(200) {
      var (used, expected) = (generator, generator)
      let draws = task.draw(using: &used, purpose: Self.training)
      let starts = task.motion.randomStarts(using: &expected)
      for (draw, start) in zip(draws, starts) {
        let jitter = task.jitter.draw(frames: 6, using: &expected)
        let side = Int((expected.uniform(in: 0.3...0.5) * 20).rounded())
        let region = StaticMask.Region(
          x: expected.integer(below: 25 - side), y: expected.integer(below: 21 - side), side: side,
          backgroundFrame: expected.integer(below: 6))
        #expect(draw.start == start && draw.region == region)
        #expect(draw.symmetry == .identity && draw.drift == nil)
        #expect(draw.jitter!.isGray == jitter.isGray)
        #expect(
          zip(draw.jitter!.frames, jitter.frames).allSatisfy {
            zip($0, $1).allSatisfy { $0.operation == $1.operation && $0.factor == $1.factor }
          })
      }
      #expect(used.next() == expected.next())
    }
  }

  /// All options beyond the paper at once.
  @Test func optionsBeyondThePaperDependOnlyOnTheGenerator() {
    let task = MotionFromStaticImages(
      motion: PseudoMotion(
        labels: LabelPool(), geometry: ClipGeometry(source: 40, clip: 20, frames: 6)),
      mask: MaskSchedule(curriculum: .init(), shape: .mixed, backgroundSpeed: 0.5),
      symmetries: ClipSymmetry.all(flips: true, rotations: true))
    let pictures = randomPictures(31, count: 4, height: 40, width: 40).0
    let together = task.clips(from: pictures, generators: generators(4), purpose: Self.training)
    #expect(together.clips.isContiguous(.channelsLast3d) && together.clips.shape[0] == 36)
    for source in 0..<4 {
      let alone = task.clips(
        from: pictures.sliced(0, source..<source + 1), generators: [generators(4)[source]],
        purpose: Self.training
      ).clips
      #expect(alone.isEqual(to: together.clips.sliced(0, 9 * source..<9 * source + 9)))
    }
    let others = task.clips(
      from: pictures, generators: generators(4, seed: 2), purpose: Self.training)
    #expect(!others.clips.isEqual(to: together.clips))
  }

  @Test func nothingIsRecordedForAutograd() {
    let clips = task().clips(from: sources(1), generators: generators(1), purpose: Self.training)
    #expect(!clips.clips.requiresGradient)
  }

  @Test func framesComeBackFromClips() {
    let frames = sources(2).to(.float32).reshaped([1, 2, 3, 40, 44]) * (1 / 255)
    let back = Normalization.kinetics.frames(from: Normalization.kinetics.clips(from: frames))
    #expect(back.shape == frames.shape)
    #expect((back - frames).absolute().flattened().max([0]).item < 1e-6)
  }
}
