import Foundation
import KeyedRandom
import Pretext
import PretextTasks
import Testing
import Torch
import VideoSamples

/// PMG makes what its transformations say, sharp, without leaving the still if it is large enough.
@Suite struct PseudoMotionGeneratorTests {
  typealias Kind = StillTransformations.Kind
  static let geometric: [Kind] = [.zoom, .affine, .perspective, .slidingWindow]

  private func generator(
    _ kinds: [Kind], _ combination: StillTransformations.Combination = .all,
    strength: StillTransformations.Strength = .video, frames: Int = 6, side: Int = 24,
    sourceSide: Int = 72, sampling: PseudoMotionGenerator.Sampling = .composed, mixup: Double? = nil
  ) -> PseudoMotionGenerator {
    var transformations = StillTransformations()
    transformations.kinds = kinds
    transformations.combination = combination
    transformations.strength = strength
    return PseudoMotionGenerator(
      transformations: transformations, frames: frames, side: side, sourceSide: sourceSide,
      sampling: sampling, mixup: mixup)
  }

  private func id(_ source: Int, epoch: Int = 0) -> SampleID {
    .training(seed: 1, epoch: epoch, source: source)
  }

  private func draw(
    _ generator: PseudoMotionGenerator, _ source: Int,
    purpose: Purpose = .training(progress: 0)
  ) -> PseudoMotionGenerator.ClipDraw {
    var random = id(source).generator(.augmentation)
    return generator.draw(using: &random, purpose: purpose)
  }

  /// A still whose colors are smooth functions of the place.
  private func smooth(_ side: Int, _ number: Int) -> ClipPixels {
    let pixels = (0..<side * side * 3).map { index -> UInt8 in
      let (x, y) = (Double(index / 3 % side), Double(index / 3 / side))
      let phase = Double(number + index % 3)
      return UInt8(127.5 + 100 * sin(x / 9 + phase) * cos(y / 11 - phase))
    }
    return ClipPixels(frames: 1, height: side, width: side, pixels: pixels)
  }

  private func noise(_ side: Int, _ number: Int) -> ClipPixels {
    var random = KeyedGenerator(UInt64(number), 5)
    return ClipPixels(
      frames: 1, height: side, width: side,
      pixels: (0..<side * side * 3).map { _ in UInt8(truncatingIfNeeded: random.next()) })
  }

  private func samples(_ count: Int, side: Int, _ still: (Int, Int) -> ClipPixels) -> [Sample] {
    (0..<count).map { Sample(id: id($0), clips: [still(side, $0)], source: $0) }
  }

  private func largest(_ difference: Tensor) -> Double {
    difference.absolute().flattened().max([0]).item
  }

  private func mean(_ difference: Tensor) -> Double { difference.absolute().mean().item }

  // MARK: Geometry

  /// The first frame is a crop of the still, pixel by pixel, whatever comes then.
  @Test(arguments: [PseudoMotionGenerator.Sampling.composed, .recursive])
  func theFirstFrameIsACrop(sampling: PseudoMotionGenerator.Sampling) {
    let generator = generator(Self.geometric + [.colorJitter], sampling: sampling)
    let samples = samples(5, side: 72, noise)
    let clips = generator.clips(samples, for: .training(progress: 0), on: .cpu)
    #expect(clips.shape == [5, 3, 6, 24, 24])
    let stills = Tensor.stills(samples).unitRange
    for source in 0..<5 {
      let start = draw(generator, source).start
      let crop = stills.selected(0, source).sliced(1, start.y..<start.y + 24)
        .sliced(2, start.x..<start.x + 24)
      #expect(largest(clips.selected(0, source).selected(1, 0) - crop) < 1e-4)
    }
  }

  /// Sampling the still once shows what sampling again and again shows, but sharp.
  @Test(arguments: Self.geometric)
  func compositionHasTheGeometryOfRecursion(kind: Kind) {
    let (composed, recursive) = (
      generator([kind]), generator([kind], sampling: .recursive)
    )
    func clips(_ still: (Int, Int) -> ClipPixels) -> (Tensor, Tensor) {
      let samples = samples(4, side: 72, still)
      return (
        composed.clips(samples, for: .training(progress: 0), on: .cpu),
        recursive.clips(samples, for: .training(progress: 0), on: .cpu)
      )
    }
    let (a, b) = clips(smooth)
    #expect(largest(a - b) < 0.02)
    // The content moved far more than that.
    #expect(mean(a.sliced(2, 5..<6) - a.sliced(2, 0..<1)) > 0.03)
    // Interpolation takes contrast from noise; five times take more.
    let (sharp, blurred) = clips(noise)
    func contrast(_ clips: Tensor) -> Double {
      let last = clips.selected(2, 5)
      return mean(last - last.mean())
    }
    #expect(contrast(sharp) > contrast(blurred) + 0.02)
  }

