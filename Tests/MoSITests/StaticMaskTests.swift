import KeyedRandom
import MoSI
import Testing
import Torch

@Suite struct StaticMaskTests {
  /// Eq. 3, pixel by pixel.
  @Test func outsideIsFrameQAndInsideMoves() {
    let (clips, frames, height, width) = (4, 5, 9, 12)
    let (tensor, bytes) = randomPictures(1, count: clips * frames, height: height, width: width)
    let geometry = ClipGeometry(
      sourceHeight: 20, sourceWidth: 20, height: height, width: width, frames: frames)
    for seed in 0..<10 as Range<UInt64> {
      var generator = KeyedGenerator(20, seed)
      let regions = (0..<clips).map { _ in
        StaticMask.randomRegion(ratio: 0.1...1, geometry: geometry, using: &generator)
      }
      let result = StaticMask.apply(
        regions, to: tensor.reshaped([clips, frames, 3, height, width]))
      var expected: [UInt8] = []
      expected.reserveCapacity(bytes.count)
      for clip in 0..<clips {
        let region = regions[clip]
        for frame in 0..<frames {
          for channel in 0..<3 {
            for y in 0..<height {
              for x in 0..<width {
                let moves =
                  x >= region.x && x < region.x + region.side && y >= region.y
                  && y < region.y + region.side
                let shown = moves ? frame : region.backgroundFrame
                expected.append(
                  bytes[(((clip * frames + shown) * 3 + channel) * height + y) * width + x])
              }
            }
          }
        }
      }
      #expect(result.dtype == .uint8)
      #expect(result.array(of: UInt8.self) == expected, "\(regions)")
    }
  }

  @Test func sidesPlacesAndFramesAreUniform() {
    let geometry = ClipGeometry(
      sourceHeight: 60, sourceWidth: 60, height: 20, width: 30, frames: 8)
    var sides = [Int: Int]()
    var frames = [Int](repeating: 0, count: 8)
    var places: [Int: [[Int]: Int]] = [:]
    for seed in 0..<30_000 as Range<UInt64> {
      var generator = KeyedGenerator(21, seed)
      let region = StaticMask.randomRegion(ratio: 0.3...0.5, geometry: geometry, using: &generator)
      sides[region.side, default: 0] += 1
      frames[region.backgroundFrame] += 1
      places[region.side, default: [:]][[region.x, region.y], default: 0] += 1
      #expect(region.x >= 0 && region.x + region.side <= 30)
      #expect(region.y >= 0 && region.y + region.side <= 20)
    }
    // 0.3...0.5 of the shorter side of 20 is 6...10; rounding gives the ends half of a share.
    #expect(sides.keys.sorted() == [6, 7, 8, 9, 10])
    #expect(isUniform([sides[7]!, sides[8]!, sides[9]!, sides[6]! + sides[10]!]))
    #expect(isUniform(frames))
    for (side, counts) in places {
      #expect(counts.count == (31 - side) * (21 - side), "side \(side)")
      #expect(isUniform(Array(counts.values)), "side \(side)")
    }
  }

  @Test func theWholeClipMayMoveAndASideIsNeverNothing() {
    let geometry = ClipGeometry(source: 20, clip: 10, frames: 4)
    var generator = KeyedGenerator(22)
    let whole = StaticMask.randomRegion(ratio: 1...1, geometry: geometry, using: &generator)
    #expect(whole.x == 0 && whole.y == 0 && whole.side == 10)
    let least = StaticMask.randomRegion(ratio: 0...0, geometry: geometry, using: &generator)
    #expect(least.side == 1)
  }

  @Test func schedules() {
    let plain = MaskSchedule()
    for progress in [0, 0.5, 1] { #expect(plain.range(at: progress) == 0.3...0.5) }
    let schedule = MaskSchedule(curriculum: .init())
    #expect(schedule.range(at: 0) == 0.95...1)
    let middle = schedule.range(at: 0.3)
    #expect(abs(middle.lowerBound - 0.625) < 1e-12 && abs(middle.upperBound - 0.75) < 1e-12)
    for progress in [0.6, 0.8, 1] { #expect(schedule.range(at: progress) == 0.3...0.5) }
    let almost = schedule.range(at: 0.6.nextDown)
    #expect(abs(almost.lowerBound - 0.3) < 1e-9 && abs(almost.upperBound - 0.5) < 1e-9)
    let quick = MaskSchedule(final: 0.2...0.2, curriculum: .init(initial: 1...1, share: 1))
    #expect(abs(quick.range(at: 0.25).lowerBound - 0.8) < 1e-12)
  }
}
