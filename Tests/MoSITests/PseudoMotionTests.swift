import Foundation
import KeyedRandom
import MoSI
import Testing
import Torch

/// Random pictures, uint8 [count, 3, height, width], with their bytes.
func randomPictures(_ seed: UInt64, count: Int, height: Int, width: Int) -> (Tensor, [UInt8]) {
  var generator = KeyedGenerator(200, seed)
  let bytes = (0..<(count * 3 * height * width)).map { _ in
    UInt8(truncatingIfNeeded: generator.next())
  }
  return (Tensor(bytes, shape: [count, 3, height, width]), bytes)
}

@Suite struct PseudoMotionTests {
  @Test(arguments: [
    (
      LabelPool(),
      ClipGeometry(sourceHeight: 20, sourceWidth: 26, height: 9, width: 7, frames: 5)
    ),
    (
      LabelPool(granularity: 3, axes: .x),
      ClipGeometry(sourceHeight: 12, sourceWidth: 31, height: 12, width: 8, frames: 8)
    ),
    (
      LabelPool(granularity: 1, axes: .y),
      ClipGeometry(sourceHeight: 17, sourceWidth: 10, height: 6, width: 10, frames: 2)
    ),
  ])
  func framesAreCropsPixelForPixel(labels: LabelPool, geometry: ClipGeometry) {
    let motion = PseudoMotion(labels: labels, geometry: geometry)
    let (sources, bytes) = randomPictures(
      1, count: 3, height: geometry.sourceHeight, width: geometry.sourceWidth)
    let starts = (0..<3 as Range<UInt64>).map { index in
      var generator = KeyedGenerator(3, index)
      return motion.randomStarts(using: &generator)
    }
    let frames = motion.frames(of: sources, starts: starts)
    #expect(frames.dtype == .uint8)
    #expect(
      frames.shape == [3 * labels.count, geometry.frames, 3, geometry.height, geometry.width])
    var expected: [UInt8] = []
    for source in 0..<3 {
      for (label, speed) in labels.motions.enumerated() {
        let start = starts[source][label]
        for frame in 0..<geometry.frames {
          // Eq. 2 in floating point: the distances are far from halves, which it could round differently.
          func offset(_ room: Int, _ speed: Int) -> Int {
            let exact =
              Double(room * speed * frame) / Double(labels.granularity * (geometry.frames - 1))
            return Int(exact.rounded(.toNearestOrAwayFromZero))
          }
          let x = start.x + offset(geometry.sourceWidth - geometry.width, speed.x)
          let y = start.y + offset(geometry.sourceHeight - geometry.height, speed.y)
          for channel in 0..<3 {
            for row in y..<(y + geometry.height) {
              let line = ((source * 3 + channel) * geometry.sourceHeight + row)
              let begin = line * geometry.sourceWidth + x
              expected += bytes[begin..<(begin + geometry.width)]
            }
          }
        }
      }
    }
    #expect(frames.array(of: UInt8.self) == expected)
  }

  /// The window moves right, so that a bright column of the source moves left in the clip; likewise down and up.
  @Test func contentMovesAgainstTheWindow() throws {
    let labels = LabelPool(granularity: 1)
    let geometry = ClipGeometry(source: 30, clip: 20, frames: 6)
    let motion = PseudoMotion(labels: labels, geometry: geometry)
    let lines = (0..<900).map { index -> UInt8 in index % 30 == 15 || index / 30 == 15 ? 255 : 0 }
    let source = Tensor(lines + lines + lines, shape: [1, 3, 30, 30])
    let clips = motion.frames(of: source, starts: [motion.centeredStarts]).to(.float32)
    for (label, way) in labels.motions.enumerated() {
      let clip = clips.selected(0, label).selected(1, 0)  // red: [N, height, width]
      let columns = clip.sum([1]).argmax(1).array(of: Int.self)
      let rows = clip.sum([2]).argmax(1).array(of: Int.self)
      #expect(columns.last! - columns.first! == -10 * way.x, "\(way)")
      #expect(rows.last! - rows.first! == -10 * way.y, "\(way)")
    }
  }

  @Test func speedsInPixelsPerFrame() {
    let motion = PseudoMotion(
      labels: LabelPool(), geometry: ClipGeometry(source: 320, clip: 112, frames: 16))
    #expect(motion.pixelsPerFrame(label: 0) == 208.0 / 15)
    #expect(motion.pixelsPerFrame(label: 6) == 104.0 / 15)
    #expect(motion.pixelsPerFrame(label: 8) == 0)
  }

  /// A window outside the source must not wrap around to the opposite edge, as with negative indices.
  @Test func windowsOffTheSourceTrap() async {
    for x in [-1, 9] {
      await #expect(processExitsWith: .failure) { [x = x as Int] in
        let motion = PseudoMotion(
          labels: LabelPool(granularity: 1, axes: .x),
          geometry: ClipGeometry(source: 8, clip: 4, frames: 2))
        var starts = motion.centeredStarts
        starts[2].x = x
        _ = motion.frames(of: .zeros([1, 3, 8, 8]), starts: [starts])
      }
    }
    await #expect(processExitsWith: .failure) {
      _ = ClipGeometry(source: 8, clip: 9, frames: 2)
    }
  }
}
