import Configuration
import Foundation
import KeyedRandom
import Pretext
import TestSupport
import Testing
import Torch
import Training
import VideoSamples

/// The arithmetic of Mixup, CutMix, random erasing and random operations.
@Suite struct ClipAugmentationTests {
  private func clips(_ shape: [Int] = [4, 3, 2, 12, 10]) -> Tensor {
    .normal(shape, using: Generator(seed: 3))
  }

  private func largest(_ difference: Tensor) -> Double {
    difference.absolute().flattened().max([0]).item
  }

  // MARK: Batches

  /// A batch of two samples with two clips each, of one level per clip; the normalization changes nothing.
  private func batch(_ settings: ClipAugmentationSettings, smoothing: Double = 0) -> ActionBatch {
    let samples = (0..<2).map { sample in
      Sample(
        id: .training(seed: 1, epoch: 0, source: sample),
        clips: (0..<2).map { clip in
          ClipPixels(
            frames: 2, height: 12, width: 10,
            pixels: Array(repeating: UInt8(50 * (2 * sample + clip)), count: 2 * 12 * 10 * 3))
        }, source: sample)
    }
    return ActionClips(
      jitter: .none, normalization: Normalization(mean: [0, 0, 0], std: [1, 1, 1]),
      augmentation: settings
    ).training(samples, labels: [3, 1], classes: 4, smoothing: smoothing, device: .cpu)
  }

  /// All clips of a video come one after another, with its class.
  @Test func repeatedClipsKeepTheirClass() {
    let batch = batch(ClipAugmentationSettings())
    #expect(batch.labels.array(of: Int64.self) == [3, 3, 1, 1] && batch.targets == nil)
    let levels = batch.clips.flattened(from: 1).mean([1]).array(of: Float.self)
    for (level, expected) in zip(levels, [0, 50, 100, 150]) {
      #expect(abs(level * 255 - Float(expected)) < 1e-3)
    }
  }

  /// Erasing fills the same rectangle of all frames with noise, another one in each clip, and leaves the rest.
  @Test func erasingIsBeforeMixing() throws {
    var settings = ClipAugmentationSettings()
    settings.erasingProbability = 1
    let plain = batch(settings).clips
    var places: Set<[Bool]> = []
    for clip in 0..<4 {
      let red = plain.selected(0, clip).selected(0, 0)
      let frames = (0..<2).map { frame in
        red.selected(0, frame).flattened().array(of: Float.self)
          .map { abs($0 - Float(50 * clip) / 255) < 1e-6 }
      }
      #expect(frames[0] == frames[1])
      let place = frames[0]
      #expect(place.contains(true) && place.contains(false))
      places.insert(place)
    }
    #expect(places.count == 4)
    // A clip is mixed with the batch's reverse, its noise with it.
    settings.mixupAlpha = 0.8
    let mixed = batch(settings, smoothing: 0.2)
    let targets = try #require(mixed.targets)
    let share = (targets.selected(0, 0).selected(0, 3).item - 0.05) / 0.8
    #expect(share > 0 && share < 1)
    #expect(largest(mixed.clips - (plain * share + plain.flipped([0]) * (1 - share))) < 1e-5)
    #expect(abs(targets.selected(0, 0).selected(0, 0).item - 0.05) < 1e-6)
    #expect(largest(targets.sum([1]) - 1) < 1e-6)
  }

  // MARK: Mixing

  @Test(arguments: [0.0, 0.1])
  func targetsAreDistributions(smoothing: Double) {
    let targets = ClipMixing.targets(Tensor([2, 0]), classes: 4, smoothing: smoothing)
    let (on, off) = (Float(1 - smoothing + smoothing / 4), Float(smoothing / 4))
    for (found, expected) in zip(
      targets.array(of: Float.self), [off, off, on, off, on, off, off, off])
    {
      #expect(abs(found - expected) < 1e-6)
    }
    #expect(largest(targets.sum([1]) - 1) < 1e-6)
  }

