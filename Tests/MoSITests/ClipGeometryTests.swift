import KeyedRandom
import MoSI
import Testing

@Suite struct LabelPoolTests {
  /// The order of the authors' code, so that heads are interchangeable.
  @Test func labelsAreInTheAuthorsOrder() {
    let pool = LabelPool()
    let expected = [(-2, 0), (-1, 0), (1, 0), (2, 0), (0, -2), (0, -1), (0, 1), (0, 2), (0, 0)]
    #expect(pool.motions == expected.map { Motion(x: $0.0, y: $0.1) })
    #expect(
      pool.motions.map(\.direction) == [
        "left", "left", "right", "right", "up", "up", "down", "down", "static",
      ])
    #expect(pool.motions.map(\.speed) == [2, 1, 1, 2, 2, 1, 1, 2, 0])
    #expect(pool.motions[3].description == "(+2, 0)" && pool.motions[4].description == "(0, -2)")
  }

  @Test(arguments: 1...4, MotionAxes.allCases)
  func poolsHoldEveryMotionOfTheirAxesOnce(granularity: Int, axes: MotionAxes) {
    let pool = LabelPool(granularity: granularity, axes: axes)
    #expect(pool.count == (axes == .both ? 4 * granularity + 1 : 2 * granularity + 1))
    #expect(Set(pool.motions).count == pool.count)
    for motion in pool.motions {
      #expect(motion.x * motion.y == 0)
      #expect(motion.speed <= granularity)
      #expect(axes != .x || motion.y == 0)
      #expect(axes != .y || motion.x == 0)
    }
    #expect(pool.motions.last == Motion(x: 0, y: 0))
  }
}

@Suite struct ClipGeometryTests {
  /// A random instance of eq. 2.
  struct Case: CustomStringConvertible {
    let geometry: ClipGeometry
    let granularity: Int
    let speed: Int

    init(seed: UInt64) {
      var generator = KeyedGenerator(100, seed)
      let (height, width) = (1 + generator.integer(below: 130), 1 + generator.integer(below: 130))
      let isSquare = generator.chance(0.3)
      let sourceHeight = height + generator.integer(below: 250)
      geometry = ClipGeometry(
        sourceHeight: isSquare ? max(sourceHeight, width) : sourceHeight,
        sourceWidth: isSquare ? max(sourceHeight, width) : width + generator.integer(below: 250),
        height: height, width: width, frames: 2 + generator.integer(below: 31))
      granularity = 1 + generator.integer(below: 5)
      speed = generator.integer(below: 2 * granularity + 1) - granularity
    }

    var description: String { "\(geometry), speed \(speed) of \(granularity)" }
  }

  /// The exact offset room * speed * n / (K (N - 1)) is within a half of its rounding, and a half is rounded away from
  /// zero. This is checked in integers, without the division of the implementation.
  @Test func pathsAreEquation2RoundedFrameByFrame() {
    for seed in 0..<4000 as Range<UInt64> {
      let one = Case(seed: seed)
      let (geometry, k) = (one.geometry, one.granularity)
      for (room, path) in [
        (
          geometry.sourceWidth - geometry.width,
          geometry.horizontalPath(speed: one.speed, granularity: k)
        ),
        (
          geometry.sourceHeight - geometry.height,
          geometry.verticalPath(speed: one.speed, granularity: k)
        ),
      ] {
        #expect(path.offsets.count == geometry.frames && path.offsets[0] == 0)
        let denominator = k * (geometry.frames - 1)
        for (frame, offset) in path.offsets.enumerated() {
          // The error in pixels, times twice the denominator.
          let error = 2 * (offset * denominator - room * one.speed * frame)
          let isRounded = abs(error) <= denominator
          let tiesGoAway = abs(error) < denominator || error.signum() == one.speed.signum()
          #expect(isRounded && tiesGoAway, "\(one), frame \(frame): \(offset)")
        }
        let exact = Double(room * one.speed) / Double(k)
        #expect(path.distance == exact)
        #expect(Double(path.offsets.last!) == exact.rounded(.toNearestOrAwayFromZero), "\(one)")

        // Starts are exactly those whose exact end is inside.
        let possible = (-2...(room + 2)).filter { start in
          0 <= start && start <= room && 0 <= start * k + room * one.speed
            && start * k + room * one.speed <= room * k
        }
        #expect(Array(path.starts) == possible, "\(one)")
        if abs(one.speed) == k { #expect(path.starts.count == 1) }
        for start in [path.starts.lowerBound, path.starts.upperBound, path.centeredStart] {
          #expect(path.starts.contains(start))
          for offset in path.offsets { #expect((0...room).contains(start + offset), "\(one)") }
        }
        // The distances of the centered path from both edges are equal, up to a pixel.
        let middle = Double(path.centeredStart) + exact / 2
        #expect(abs(middle - Double(room) / 2) <= 1, "\(one)")
      }
    }
  }

  @Test func oppositeMotionsAreMirrorImages() {
    for seed in 0..<1000 as Range<UInt64> {
      let one = Case(seed: seed)
      let room = one.geometry.sourceWidth - one.geometry.width
      let there = one.geometry.horizontalPath(speed: one.speed, granularity: one.granularity)
      let back = one.geometry.horizontalPath(speed: -one.speed, granularity: one.granularity)
      #expect(there.offsets == back.offsets.map { -$0 })
      #expect(there.starts == (room - back.starts.upperBound)...(room - back.starts.lowerBound))
    }
  }

  @Test func thePapersPath() {
    let geometry = ClipGeometry(source: 320, clip: 112, frames: 16)
    let full = geometry.horizontalPath(speed: 2, granularity: 2)
    #expect(full.distance == 208 && full.starts == 0...0)
    #expect(full.offsets[1] == 14 && full.offsets[15] == 208)  // 13.87 per frame
    let third = geometry.verticalPath(speed: -1, granularity: 3)  // 69.33 pixels up
    #expect(third.starts == 70...208 && third.offsets.last == -69)
    let still = geometry.verticalPath(speed: 0, granularity: 2)
    #expect(still.starts == 0...208 && Set(still.offsets) == [0])
  }

  @Test func startsAreUniform() {
    let motion = PseudoMotion(
      labels: LabelPool(),
      geometry: ClipGeometry(sourceHeight: 18, sourceWidth: 24, height: 8, width: 10, frames: 5))
    let labels = motion.labels.motions
    var counts = labels.map { _ in [PseudoMotion.Start: Int]() }
    for seed in 0..<20_000 as Range<UInt64> {
      var generator = KeyedGenerator(5, seed)
      for (label, start) in motion.randomStarts(using: &generator).enumerated() {
        counts[label][start, default: 0] += 1
      }
    }
    for (label, motion) in labels.enumerated() {
      // The room is 14 pixels horizontally and 10 vertically; half speed uses half of it.
      let across = 14 - 7 * abs(motion.x) + 1
      let down = 10 - 5 * abs(motion.y) + 1
      #expect(counts[label].count == across * down, "\(motion)")
      #expect(isUniform(Array(counts[label].values)), "\(motion)")
    }
  }
}
