import KeyedRandom
import MoSI
import Pretext
import Testing
import Torch

/// An exact rational number.
private struct Fraction {
  let numerator: Int
  /// The denominator, which is positive.
  let denominator: Int

  init(_ numerator: Int, over denominator: Int = 1) {
    self.numerator = numerator
    self.denominator = denominator
  }

  static func + (a: Fraction, b: Fraction) -> Fraction {
    Fraction(
      a.numerator * b.denominator + b.numerator * a.denominator,
      over: a.denominator * b.denominator)
  }
  static func * (a: Fraction, b: Fraction) -> Fraction {
    Fraction(a.numerator * b.numerator, over: a.denominator * b.denominator)
  }
  static func - (a: Fraction, b: Fraction) -> Fraction { a + b * Fraction(-1) }
  static func < (a: Fraction, b: Fraction) -> Bool { (a - b).numerator < 0 }
  static func == (a: Fraction, b: Fraction) -> Bool { (a - b).numerator == 0 }
  var magnitude: Fraction { Fraction(abs(numerator), over: denominator) }
}

/// Eq. 2 along one axis, literally and exactly.
private struct ExactPath {
  /// The room, W - L.
  let room: Int
  /// The distance, D = (W - L) x / K.
  let distance: Fraction
  let frames: Int

  init(source: Int, clip: Int, speed: Int, granularity: Int, frames: Int) {
    room = source - clip
    distance = Fraction(room) * Fraction(speed, over: granularity)
    self.frames = frames
  }

  /// The exact position of a frame's window.
  func position(_ start: Int, _ frame: Int) -> Fraction {
    Fraction(start) + distance * Fraction(frame, over: frames - 1)
  }

  /// The starts for which the window stays inside until the end.
  var starts: [Int] {
    (0...room).filter { start in
      let end = position(start, frames - 1)
      return !(end < Fraction(0)) && !(Fraction(room) < end)
    }
  }

  /// True if `position` is the rounded exact position, with halves away from the start.
  func isRounding(_ position: Int, _ start: Int, _ frame: Int) -> Bool {
    let exact = self.position(start, frame)
    let error = (Fraction(position) - exact).magnitude
    let half = Fraction(1, over: 2)
    let goesAway = (exact - Fraction(start)).magnitude < Fraction(abs(position - start))
    return error < half || error == half && goesAway
  }
}

/// Tests the generator of clips for all K and N in the paper's tables, and for all kinds of sizes.
@Suite struct GeneratorPropertyTests {
  private static let frameCounts = [8, 12, 16, 24, 32]

  /// Random sizes: the clip's sides are at least `least` and below `clip`, and the source is larger by less than `room`;
  /// every other one is square.
  private func geometry(
    least: Int = 1, clip: Int, room: Int, frames: Int, isSquare: Bool,
    _ generator: inout KeyedGenerator
  ) -> ClipGeometry {
    let height = least + generator.integer(below: clip - least)
    let width = isSquare ? height : least + generator.integer(below: clip - least)
    let sourceHeight = height + generator.integer(below: room)
    return ClipGeometry(
      sourceHeight: sourceHeight,
      sourceWidth: isSquare ? sourceHeight : width + generator.integer(below: room),
      height: height, width: width, frames: frames)
  }

  private func paths(_ motion: PseudoMotion, label: Int) -> (x: ExactPath, y: ExactPath) {
    let (geometry, way) = (motion.geometry, motion.labels.motions[label])
    let k = motion.labels.granularity
    return (
      ExactPath(
        source: geometry.sourceWidth, clip: geometry.width, speed: way.x, granularity: k,
        frames: geometry.frames),
      ExactPath(
        source: geometry.sourceHeight, clip: geometry.height, speed: way.y, granularity: k,
        frames: geometry.frames)
    )
  }

  @Test(arguments: 1...4, frameCounts)
  func windowsAreTheRoundingOfEquation2AndInside(granularity: Int, frames: Int) {
    let labels = LabelPool(granularity: granularity)
    var wrong: [String] = []
    for seed in 0..<150 as Range<UInt64> {
      var generator = KeyedGenerator(60, UInt64(granularity), UInt64(frames), seed)
      let geometry =
        seed == 0
        ? ClipGeometry(source: 320, clip: 112, frames: frames)
        : geometry(
          clip: 150, room: 300, frames: frames, isSquare: seed % 2 == 0, &generator)
      let motion = PseudoMotion(labels: labels, geometry: geometry)
      let draws = [
        motion.centeredStarts, motion.randomStarts(using: &generator),
        motion.randomStarts(using: &generator),
      ]
      for label in 0..<labels.count {
        let (x, y) = paths(motion, label: label)
        for start in draws.map({ $0[label] }) {
          let windows = motion.positions(label: label, start: start)
          let areRight = windows.enumerated().allSatisfy { frame, window in
            x.isRounding(window.x, start.x, frame) && y.isRounding(window.y, start.y, frame)
              && (0...x.room).contains(window.x) && (0...y.room).contains(window.y)
          }
          if windows.count != frames || windows[0] != start || !areRight {
            wrong.append("\(geometry), \(labels.motions[label]): \(windows)")
          }
        }
      }
    }
    #expect(wrong.isEmpty, "\(wrong.count) clips, the first \(wrong.first ?? "")")
  }

