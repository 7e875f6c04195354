import Pretext
import PretextTasks
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
    Rotation(sampling: ClipSampling(frames: 3, interval: 2), side: side, sourceSide: 12, tilt: tilt)
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
    let task = Rotation(
      sampling: ClipSampling(frames: 2, interval: 2), side: 16, sourceSide: 24, tilt: 30)
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

  @Test func clipsAreReadFromTheMiddleInValidation() {
    var generator = SampleID.validation(index: 0).generator(.loading)
    let request = task().rule(for: .validation).request(SourceInfo(lastFrameTime: 1), &generator)
    guard case .clips(let clips) = request.frames else {
      Issue.record("a rotation reads clips")
      return
    }
    // Three frames at a distance of two frames of 30 per second, around the middle of a second.
    #expect(clips.count == 1 && clips[0].count == 3)
    #expect(abs(clips[0][1] - 0.5) < 1e-12 && abs(clips[0][2] - clips[0][1] - 2.0 / 30) < 1e-12)
  }

  @Test func thePreviewShowsEachRotationWithItsAnswer() {
    let preview = task().preview(sample(0, side: 8, id: .preview(seed: 0, row: 0)))
    #expect(preview.rows.map(\.title) == ["0°", "90°", "180°", "270°"])
    #expect(preview.rows.allSatisfy { $0.frames.shape == [3, 8, 8, 3] })
  }
}
