import Pretext
import PretextTasks
import TestSupport
import Testing
import Torch
import VideoSamples

@Suite struct RotationTests {
  /// A sample with one clip of noise.
  private func sample(_ seed: Int, frames: Int = 3, side: Int, id: SampleID) -> Sample {
    let pixels = (0..<frames * side * side * 3).map { index in
      UInt8(truncatingIfNeeded: (index &* 2_654_435_761 &+ seed &* 97) >> 7)
    }
    return Sample(
      id: id, clips: [ClipPixels(frames: frames, height: side, width: side, pixels: pixels)],
      source: seed)
  }

  private func task(side: Int = 8, tilt: Double = 0) -> Rotation {
    Rotation(frames: 3, interval: 2, side: side, sourceSide: 12, tilt: tilt)
  }

  /// The class of a clip is the number of quarter turns counterclockwise, and a turn only moves pixels.
  @Test func copiesAreExactQuarterTurns() {
    let task = task()
    let samples = (0..<2).map { sample($0, side: 8, id: .validation(index: $0)) }
    let batch = task.batch(samples, for: .validation, on: .cpu)
    #expect(batch.clips.shape == [8, 3, 3, 8, 8])
    #expect(batch.labels.array(of: Int.self) == [0, 1, 2, 3, 0, 1, 2, 3])
    for source in 0..<2 {
      let upright = batch.clips.selected(0, 4 * source)
      for turns in 1...3 {
        let turned = batch.clips.selected(0, 4 * source + turns)
        for (y, x) in [(0, 0), (1, 6), (5, 2), (7, 7)] {
          // Each turn to the left moves a point (y, x) to (side - 1 - x, y).
          var place = (y, x)
          for _ in 0..<turns { place = (7 - place.1, place.0) }
          let before = upright.selected(3, x).selected(2, y).array(of: Float.self)
          let after = turned.selected(3, place.1).selected(2, place.0).array(of: Float.self)
          #expect(before == after, "\(turns) turns of (\(y), \(x))")
        }
      }
    }
  }

  /// A tilted clip keeps the levels of its frames: in the authors' code, each frame is stretched to its own minimum and maximum.
  /// If the source has no room for the corners, its border is dark, and what is inside is still as it was.
  @Test(arguments: [24, 16]) func tiltedClipsKeepTheirLevels(sourceSide: Int) {
    let task = Rotation(
      side: 16, sourceSide: sourceSide, tilt: 30, normalization: plainNormalization)
    let window = min(sourceSide, 22)
    // Two frames of other levels, and a constant one.
    let ranges = [64...80, 100...128, 90...90]
    let read = clip(frames: 3, side: window) { frame, y, x, channel in
      ranges[frame].lowerBound + (7 * y + 3 * x + 5 * channel) % ranges[frame].count
    }
    var shown: Set<[Float]> = []
    for source in 0..<20 {
      let batch = task.batch(
        [Sample(id: training(source), clips: [read], source: source)], for: trained, on: .cpu)
      // [rotation, frame, level], of the middle if there is a border.
      let inside = sourceSide == 16 ? 5..<11 : 0..<16
      let levels = (batch.clips * 255).sliced(3, inside).sliced(4, inside)
        .permuted([0, 2, 1, 3, 4]).flattened(from: 2)
      for (frame, range) in ranges.enumerated() {
        let own = levels.selected(1, frame)
        let (least, greatest) = (own.min([0, 1]).item, own.max([0, 1]).item)
        #expect(least > Double(range.lowerBound) - 0.01, "frame \(frame)")
        #expect(greatest < Double(range.upperBound) + 0.01, "frame \(frame)")
        // Nor is it smoothed to a single level.
        #expect((greatest - least > 5) == (range.count > 1), "frame \(frame)")
      }
      shown.insert(levels.selected(1, 0).selected(0, 0).array())
    }
    // Without tilt, there would be two: as it is, and mirrored.
    #expect(shown.count > 10)
  }