  /// Uniform over exactly the starts whose end is inside.
  @Test func startsAreUniform() {
    var probabilities: [Double] = []
    for granularity in 1...4 {
      for (frames, isSquare) in Self.frameCounts.flatMap({ [($0, true), ($0, false)] }) {
        var generator = KeyedGenerator(61, UInt64(granularity), UInt64(frames), isSquare ? 1 : 0)
        let geometry = geometry(
          clip: 30, room: 13, frames: frames, isSquare: isSquare, &generator)
        let motion = PseudoMotion(labels: LabelPool(granularity: granularity), geometry: geometry)
        let drawn = (0..<6000).map { _ in motion.randomStarts(using: &generator) }
        for label in 0..<motion.labels.count {
          let (x, y) = paths(motion, label: label)
          let possible = x.starts.flatMap { x in
            y.starts.map { PseudoMotion.Start(x: x, y: $0) }
          }
          var counts = Dictionary(uniqueKeysWithValues: possible.map { ($0, 0) })
          for starts in drawn { counts[starts[label], default: 0] += 1 }
          #expect(
            counts.count == possible.count, "\(geometry), \(motion.labels.motions[label])")
          if abs(motion.labels.motions[label].x) == granularity { #expect(x.starts.count == 1) }
          if possible.count > 1 {
            probabilities.append(chiSquareProbability(possible.map { counts[$0]! }))
          }
        }
      }
    }
    #expect(areProbabilities(probabilities))
  }

  /// True if the probabilities of chi-square tests are consistent with uniformity: none is too small for their number,
  /// and they are themselves uniform, so that nothing is too regular either.
  private func areProbabilities(_ probabilities: [Double]) -> Bool {
    var tenths = [Int](repeating: 0, count: 10)
    for probability in probabilities { tenths[min(Int(probability * 10), 9)] += 1 }
    return probabilities.count >= 100 && isUniform(tenths)
      && probabilities.min()! > 1e-4 / Double(probabilities.count)
  }

  /// The share of draws, uniform in `ratio`, that give a square with `side`: its side is the rounded Lm.
  private func share(side: Int, of length: Int, ratio: ClosedRange<Double>) -> Double {
    let (low, high) = (ratio.lowerBound * Double(length), ratio.upperBound * Double(length))
    let overlap = min(high, Double(side) + 0.5) - max(low, Double(side) - 0.5)
    return max(overlap, 0) / (high - low)
  }

  /// As drawn in training: the ratio of the side within its bounds, the position given the side, the background frame
  /// given the side.
  @Test func masksAreUniform() {
    var probabilities: [Double] = []
    for (place, ratio) in [0.3...0.5, 0.3...0.5, 0.5...0.9, 0.95...1].enumerated() {
      for (frames, isSquare) in Self.frameCounts.flatMap({ [($0, true), ($0, false)] }) {
        var generator = KeyedGenerator(62, UInt64(place), UInt64(frames), isSquare ? 1 : 0)
        let geometry = geometry(
          least: 10, clip: 20, room: 9, frames: frames, isSquare: isSquare, &generator)
        let task = MotionFromStaticImages(
          motion: PseudoMotion(labels: LabelPool(), geometry: geometry),
          mask: MaskSchedule(final: ratio), jitter: .none)
        let regions = (0..<2000).flatMap { _ in
          task.draw(using: &generator, purpose: .training(progress: 0.5)).map { $0.region! }
        }
        let length = min(geometry.height, geometry.width)
        let sides = (1...length).filter { share(side: $0, of: length, ratio: ratio) > 0 }
        let bySide = Dictionary(grouping: regions, by: \.side)
        #expect(Set(bySide.keys).isSubset(of: sides), "\(geometry)")
        if sides.count > 1 {
          probabilities.append(
            chiSquareProbability(
              sides.map { bySide[$0]?.count ?? 0 },
              shares: sides.map { share(side: $0, of: length, ratio: ratio) }))
        }
        // Sides that are drawn too rarely are not tested.
        for (side, regions) in bySide where regions.count > 1000 {
          let (columns, rows) = (geometry.width - side + 1, geometry.height - side + 1)
          var places = [Int](repeating: 0, count: columns * rows)
          var backgrounds = [Int](repeating: 0, count: frames)
          for region in regions {
            places[region.y * columns + region.x] += 1
            backgrounds[region.backgroundFrame] += 1
          }
          if places.count > 1 { probabilities.append(chiSquareProbability(places)) }
          probabilities.append(chiSquareProbability(backgrounds))
        }
      }
    }
    #expect(areProbabilities(probabilities))
  }