  /// A batch is a weighted sum of itself and its reverse, and so are its classes. Mixing the reverse with the other share
  /// gives the reverse of the result.
  @Test func mixupIsAWeightedSum() {
    let (clips, targets) = (
      clips(), ClipMixing.targets(Tensor([0, 1, 2, 2]), classes: 3, smoothing: 0)
    )
    let mixed = ClipMixing.apply(.mixup(share: 0.3), to: clips.clone(), targets)
    #expect(largest(mixed.targets.sum([1]) - 1) < 1e-6)
    #expect(
      mixed.targets.array(of: Float.self).map { ($0 * 10).rounded() } == [
        3, 0, 7, 0, 3, 7, 0, 7, 3, 7, 0, 3,
      ])
    #expect(largest(mixed.clips - (clips * 0.3 + clips.flipped([0]) * 0.7)) < 1e-6)
    let back = ClipMixing.apply(.mixup(share: 0.7), to: clips.flipped([0]), targets.flipped([0]))
    #expect(largest(back.clips - mixed.clips) < 1e-5)
    #expect(largest(back.targets - mixed.targets) < 1e-5)
  }

  /// The share of the own class is that of the own pixels. Pasting twice gives the first clips back.
  @Test func cutmixSharesAreAreas() throws {
    var random = KeyedGenerator(4)
    let mixing = ClipMixing(mixup: nil, cutmix: 1)
    for _ in 0..<40 {
      let draw = try #require(mixing.draw(height: 12, width: 10, using: &random))
      let marks = Tensor((0..<4).map(Float.init), shape: [4, 1, 1, 1, 1])
        .expanded([4, 3, 2, 12, 10])
      let targets = ClipMixing.targets(Tensor([0, 1, 2, 3]), classes: 4, smoothing: 0)
      let mixed = ClipMixing.apply(draw, to: marks.clone(), targets)
      for clip in 0..<4 {
        let own = mixed.clips.selected(0, clip).equal(to: Double(clip)).to(.float32).mean().item
        let other = mixed.clips.selected(0, clip).equal(to: Double(3 - clip)).to(.float32)
          .mean().item
        #expect(abs(own + other - 1) < 1e-6)
        #expect(abs(mixed.targets.selected(0, clip).selected(0, clip).item - own) < 1e-6)
        #expect(abs(mixed.targets.selected(0, clip).selected(0, 3 - clip).item - other) < 1e-6)
      }
      let clips = clips()
      let once = ClipMixing.apply(draw, to: clips.clone(), targets).clips
      #expect(largest(ClipMixing.apply(draw, to: once.clone(), targets).clips - clips) == 0)
    }
  }

  /// Half of the batches by each way; Mixup's shares have the mean 1/2 and the deviation of their beta distribution.
  @Test func mixturesAreDrawnEvenly() {
    let mixing = ClipMixing(mixup: 0.8, cutmix: 1)
    var shares: [Double] = []
    var areas: [Double] = []
    for number in 0..<4000 {
      var random = KeyedGenerator(UInt64(number))
      switch mixing.draw(height: 112, width: 112, using: &random) {
      case .mixup(let share)?: shares.append(share)
      case .cutmix(let rows, let columns)?:
        areas.append(
          1 - ClipMixing.share(.cutmix(rows: rows, columns: columns), height: 112, width: 112))
      case nil: Issue.record("mixing is on")
      }
    }
    #expect(abs(shares.count - areas.count) < 320)
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    #expect(abs(mean(shares) - 0.5) < 0.03)
    // The variance of Beta(a, a) is 1 / (4 (2 a + 1)).
    let variance = mean(shares.map { ($0 - 0.5) * ($0 - 0.5) })
    #expect(abs(variance - 1 / (4 * 2.6)) < 0.01)
    // Half of a uniform area on average, less what is cut at the edges.
    #expect((0.2...0.4).contains(mean(areas)))
    var random = KeyedGenerator(1)
    #expect(ClipMixing(mixup: nil, cutmix: nil).draw(height: 8, width: 8, using: &random) == nil)
  }

  /// The loss of a distribution is the mean of the losses of its classes.
  @Test func softTargetsMixLosses() {
    let logits = Tensor.normal([2, 5], using: Generator(seed: 1))
    let (a, b) = (Tensor([1, 4]), Tensor([0, 2]))
    let targets =
      ClipMixing.targets(a, classes: 5, smoothing: 0.1) * 0.3
      + ClipMixing.targets(b, classes: 5, smoothing: 0.1) * 0.7
    let expected =
      0.3 * crossEntropy(logits, a, smoothing: 0.1).item
      + 0.7 * crossEntropy(logits, b, smoothing: 0.1).item
    #expect(abs(crossEntropy(logits, distributions: targets).item - expected) < 1e-5)
  }

  // MARK: Erasing

  /// A rectangle is noise in all frames, and nothing else changes.
  @Test func rectanglesAreErased() throws {
    let erasing = RandomErasing(probability: 1)
    var areas: [Double] = []
    for number in 0..<400 {
      var random = KeyedGenerator(UInt64(number), 7)
      let draw = try #require(erasing.draw(height: 112, width: 112, using: &random))
      let area = Double(draw.rows.count * draw.columns.count) / (112 * 112)
      let ratio = Double(draw.rows.count) / Double(draw.columns.count)
      #expect((0.018...0.35).contains(area) && (0.27...3.7).contains(ratio))
      #expect(draw.rows.upperBound <= 112 && draw.columns.upperBound <= 112)
      areas.append(area)
    }
    #expect(areas.max()! > 0.3 && areas.min()! < 0.04)
    var random = KeyedGenerator(3)
    let draw = try #require(erasing.draw(height: 12, width: 10, using: &random))
    let clips = Tensor.full([2, 3, 4, 12, 10], 9)
    RandomErasing.apply([nil, draw], to: clips)
    let kept = clips.equal(to: 9).to(.float32)
    #expect(kept.selected(0, 0).mean().item == 1)
    let erased = Double(draw.rows.count * draw.columns.count)
    #expect(abs(kept.selected(0, 1).mean().item - (1 - erased / 120)) < 1e-6)
    let part = clips.selected(0, 1).sliced(2, draw.rows).sliced(3, draw.columns)
    #expect(part.equal(to: 9).to(.float32).sum().item == 0)
    // Each frame has its own noise, which the draw determines.
    #expect(largest(part.selected(1, 0) - part.selected(1, 1)) > 0.1)
    let again = Tensor.full([1, 3, 4, 12, 10], 9)
    RandomErasing.apply([draw], to: again)
    #expect(largest(again.selected(0, 0) - clips.selected(0, 1)) == 0)
  }

  @Test func erasingHasItsProbability() {
    let erasing = RandomErasing(probability: 0.25)
    let count = (0..<2000).count { number in
      var random = KeyedGenerator(UInt64(number), 8)
      return erasing.draw(height: 56, width: 56, using: &random) != nil
    }
    #expect((400...600).contains(count))
  }

  // MARK: Random operations

  @Test func operationsAreDrawnEvenly() {
    let operations = RandomOperations(count: 4, probability: 0.5, magnitude: 7, deviation: 0.5)
    var counts: [RandomOperations.Kind: Int] = [:]
    var strengths: [Double] = []
    for number in 0..<3000 {
      var random = KeyedGenerator(UInt64(number), 9)
      for operation in operations.draw(using: &random) {
        counts[operation.kind, default: 0] += 1
        strengths.append(operation.strength)
      }
    }
    #expect(abs(strengths.count - 6000) < 300)
    #expect(counts.count == RandomOperations.Kind.allCases.count)
    #expect(counts.values.allSatisfy { abs($0 - 6000 / 13) < 120 })
    #expect(abs(strengths.count { $0 > 0 } - strengths.count / 2) < 250)
    let mean = strengths.reduce(0) { $0 + abs($1) } / Double(strengths.count)
    #expect(abs(mean - 0.7) < 0.01 && strengths.allSatisfy { abs($0) <= 1 })
  }

  /// Every operation keeps shapes and range, changes something at full strength, and treats equal frames alike.
  @Test(arguments: RandomOperations.Kind.allCases)
  func operationsKeepTheRange(kind: RandomOperations.Kind) {
    let frame = Tensor.uniform([1, 3, 16, 12], using: Generator(seed: 5)) * 0.8 + 0.1
    let frames = frame.expanded([3, 3, 16, 12]).contiguous()
    for strength in [-1.0, -0.7, 0.7, 1] {
      let result = RandomOperations.apply([.init(kind: kind, strength: strength)], to: frames)
      #expect(result.shape == frames.shape)
      let flat = result.flattened()
      #expect(flat.min([0]).item >= -1e-6 && flat.max([0]).item <= 1 + 1e-6)
      #expect(largest(result - frames) > 0.01)
      #expect(largest(result.selected(0, 0) - result.selected(0, 2)) < 1e-6)
    }
  }

  @Test func operationsDoWhatTheirNamesSay() {
    let frames = Tensor.uniform([2, 3, 9, 9], using: Generator(seed: 6))
    func apply(_ kind: RandomOperations.Kind, _ strength: Double) -> Tensor {
      RandomOperations.apply([.init(kind: kind, strength: strength)], to: frames)
    }
    #expect(largest(apply(.invert, 0.5) + frames - 1) < 1e-6)
    // 4 bits less 2 are 4 levels.
    #expect(Set(apply(.posterize, 0.5).array(of: Float.self)).count == 4)
    let stretched = apply(.autocontrast, 1)
    #expect(stretched.flattened().max([0]).item > 1 - 1e-6)
    #expect(stretched.flattened().min([0]).item < 1e-6)
    // A shift by 0.45 of the side, less at half strength: 9 pixels by 2 are 4/9 of it.
    let shifted = apply(.shiftX, 2.0 / 9 / 0.45)
    #expect(largest(shifted.sliced(3, 0..<7) - frames.sliced(3, 2..<9)) < 1e-4)
    // Solarizing at half strength inverts what is at least 1/2.
    let solarized = apply(.solarize, 0.5)
    #expect(solarized.flattened().max([0]).item <= 0.5)
    #expect(largest(apply(.brightness, -0.5) - frames * 0.55) < 1e-6)
  }
}
