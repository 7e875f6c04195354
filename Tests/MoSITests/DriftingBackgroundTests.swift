import KeyedRandom
import MoSI
import Pretext
import Testing
import Torch

@Suite struct DriftingBackgroundTests {
  private static let training = Purpose.training(progress: 0.5)

  private func task(
    _ geometry: ClipGeometry, labels: LabelPool = LabelPool(), speed: Double = 0.5,
    ratio: ClosedRange<Double> = 0.3...0.5, shape: RegionShape = .square,
    jitter: ColorJitter = .none
  ) -> MotionFromStaticImages {
    MotionFromStaticImages(
      motion: PseudoMotion(labels: labels, geometry: geometry),
      mask: MaskSchedule(final: ratio, shape: shape, backgroundSpeed: speed), jitter: jitter)
  }

  /// The background's windows according to the definition: at frame q, that of the foreground.
  private func windows(
    _ task: MotionFromStaticImages, _ label: Int, _ draw: MotionFromStaticImages.ClipDraw
  )
    -> [PseudoMotion.Start]
  {
    let meeting = task.motion.positions(label: label, start: draw.start)[
      draw.region!.backgroundFrame]
    return zip(draw.drift!.x, draw.drift!.y).map {
      PseudoMotion.Start(x: meeting.x + $0, y: meeting.y + $1)
    }
  }

  /// True if a single speed of at most `fastest` explains all offsets by rounding.
  private func isSteady(_ offsets: [Int], from q: Int, fastest: Double) -> Bool {
    var (low, high) = (-fastest, fastest)
    for (frame, offset) in offsets.enumerated() where frame != q {
      let time = Double(frame - q)
      let bounds = [(Double(offset) - 0.5) / time, (Double(offset) + 0.5) / time]
      (low, high) = (max(low, bounds.min()!), min(high, bounds.max()!))
    }
    return offsets[q] == 0 && low <= high + 1e-9
  }

  /// Sizes, frame counts, labels and speeds of all kinds, in training and validation.
  @Test(arguments: 1...4, MotionAxes.allCases)
  func bothWindowsStayInsideAndMeetAtFrameQ(granularity: Int, axes: MotionAxes) {
    let labels = LabelPool(granularity: granularity, axes: axes)
    var wrong: [String] = []
    for seed in 0..<300 as Range<UInt64> {
      var generator = KeyedGenerator(310, UInt64(granularity), seed)
      let (height, width) = (1 + generator.integer(below: 60), 1 + generator.integer(below: 60))
      let geometry = ClipGeometry(
        sourceHeight: height + 1 + generator.integer(below: 200),
        sourceWidth: width + 1 + generator.integer(below: 200), height: height, width: width,
        frames: 3 + generator.integer(below: 30))
      let speed = generator.uniform(in: 0.01...0.99)
      let task = task(geometry, labels: labels, speed: speed)
      let slowest = labels.movingLabels.map { task.motion.pixelsPerFrame(label: $0) }.min()!
      for purpose in [Self.training, Self.training, .validation] {
        for (label, draw) in task.draw(using: &generator, purpose: purpose).enumerated() {
          let q = draw.region!.backgroundFrame
          let all =
            task.motion.positions(label: label, start: draw.start) + windows(task, label, draw)
          let areInside = all.allSatisfy {
            (0...geometry.sourceWidth - width).contains($0.x)
              && (0...geometry.sourceHeight - height).contains($0.y)
          }
          let drift = draw.drift!
          if !areInside || !(1..<geometry.frames - 1).contains(q)
            || !isSteady(drift.x, from: q, fastest: speed * slowest)
            || !isSteady(drift.y, from: q, fastest: speed * slowest)
          {
            wrong.append("\(geometry), \(labels.motions[label]): \(draw)")
          }
        }
      }
    }
    #expect(wrong.isEmpty, "\(wrong.count) clips, the first \(wrong.first ?? "")")
  }