  /// Without tilt, a training clip is its window, mirrored or not.
  @Test func trainingClipsAreMirroredAtRandomAndNothingElse() {
    let task = task()
    var mirrored = 0
    for source in 0..<40 {
      let id = SampleID.training(seed: 1, epoch: 0, source: source)
      let training = sample(source, side: 8, id: id)
      let plain = task.batch([training], for: .validation, on: .cpu).clips.selected(0, 0)
      let made = task.batch([training], for: .training(progress: 0), on: .cpu).clips.selected(0, 0)
      func difference(_ other: Tensor) -> Double {
        (made - other).absolute().flattened().max([0]).item
      }
      let isMirrored = difference(plain.flipped([3])) < 1e-4
      #expect(isMirrored || difference(plain) < 1e-4)
      if isMirrored { mirrored += 1 }
    }
    #expect((8...32).contains(mirrored))
  }

  /// The corners of a tilted clip show the picture and no border, which would reveal the angle.
  @Test func tiltedClipsHaveNoBorder() throws {
    let task = Rotation(frames: 2, interval: 2, side: 16, sourceSide: 24, tilt: 30)
    var generator = SampleID.preview(seed: 0, row: 0).generator(.loading)
    let request = task.rule(for: .training(progress: 0)).request(
      SourceInfo(lastFrameTime: 2), &generator)
    let window = request.crop.size.height
    #expect(window == 22 && request.crop.shortSide == 24)
    let white = ClipPixels(
      frames: 2, height: window, width: window,
      pixels: [UInt8](repeating: 255, count: 2 * window * window * 3))
    for source in 0..<20 {
      let id = SampleID.training(seed: 3, epoch: 0, source: source)
      let clips = task.batch(
        [Sample(id: id, clips: [white], source: 0)], for: .training(progress: 0), on: .cpu
      ).clips
      let levels = clips.flattened()
      #expect((levels.max([0]) - levels.min([0])).item < 1e-4)
    }
  }

  /// The numbers of the frames that are read of a video with this number of frames and this rate.
  private func frames(
    of source: SourceInfo, rate: Double, _ purpose: Purpose, _ id: SampleID
  ) throws -> [Int] {
    var generator = id.generator(.loading)
    guard case .clips(let clips) = task().rule(for: purpose).request(source, &generator).frames
    else {
      Issue.record("a rotation reads clips")
      return []
    }
    #expect(clips.count == 1)
    // A time in the middle of a frame is safe from rounding.
    let places = clips[0].map { $0 * rate }
    #expect(places.allSatisfy { abs($0 - $0.rounded(.down) - 0.5) < 1e-9 })
    return places.map { Int($0) }
  }

  /// Every second frame of the video itself, whatever its rate: of a slow video too, no frame is shown twice.
  @Test(arguments: [10.0, 30, 60]) func clipsAreReadFromTheMiddleInValidation(rate: Double) throws {
    let source = SourceInfo(lastFrameTime: 30 / rate, frameCount: 31)
    let middle = try frames(of: source, rate: rate, .validation, .validation(index: 0))
    #expect(middle == [13, 15, 17])
  }

  /// Clips begin at each frame from which they fit, and videos of fewer frames are skipped.
  @Test func clipsBeginAnywhereAndShortVideosAreSkipped() throws {
    #expect(task().rule(for: .validation).span == 5)
    #expect(task().rule(for: .training(progress: 0)).span == 5)
    let source = SourceInfo(lastFrameTime: 0.7, frameCount: 8)
    var starts: [Int: Int] = [:]
    for number in 0..<400 {
      let read = try frames(
        of: source, rate: 10, .training(progress: 0),
        .training(seed: 5, epoch: 0, source: number))
      #expect(read == [read[0], read[0] + 2, read[0] + 4])
      starts[read[0], default: 0] += 1
    }
    #expect(starts.keys.sorted() == [0, 1, 2, 3])
    #expect(starts.values.allSatisfy { (70...130).contains($0) })
  }

  @Test func thePreviewShowsEachRotationWithItsAnswer() {
    let preview = task().preview(sample(0, side: 8, id: .preview(seed: 0, row: 0)))
    #expect(preview.rows.map(\.title) == ["0°", "90°", "180°", "270°"])
    #expect(preview.rows.allSatisfy { $0.frames.shape == [3, 8, 8, 3] })
  }
}