  /// A pixel of a frame is that of the still at the place to which the map takes it.
  @Test func framesFollowTheirMaps() {
    let generator = generator([.zoom, .affine, .perspective])
    let samples = samples(3, side: 72, smooth)
    let clips = generator.clips(samples, for: .training(progress: 0), on: .cpu)
    for source in 0..<3 {
      let draw = draw(generator, source)
      let pixels = samples[source].clips[0].pixels
      for frame in [1, 5] {
        for (row, column) in [(0, 0), (7, 20), (12, 12), (23, 3)] {
          let place = SIMD2(Double(2 * column + 1), Double(2 * row + 1)) / 24 - 1
          let image = draw.video.maps[frame](place)
          // In pixels of the still: half sides of 12 pixels around the first frame's center.
          let x = Double(draw.start.x) + 12 * (1 + image.x) - 0.5
          let y = Double(draw.start.y) + 12 * (1 + image.y) - 0.5
          guard (0.0...70).contains(x), (0.0...70).contains(y) else { continue }
          func color(_ row: Int, _ column: Int) -> Double {
            Double(pixels[3 * (row * 72 + column)]) / 255
          }
          let (left, top) = (Int(x), Int(y))
          let (u, v) = (x - Double(left), y - Double(top))
          let expected =
            (color(top, left) * (1 - u) + color(top, left + 1) * u) * (1 - v)
            + (color(top + 1, left) * (1 - u) + color(top + 1, left + 1) * u) * v
          let found = clips.selected(0, source).selected(0, 0).selected(0, frame)
            .selected(0, row).selected(0, column).item
          #expect(abs(found - expected) < 1e-3, "frame \(frame) at \(row), \(column)")
        }
      }
    }
  }

  /// Frames stay in a still that has room for all of them. Where it has none, they show its mirror image and never a constant.
  @Test func framesStayInTheStillIfTheyCan() {
    let roomy = generator([.zoom, .affine], .one, sourceSide: 84)
    for source in 0..<300 {
      let draw = draw(roomy, source)
      let reach = draw.video.maps.flatMap { map in
        [SIMD2(-1.0, -1.0), [1, -1], [1, 1], [-1, 1]].map { map($0) }
      }
      for point in reach {
        let place = 12 * (point + 1) + SIMD2(Double(draw.start.x), Double(draw.start.y))
        #expect(place.min() > -1e-4 && place.max() < 84 + 1e-4, "source \(source): \(place)")
      }
    }
    let tight = generator([.zoom], sourceSide: 24)
    let clips = tight.clips(
      samples(8, side: 24, noise), for: .training(progress: 0), on: .cpu)
    // Each 4 x 4 patch varies.
    let patches = clips.unfolded(3, size: 4, step: 4).unfolded(4, size: 4, step: 4)
    let spread = patches.max([5, 6]) - patches.min([5, 6])
    #expect(spread.flattened().min([0]).item > 0.02)
  }

  // MARK: Ranges

  /// Strengths end where the settings say, in both directions and all over their ranges.
  @Test func rangesHold() {
    var growths: [Double] = []
    var angles: [Double] = []
    var shifts: [Double] = []
    var ways: [Double] = []
    for source in 0..<2000 {
      let zoom = draw(generator([.zoom]), source).video.maps[5].matrix
      growths.append(log2(zoom[0] / zoom[8]))
      #expect(zoom[0] == zoom[4] && zoom[1] == 0 && zoom[2] == 0)
      let map = draw(generator([.affine]), source).video.steps[0].matrix
      // A step is shift · rotation · shear, so the first column is the rotation's.
      angles.append(atan2(map[3], map[0]) * 5 * 180 / .pi)
      shifts.append(map[2] * 5 / 2)
      let slide = draw(generator([.slidingWindow]), source).video.maps[5].matrix
      ways.append((slide[2] * slide[2] + slide[5] * slide[5]).squareRoot() / 2)
    }
    func check(_ values: [Double], _ range: ClosedRange<Double>, _ name: String) {
      let width = range.upperBound - range.lowerBound
      #expect(values.min()! >= range.lowerBound - 1e-9, "\(name): \(values.min()!)")
      #expect(values.max()! <= range.upperBound + 1e-9, "\(name): \(values.max()!)")
      // Uniform: as many in each quarter, within five deviations.
      for quarter in 0..<4 {
        let lower = range.lowerBound + width * Double(quarter) / 4
        let count = values.count { lower <= $0 && $0 < lower + width / 4 }
        #expect(abs(count - 500) < 100, "\(name): \(count) in quarter \(quarter)")
      }
    }
    check(growths, -1...1, "zoom")
    check(angles, -30...30, "rotation")
    check(shifts, -0.25...0.25, "shift")
    check(ways, 0.1...0.5, "slide")
  }