  @Test func thePapersMasksAreUniform() {
    let geometry = ClipGeometry(source: 320, clip: 112, frames: 16)
    var sides = [Int](repeating: 0, count: 23)  // 0.3 * 112 = 33.6 to 56
    var places: [Int: (x: [Int], y: [Int])] = [:]
    var generator = KeyedGenerator(63)
    for _ in 0..<100_000 {
      let region = StaticMask.randomRegion(ratio: 0.3...0.5, geometry: geometry, using: &generator)
      let none = [Int](repeating: 0, count: 113 - region.side)
      sides[region.side - 34] += 1
      places[region.side, default: (none, none)].x[region.x] += 1
      places[region.side]!.y[region.y] += 1
    }
    let shares = (34...56).map { share(side: $0, of: 112, ratio: 0.3...0.5) }
    #expect(chiSquareProbability(sides, shares: shares) > 1e-4)
    for (side, (x, y)) in places {
      #expect(min(chiSquareProbability(x), chiSquareProbability(y)) > 1e-6, "side \(side)")
    }
  }

  /// Bit for bit: frame q outside the mask, the moving picture inside, which without jitter is the crop of the source.
  @Test(arguments: 1...4, frameCounts)
  func outsideIsStaticAndInsideMoves(granularity: Int, frames: Int) {
    for seed in 0..<20 as Range<UInt64> {
      var generator = KeyedGenerator(64, UInt64(granularity), UInt64(frames), seed)
      let geometry = geometry(
        least: 2, clip: 24, room: 40, frames: frames, isSquare: seed % 2 == 0, &generator)
      let isJittered = seed % 5 == 4
      let task = MotionFromStaticImages(
        motion: PseudoMotion(labels: LabelPool(granularity: granularity), geometry: geometry),
        mask: MaskSchedule(final: 0.1...1), jitter: isJittered ? ColorJitter() : .none)
      let source = randomPictures(
        1000 + seed, count: 1, height: geometry.sourceHeight, width: geometry.sourceWidth
      ).0
      let draws = task.draw(using: &generator, purpose: .training(progress: 0))
      let still = draws.map { draw in
        var draw = draw
        draw.region = nil
        return draw
      }
      let masked = task.frames(of: source, draws: [draws]).array(of: Float.self)
      let moving = task.frames(of: source, draws: [still]).array(of: Float.self)
      let pixels = (source.to(.float32) * (1 / 255)).array(of: Float.self)
      let (height, width) = (geometry.height, geometry.width)
      var wrong = 0
      for (label, draw) in draws.enumerated() {
        let region = draw.region!
        let windows = task.motion.positions(label: label, start: draw.start)
        for frame in 0..<frames {
          for channel in 0..<3 {
            for y in 0..<height {
              let row = (((label * frames + frame) * 3 + channel) * height + y) * width
              let background =
                (((label * frames + region.backgroundFrame) * 3 + channel) * height + y) * width
              let line = channel * geometry.sourceHeight + windows[frame].y + y
              let crop = line * geometry.sourceWidth + windows[frame].x
              for x in 0..<width {
                let isInside =
                  x >= region.x && x < region.x + region.side && y >= region.y
                  && y < region.y + region.side
                let expected = moving[(isInside ? row : background) + x]
                wrong += masked[row + x] == expected ? 0 : 1
                wrong += isJittered || moving[row + x] == pixels[crop + x] ? 0 : 1
              }
            }
          }
        }
      }
      #expect(wrong == 0, "\(geometry), \(wrong) samples")
    }
  }

  @Test(arguments: 1...4, MotionAxes.allCases)
  func labelsAreBalanced(granularity: Int, axes: MotionAxes) {
    for batch in 1...4 {
      let labels = LabelPool(granularity: granularity, axes: axes)
      let task = MotionFromStaticImages(
        motion: PseudoMotion(
          labels: labels,
          geometry: ClipGeometry(
            sourceHeight: 12, sourceWidth: 10 + batch, height: 6, width: 5, frames: 8)))
      for purpose in [Purpose.training(progress: 0.2), .validation] {
        let found = task.clips(
          from: randomPictures(65, count: batch, height: 12, width: 10 + batch).0,
          generators: (0..<batch).map { KeyedGenerator(65, UInt64($0)) }, purpose: purpose
        ).labels.array(of: Int.self)
        let counts = Dictionary(grouping: found) { $0 }.mapValues(\.count)
        #expect(counts == Dictionary(uniqueKeysWithValues: (0..<labels.count).map { ($0, batch) }))
      }
    }
  }
}
