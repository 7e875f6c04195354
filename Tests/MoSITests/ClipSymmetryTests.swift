import KeyedRandom
import MoSI
import Pretext
import Testing
import Torch

@Suite struct ClipSymmetryTests {
  private static let all = ClipSymmetry.all(flips: true, rotations: true)

  /// The new position of a pixel in a square of `size`.
  private func place(_ symmetry: ClipSymmetry, x: Int, y: Int, size: Int) -> (x: Int, y: Int) {
    var place = (x: symmetry.isMirrored ? size - 1 - x : x, y: y)
    // Clockwise: the top edge becomes the right edge.
    for _ in 0..<symmetry.quarterTurns { place = (size - 1 - place.y, place.x) }
    return place
  }

  @Test func picturesAreMirroredAndTurned() {
    let picture = randomPictures(400, count: 1, height: 7, width: 7).0
    let pixels = picture.array(of: UInt8.self)
    for symmetry in Self.all {
      let turned = symmetry(picture).array(of: UInt8.self)
      var expected = pixels
      for channel in 0..<3 {
        for y in 0..<7 {
          for x in 0..<7 {
            let (column, row) = place(symmetry, x: x, y: y, size: 7)
            expected[(channel * 7 + row) * 7 + column] = pixels[(channel * 7 + y) * 7 + x]
          }
        }
      }
      #expect(turned == expected, "\(symmetry)")
    }
  }

  @Test func groupsAreComplete() {
    let corner = Motion(x: 1, y: 2)
    for (flips, rotations, images) in [
      (false, false, 1), (true, false, 4), (false, true, 4), (true, true, 8),
    ] {
      let group = ClipSymmetry.all(flips: flips, rotations: rotations)
      #expect(group.first == .identity && Set(group.map { $0(corner) }).count == images)
      // The composition of two is one of them.
      for (a, b) in group.flatMap({ a in group.map { (a, $0) } }) {
        #expect(group.contains { $0(corner) == a(b(corner)) })
      }
    }
    let flips = Set(ClipSymmetry.all(flips: true, rotations: false).map { $0(corner) })
    #expect(flips == [corner, .init(x: -1, y: 2), .init(x: 1, y: -2), .init(x: -1, y: -2)])
    let turns = ClipSymmetry.all(flips: false, rotations: true).map { $0(Motion(x: 1, y: 0)) }
    #expect(turns.map(\.direction) == ["right", "down", "left", "up"])
  }

  @Test func poolsOfOneAxisAreNotClosedUnderQuarterTurns() {
    for axes in MotionAxes.allCases {
      for granularity in 1...3 {
        let pool = LabelPool(granularity: granularity, axes: axes)
        for symmetry in Self.all {
          let isClosed = axes == .both || symmetry.quarterTurns % 2 == 0
          #expect(pool.isClosed(under: symmetry) == isClosed, "\(axes), \(symmetry)")
        }
      }
    }
  }

  private func task(_ symmetries: [ClipSymmetry], axes: MotionAxes = .both)
    -> MotionFromStaticImages
  {
    MotionFromStaticImages(
      motion: PseudoMotion(
        labels: LabelPool(axes: axes), geometry: ClipGeometry(source: 21, clip: 9, frames: 5)),
      mask: nil, jitter: .none, symmetries: symmetries)
  }

  /// Each frame is rotated back and found in the original source: the path of the windows, rotated again, is that of the
  /// label.
  @Test(arguments: [MotionAxes.both, .x, .y], [true, false])
  func labelsAreTheMotionsOfThePixels(axes: MotionAxes, rotations: Bool) {
    guard axes == .both || !rotations else { return }
    let task = task(ClipSymmetry.all(flips: true, rotations: rotations), axes: axes)
    var seen: Set<ClipSymmetry> = []
    for seed in 0..<40 as Range<UInt64> {
      let (source, pixels) = randomPictures(410 + seed, count: 1, height: 21, width: 21)
      var generator = KeyedGenerator(41, seed)
      let draws = task.draw(using: &generator, purpose: .training(progress: 0))
      let symmetry = draws[0].symmetry
      seen.insert(symmetry)
      #expect(draws.allSatisfy { $0.symmetry == symmetry })
      let made = task.clips(
        from: source, generators: [KeyedGenerator(41, seed)], purpose: .training(progress: 0))
      #expect(made.labels.array(of: Int.self) == Array(0..<task.labelNames.count))
      let frames = (task.normalization.frames(from: made.clips) * 255).round().to(.uint8)
        .array(of: UInt8.self)
      for (label, motion) in task.motion.labels.motions.enumerated() {
        let places = (0..<5).map { frame -> (x: Int, y: Int) in
          // The red channel suffices.
          let first = (label * 5 + frame) * 3 * 81
          var crop = [UInt8](repeating: 0, count: 81)
          for y in 0..<9 {
            for x in 0..<9 {
              let (column, row) = place(symmetry, x: x, y: y, size: 9)
              crop[y * 9 + x] = frames[first + row * 9 + column]
            }
          }
          func shows(_ corner: (x: Int, y: Int)) -> Bool {
            (0..<81).allSatisfy { place in
              let (x, y) = (corner.x + place % 9, corner.y + place / 9)
              return pixels[y * 21 + x] == crop[place]
            }
          }
          let corners = (0..<13 * 13).map { (x: $0 % 13, y: $0 / 13) }
          let found = corners.filter(shows)
          #expect(found.count == 1, "the frame is one place of the source")
          return found.first ?? (0, 0)
        }
        // The room of 12 pixels at K = 2: 6 per unit of speed.
        let way = Motion(x: places[4].x - places[0].x, y: places[4].y - places[0].y)
        #expect(symmetry(way) == Motion(x: 6 * motion.x, y: 6 * motion.y), "\(symmetry), \(motion)")
      }
    }
    #expect(seen == Set(task.symmetries))
  }

  @Test func symmetriesAreUniformAndValidationHasNone() {
    let task = task(Self.all)
    var counts: [ClipSymmetry: Int] = [:]
    for seed in 0..<8000 as Range<UInt64> {
      var generator = KeyedGenerator(42, seed)
      counts[
        task.draw(using: &generator, purpose: .training(progress: 0))[0].symmetry, default: 0] += 1
      let judged = task.draw(using: &generator, purpose: .validation)
      #expect(judged.allSatisfy { $0.symmetry == .identity })
    }
    #expect(counts.count == 8 && isUniform(Array(counts.values)))
  }

  @Test func clipsWithoutALabelOrOfAnotherSizeTrap() async {
    await #expect(processExitsWith: .failure) {
      _ = MotionFromStaticImages(
        motion: PseudoMotion(
          labels: LabelPool(axes: .x), geometry: ClipGeometry(source: 20, clip: 10, frames: 4)),
        symmetries: ClipSymmetry.all(flips: false, rotations: true))
    }
    await #expect(processExitsWith: .failure) {
      _ = MotionFromStaticImages(
        motion: PseudoMotion(
          labels: LabelPool(),
          geometry: ClipGeometry(
            sourceHeight: 20, sourceWidth: 20, height: 10, width: 12, frames: 4)),
        symmetries: ClipSymmetry.all(flips: false, rotations: true))
    }
  }
}