  /// A perspective does not turn over: what is in front stays in front, and corners go about as far as the settings allow.
  @Test func perspectivesStayInFront() {
    var farthest = 0.0
    for source in 0..<1000 {
      let draw = draw(generator([.perspective]), source)
      for map in draw.video.maps {
        for corner in [SIMD2(-1.0, -1.0), [1, -1], [1, 1], [-1, 1]] {
          #expect(map.divisor(at: corner) > 0.1)
        }
      }
      let image = draw.video.maps[1](SIMD2(1, 1))
      farthest = max(farthest, abs(image.x - 1), abs(image.y - 1))
    }
    // Of 2 half sides, 0.15 in five steps.
    #expect(farthest <= 0.06 + 1e-9 && farthest > 0.055)
  }

  /// The strongest settings together would take some videos behind the horizon.
  @Test func strongestPerspectivesStayInFront() {
    var transformations = StillTransformations()
    transformations.kinds = [.zoom, .affine, .perspective]
    transformations.combination = .all
    (transformations.zoom, transformations.distortion) = (1...8, 0.25)
    var shortened = 0
    for source in 0..<2000 {
      var random = id(source).generator(.augmentation)
      let draw = transformations.draw(frames: 16, side: 24, using: &random)
      for map in draw.maps {
        for corner in [SIMD2(-1.0, -1.0), [1, -1], [1, 1], [-1, 1]] {
          #expect(map.divisor(at: corner) > 0.02 * map.divisor(at: [0, 0]))
        }
      }
      if draw.steps[0] != .identity, draw.steps[14] == .identity { shortened += 1 }
    }
    #expect(shortened > 0 && shortened < 200)
  }

  @Test func kindsAreDrawnEvenlyOrAllTaken() {
    let kinds: [Kind] = [.zoom, .affine, .fade, .cutMix]
    var counts: [Kind: Int] = [:]
    for source in 0..<2000 {
      let drawn = draw(generator(kinds, .one), source).video.kinds
      #expect(drawn.count == 1)
      counts[drawn[0], default: 0] += 1
    }
    #expect(counts.count == 4 && counts.values.allSatisfy { abs($0 - 500) < 100 })
    #expect(draw(generator(kinds, .all), 0).video.kinds == kinds)
  }

  /// One strength makes every step the same; strengths per frame differ.
  @Test func strengthsAreDrawnForTheVideoOrTheFrame() {
    for source in 0..<20 {
      let video = draw(generator(Self.geometric), source).video
      #expect(Set(video.steps).count == 1 && video.steps.count == 5)
      let frames = draw(generator(Self.geometric, strength: .frame), source).video
      #expect(Set(frames.steps).count == 5)
    }
  }

  // MARK: Colors, rectangles and mixtures

  /// A fade goes from the still's brightness to a share of it, or back, by the same factor each frame.
  @Test func fadesMultiply() throws {
    let generator = generator([.fade])
    var ends: [Double] = []
    for source in 0..<200 {
      let draw = draw(generator, source)
      let factors = try #require(draw.video.colors).frames.map { $0[0].factor }
      let isFadeOut = factors[0] == 1
      #expect(isFadeOut || abs(factors[5] - 1) < 1e-12)
      let ratios = zip(factors, factors.dropFirst()).map { $1 / $0 }
      #expect(ratios.allSatisfy { abs($0 - ratios[0]) < 1e-9 })
      ends.append(isFadeOut ? factors[5] : -factors[0])
    }
    #expect(ends.allSatisfy { (0.2...0.7).contains(abs($0)) })
    #expect((60...140).contains(ends.count { $0 > 0 }))
    let white = ClipPixels(
      frames: 1, height: 72, width: 72, pixels: Array(repeating: 255, count: 72 * 72 * 3))
    let clip = generator.clips(
      [Sample(id: id(0), clips: [white], source: 0)], for: .training(progress: 0), on: .cpu)
    for frame in 0..<6 {
      let factor = try #require(draw(generator, 0).video.colors).frames[frame][0].factor
      #expect(largest(clip.selected(2, frame) - factor) < 1e-4)
    }
  }

