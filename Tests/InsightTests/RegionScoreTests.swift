import Insight
import KeyedRandom
import MoSI
import Testing
import Torch

@Suite struct RegionScoreTests {
  private let square = StaticMask.Region(x: 2, y: 1, side: 2, backgroundFrame: 0)

  /// Two frames of 4 x 5 pixels with `values` at (frame, y, x), 0 elsewhere.
  private func score(_ values: [(Int, Int, Int, Float)], else rest: Float = 0) -> RegionScore {
    var map = [Float](repeating: rest, count: 2 * 4 * 5)
    for (frame, y, x, value) in values { map[(frame * 4 + y) * 5 + x] = value }
    return RegionScore(map: map, frames: 2, height: 4, width: 5, region: square)
  }

  private var inside: [(Int, Int, Int, Float)] {
    [0, 1].flatMap { frame in [1, 2].flatMap { y in [2, 3].map { (frame, y, $0, Float(1)) } } }
  }

  @Test func aMapOfTheSquareItselfIsPerfect() {
    let score = score(inside)
    #expect(score.energyInside == 1 && score.pointing == 1 && !score.isEmpty)
    #expect(score.overlaps.dropFirst().allSatisfy { $0 == 1 } && score.chance == 0.2)
  }

  @Test func uniformAndEmptyMapsScoreTheArea() {
    for (value, isEmpty) in [(Float(1), false), (0, true)] {
      let score = score([], else: value)
      #expect(abs(score.energyInside - 0.2) < 1e-12 && abs(score.pointing - 0.2) < 1e-12)
      #expect(score.overlaps.allSatisfy { abs($0 - 0.2) < 1e-12 } && score.isEmpty == isEmpty)
    }
  }

  @Test func heatOutsideLowersTheScores() {
    // Inside 0.5 + 0.25, outside 1: the edges of the square belong to it, but their neighbors do not.
    let score = score([(0, 1, 2, 0.5), (1, 2, 3, 0.25), (1, 3, 3, 1)])
    #expect(abs(score.energyInside - 0.75 / 1.75) < 1e-12 && score.pointing == 0)
    func overlap(at threshold: Double) -> Double {
      score.overlaps[RegionScore.thresholds.firstIndex { abs($0 - threshold) < 1e-9 }!]
    }
    // A position that equals the threshold reaches it. Of the square's 8 positions, 2, 1 and 0 do.
    #expect(overlap(at: 0.25) == 2.0 / 9 && overlap(at: 0.5) == 1.0 / 9)
    #expect(overlap(at: 0.55) == 0 && overlap(at: 0.95) == 0)
    // At 0, every position reaches the threshold: at its best threshold, no map overlaps less than a uniform one.
    #expect(overlap(at: 0) == 0.2)
    let wrong = RegionScores([[self.score([(0, 0, 0, 1)])]])
    #expect(wrong.threshold == 0 && wrong.overlap.mean == 0.2)
  }

  /// In non-square regions, exactly the pixels of the region count.
  @Test(arguments: [RegionShape.ellipse, .polygon, .blob])
  func regionsOfOtherShapesAreTheirPixels(shape: RegionShape) {
    var generator = KeyedGenerator(12)
    let region = StaticMask.randomRegion(
      ratio: 0.3...0.6, shape: shape, geometry: ClipGeometry(source: 40, clip: 32, frames: 3),
      using: &generator)
    let mask = region.mask(height: 32, width: 32)
    func score(_ map: [Float]) -> RegionScore {
      RegionScore(
        map: [[Float]](repeating: map, count: 3).flatMap(\.self), frames: 3, height: 32, width: 32,
        region: region)
    }
    let perfect = score(mask.map { $0 ? 1 : 0 })
    #expect(perfect.energyInside == 1 && perfect.overlaps.dropFirst().allSatisfy { $0 == 1 })
    let wrong = score(mask.map { $0 ? 0 : 1 })
    #expect(wrong.energyInside == 0 && wrong.pointing == 0)
    let share = Double(mask.count(where: \.self)) / 1024
    #expect(perfect.chance == share && abs(score(mask.map { _ in 1 }).energyInside - share) < 1e-9)
  }

  @Test func equallyHotPositionsCountByTheirShareInside() {
    #expect(score([(0, 0, 0, 1), (0, 1, 2, 1), (1, 1, 2, 1), (1, 0, 1, 1)]).pointing == 0.5)
  }

  /// A threshold per clip would be too favorable.
  @Test func allClipsShareOneThreshold() {
    // The best threshold is 0.25 or below (2/8) and, for the other clip, above 0.5 (8/8).
    let a = score([(0, 1, 2, 0.25), (0, 1, 3, 0.25)])
    let b = score(inside, else: 0.5)
    let scores = RegionScores([[a, a], [b, b]])
    #expect(abs(scores.threshold - 0.55) < 1e-9 && scores.overlap.mean == 0.5)
    #expect(scores.emptyMaps == 0 && RegionScores([[score([])], [a, b]]).emptyMaps == 1)
  }

  @Test func theErrorIsThatOfTheSources() {
    let estimate = SampleStatistics([1, 2, 3, 6])
    // The deviation is sqrt(14 / 3), and the error is half of it.
    #expect(
      estimate.mean == 3 && abs(estimate.standardError! - (14.0 / 3).squareRoot() / 2) < 1e-12)
    #expect(SampleStatistics([0.5]).standardError == nil)
    let random = SampleStatistics([1, 2, 3])
    #expect(random.mean == 2 && random.deviation == 1 && SampleStatistics([4]).deviation == nil)
  }
}