  /// Inside the region the moving picture, outside it the crop of the background's window in frame q's colors; frame q is
  /// unchanged.
  @Test(arguments: [false, true])
  func outsideIsTheDriftingCropAndInsideMoves(isJittered: Bool) {
    for seed in 0..<30 as Range<UInt64> {
      var generator = KeyedGenerator(311, seed)
      let (height, width) = (4 + generator.integer(below: 20), 4 + generator.integer(below: 20))
      let geometry = ClipGeometry(
        sourceHeight: height + 10 + generator.integer(below: 50),
        sourceWidth: width + 10 + generator.integer(below: 50), height: height, width: width,
        frames: 3 + generator.integer(below: 6))
      let task = task(
        geometry, ratio: 0.3...0.8, shape: .mixed, jitter: isJittered ? ColorJitter() : .none)
      let source = randomPictures(
        2000 + seed, count: 1, height: geometry.sourceHeight, width: geometry.sourceWidth
      ).0
      let draws = task.draw(using: &generator, purpose: Self.training)
      let made = task.frames(of: source, draws: [draws])
      let moving = task.frames(
        of: source,
        draws: [
          draws.map { draw in
            var draw = draw
            (draw.region, draw.drift) = (nil, nil)
            return draw
          }
        ])
      for (label, draw) in draws.enumerated() {
        let q = draw.region!.backgroundFrame
        let crops = windows(task, label, draw).map {
          source.sliced(2, $0.y..<$0.y + height).sliced(3, $0.x..<$0.x + width)
        }
        var background = Tensor.stacked(crops, axis: 1).to(.float32) * (1 / 255)
        if let jitter = draw.jitter {
          let still = ColorJitter.ClipDraw(
            isGray: jitter.isGray,
            frames: Array(repeating: jitter.frames[q], count: geometry.frames))
          background = ColorJitter.apply([still], to: background)
        }
        let inside = Tensor(
          draw.region!.mask(height: height, width: width), shape: [height, width])
        let (clip, free) = (made.selected(0, label), moving.selected(0, label))
        #expect(
          clip.isEqual(to: inside.choose(free, background.selected(0, 0))), "\(seed), \(label)")
        #expect(clip.selected(0, q).isEqual(to: free.selected(0, q)), "\(seed), \(label)")
      }
    }
  }

  /// Everything that a network could see of q and of the background's motion is the same for all labels.
  @Test func backgroundsRevealNothingAboutTheLabel() {
    let geometry = ClipGeometry(source: 56, clip: 20, frames: 8)
    let task = task(geometry, speed: 0.9)
    let count = task.motion.labels.count
    var generator = KeyedGenerator(312)
    var seen: [[Int]: [Int]] = [:]
    var frames = [[Int]](repeating: Array(repeating: 0, count: 6), count: count)
    var turns = [[Int]](repeating: Array(repeating: 0, count: 4), count: count)
    for _ in 0..<6000 {
      for (label, draw) in task.draw(using: &generator, purpose: Self.training).enumerated() {
        let (q, drift) = (draw.region!.backgroundFrame, draw.drift!)
        let way = (x: drift.x.last! - drift.x[0], y: drift.y.last! - drift.y[0])
        seen[[q, way.x / 4, way.y / 4], default: Array(repeating: 0, count: count)][label] += 1
        frames[label][q - 1] += 1
        if way.x != 0, way.y != 0 { turns[label][(way.x > 0 ? 2 : 0) + (way.y > 0 ? 1 : 0)] += 1 }
      }
    }
    #expect(frames.allSatisfy(isUniform) && turns.allSatisfy(isUniform))
    let probabilities = seen.values.filter { $0.reduce(0, +) > 200 }.map {
      chiSquareProbability($0)
    }
    #expect(probabilities.count > 50)
    #expect(probabilities.min()! > 1e-4 / Double(probabilities.count))
  }

  /// The start is uniform over exactly those for which both windows stay inside.
  @Test func startsAreUniform() {
    let geometry = ClipGeometry(
      sourceHeight: 15, sourceWidth: 14, height: 6, width: 6, frames: 4)
    let task = task(geometry, labels: LabelPool(granularity: 2), speed: 0.9)
    struct Case: Hashable {
      let label: Int
      let q: Int
      let drift: DriftingBackground.Drift
    }
    var found: [Case: [PseudoMotion.Start: Int]] = [:]
    var generator = KeyedGenerator(313)
    for _ in 0..<20_000 {
      for (label, draw) in task.draw(using: &generator, purpose: Self.training).enumerated() {
        let key = Case(label: label, q: draw.region!.backgroundFrame, drift: draw.drift!)
        found[key, default: [:]][draw.start, default: 0] += 1
      }
    }
    var probabilities: [Double] = []
    for (key, counts) in found {
      let path = task.motion.positions(label: key.label, start: .init(x: 0, y: 0))
      let meeting = path[key.q]
      let all =
        path + zip(key.drift.x, key.drift.y).map { .init(x: meeting.x + $0, y: meeting.y + $1) }
      let possible = (0...8).flatMap { x in (0...9).map { PseudoMotion.Start(x: x, y: $0) } }
        .filter { start in
          all.allSatisfy {
            (0...8).contains(start.x + $0.x) && (0...9).contains(start.y + $0.y)
          }
        }
      #expect(Set(counts.keys).isSubset(of: possible), "\(key)")
      if counts.values.reduce(0, +) > 20 * possible.count, possible.count > 1 {
        probabilities.append(chiSquareProbability(possible.map { counts[$0] ?? 0 }))
      }
    }
    #expect(probabilities.count > 50)
    #expect(probabilities.min()! > 1e-4 / Double(probabilities.count))
  }

  @Test func validationIsCenteredAndRepeatable() {
    let task = task(
      ClipGeometry(source: 60, clip: 20, frames: 8), shape: .blob, jitter: ColorJitter())
    var centered = 0
    for seed in 0..<50 as Range<UInt64> {
      var (a, b) = (KeyedGenerator(314, seed), KeyedGenerator(314, seed))
      let draws = task.draw(using: &a, purpose: .validation)
      let again = task.draw(using: &b, purpose: .validation)
      #expect(
        draws.map(\.region) == again.map(\.region) && draws.map(\.drift) == again.map(\.drift))
      #expect(draws.allSatisfy { $0.jitter == nil && $0.drift != nil })
      centered += zip(draws, task.motion.centeredStarts).count { $0.start == $1 }
    }
    #expect(centered == 50 * 9, "centered paths leave backgrounds their room")
  }

  @Test func backgroundsMove() {
    // At the paper's sizes, half of the slowest label's speed is 3.5 pixels per frame.
    let task = task(ClipGeometry(source: 320, clip: 112, frames: 16))
    var generator = KeyedGenerator(315)
    let ways = (0..<500).flatMap { _ in
      task.draw(using: &generator, purpose: Self.training).map {
        max(abs($0.drift!.x.last! - $0.drift!.x[0]), abs($0.drift!.y.last! - $0.drift!.y[0]))
      }
    }
    #expect(ways.max()! <= 53 && ways.reduce(0, +) / ways.count >= 15, "\(ways.max()!)")
    #expect(ways.count { $0 < 3 } * 10 < ways.count)
  }

  @Test func twoFramesLeaveNoRoom() async {
    await #expect(processExitsWith: .failure) {
      _ = DriftingBackground(
        under: PseudoMotion(
          labels: LabelPool(), geometry: ClipGeometry(source: 20, clip: 10, frames: 2)), speed: 0.5)
    }
  }
}