  /// The hue of the last frame is shifted by at most its bound.
  @Test func hueShiftsAdd() throws {
    for source in 0..<100 {
      let colors = try #require(draw(generator([.colorJitter]), source).video.colors)
      let shifts = colors.frames.map { frame in
        frame.first { $0.operation == .hue }!.factor
      }
      #expect(abs(shifts[5]) <= 0.1 + 1e-9 && shifts[0] == 0)
      #expect(abs(shifts[2] - 2 * shifts[1]) < 1e-9)
    }
  }

  /// CutMix's rectangle shows a fixed part of the next still, and moves; the rest is the clip.
  @Test func rectanglesShowTheNextStill() throws {
    let generator = generator([.cutMix])
    let dark = ClipPixels(
      frames: 1, height: 72, width: 72, pixels: Array(repeating: 0, count: 72 * 72 * 3))
    let samples = [
      Sample(id: id(3), clips: [dark], source: 3),
      Sample(id: id(4), clips: [noise(72, 4)], source: 4),
    ]
    let clip = generator.clips(samples, for: .training(progress: 0), on: .cpu).selected(0, 0)
    let (own, other) = (draw(generator, 3), draw(generator, 4))
    let patch = try #require(own.video.patch)
    #expect(patch.width < 24 && (6...12).contains(patch.width))
    let still = Tensor.stills(samples).unitRange.selected(0, 1)
    let (left, top) = (
      other.start.x + patch.corners[0].x, other.start.y + patch.corners[0].y
    )
    let content = still.sliced(1, top..<top + patch.height).sliced(2, left..<left + patch.width)
    for frame in 0..<6 {
      let corner = patch.corners[frame]
      let inside = clip.selected(1, frame).sliced(1, corner.y..<corner.y + patch.height)
        .sliced(2, corner.x..<corner.x + patch.width)
      #expect(largest(inside - content) < 1e-4)
      // Everything else is black.
      let sum = clip.selected(1, frame).sum().item
      #expect(abs(sum - content.sum().item) < 0.1)
    }
    #expect(Set(patch.corners).count > 1)
  }

  /// Mixup adds shares of finished videos that sum to 1; there is none in validation.
  @Test func finishedVideosAreMixed() {
    let (plain, mixing) = (generator([.zoom]), generator([.zoom], mixup: 0.8))
    let samples = samples(3, side: 72, smooth)
    let (a, b) = (
      plain.clips(samples, for: .training(progress: 0), on: .cpu),
      mixing.clips(samples, for: .training(progress: 0), on: .cpu)
    )
    for source in 0..<3 {
      let share = draw(mixing, source).share
      #expect((0.0...1).contains(share))
      let expected =
        a.selected(0, source) * share + a.selected(0, (source + 1) % 3) * (1 - share)
      #expect(largest(b.selected(0, source) - expected) < 1e-5)
    }
    #expect(draw(mixing, 0, purpose: .validation).share == 1)
  }

  // MARK: Determinism

  /// A clip follows from its sample's ID: neither the batch nor what ran before changes it, except for partners.
  @Test func clipsFollowFromTheirIDs() {
    let generator = generator(Self.geometric + [.fade], .one)
    let samples = samples(6, side: 72, noise)
    let all = generator.clips(samples, for: .training(progress: 0.5), on: .cpu)
    for source in 0..<6 {
      let alone = generator.clips([samples[source]], for: .training(progress: 0), on: .cpu)
      #expect(largest(alone.selected(0, 0) - all.selected(0, source)) < 1e-6)
    }
    let later = samples.map { $0.renamed(id($0.source, epoch: 1)) }
    let next = generator.clips(later, for: .training(progress: 0.5), on: .cpu)
    #expect(mean(next - all) > 0.05)
  }
}
