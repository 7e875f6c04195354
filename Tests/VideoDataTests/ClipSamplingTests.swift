import KeyedRandom
import Testing
import VideoData
import VideoSamples

@Suite struct ClipSamplingTests {
  /// In exact integers: frame floor((start + k * interval / targetRate) * rate), with a start that is a multiple of 1/900
  /// s and a rate in thousandths.
  @Test(arguments: [23_976, 25_000, 29_970, 30_000, 10_000, 60_000])
  func agreesWithFrameIndicesAtConstantRates(milliRate: Int) {
    let sampling = ClipSampling()
    var generator = KeyedGenerator(1, UInt64(milliRate))
    for _ in 0..<200 {
      let start = generator.integer(below: 9000)
      for (k, time) in sampling.times(from: Double(start) / 900).enumerated() {
        // A thousandth of a frame too early still counts.
        let exact = ((start + k * 120) * milliRate + 900) / 900_000
        let found = Int((time * Double(milliRate) / 1000 + 1e-3).rounded(.down))
        #expect(found == exact)
      }
    }
  }

  @Test func trainingStartsAreUniformOverWhatFits() {
    let sampling = ClipSampling(frames: 16, interval: 4, targetRate: 30)
    #expect(abs(sampling.step - 4 / 30.0) < 1e-12)
    #expect(sampling.trainingStart(draw: 0, lastFrameTime: 12) == 0)
    #expect(abs(sampling.trainingStart(draw: 0.5, lastFrameTime: 12) - 5) < 1e-9)
    #expect(sampling.times(from: sampling.latestStart(lastFrameTime: 12)).last! <= 12 + 1e-9)
    for lastFrameTime in [0, 0.5, 2] {
      #expect(sampling.trainingStart(draw: 0.9, lastFrameTime: lastFrameTime) == 0)
    }
  }

  @Test func testStartsAreSpacedFromFirstToLast() {
    let sampling = ClipSampling(frames: 8, interval: 2, targetRate: 20)
    let starts = sampling.testStarts(clips: 10, lastFrameTime: 9.7)
    #expect(starts.count == 10 && starts[0] == 0 && abs(starts[9] - 9) < 1e-9)
    for (left, right) in zip(starts, starts.dropFirst()) { #expect(abs(right - left - 1) < 1e-9) }
    #expect(sampling.testStarts(clips: 1, lastFrameTime: 9.7) == [4.5])
    #expect(sampling.testStarts(clips: 3, lastFrameTime: 0.1) == [0, 0, 0])
  }
}

@Suite struct SpatialPresetTests {
  static let shapes = [
    (160, 160), (213, 160), (160, 213), (284, 160), (160, 400), (900, 160), (224, 224), (299, 224),
    (224, 398),
  ]

  @Test(arguments: SpatialPreset.allCases)
  func cropsLieInside(preset: SpatialPreset) {
    for (shape, (width, height)) in Self.shapes.enumerated() {
      guard min(width, height) == preset.storageShortSide(side: 112) else { continue }
      for round in 0..<400 {
        var generator = KeyedGenerator(2, UInt64(shape), UInt64(round))
        let crop = preset.trainingCrop(width: width, height: height, side: 112, using: &generator)
        #expect(crop.left >= 0 && crop.top >= 0 && crop.width > 0 && crop.height > 0)
        #expect(crop.left + crop.width <= width && crop.top + crop.height <= height)
      }
    }
  }

  private func crops(_ preset: SpatialPreset, _ width: Int, _ height: Int) -> [SpatialPreset.Crop] {
    (0..<4000).map { round in
      var generator = KeyedGenerator(3, UInt64(round))
      return preset.trainingCrop(width: width, height: height, side: 112, using: &generator)
    }
  }

  private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  /// Each twentieth of a range contains about a twentieth of the values.
  private func isUniform(_ values: [Double], _ range: ClosedRange<Double>) -> Bool {
    var bins = [Int](repeating: 0, count: 20)
    for value in values {
      let place = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
      bins[min(max(Int(place * 20), 0), 19)] += 1
    }
    // Five deviations, and the shift between bins caused by rounding to pixels.
    let expected = Double(values.count) / 20
    return bins.allSatisfy { abs(Double($0) - expected) < 5 * expected.squareRoot() + 15 }
  }

  @Test func resizedCropsHaveTheAreasAndAspectsOfThePaper() {
    // In a frame that is much larger than the rounding; in a square one, all areas except the largest fit.
    let drawn = crops(.paper, 4000, 4000)
    let areas = drawn.map { Double($0.width * $0.height) / 16e6 }
    let aspects = drawn.map { Double($0.width) / Double($0.height) }
    #expect(areas.allSatisfy { $0 > 0.499 && $0 < 1.001 })
    #expect(aspects.allSatisfy { $0 > 6 / 7.0 - 1e-3 && $0 < 7 / 6.0 + 1e-3 })
    #expect(isUniform(areas.filter { $0 < 0.85 }, 0.5...0.85))
    #expect(abs(Double(areas.filter { $0 > 0.95 }.count) / 4000) < 0.06)
    // 7/6 and 6/7 are equally far from 1.
    #expect(abs(Double(aspects.filter { $0 > 1 }.count) / 4000 - 0.5) < 0.05)
    #expect(aspects.max()! > 1.14 && aspects.min()! < 0.88)
    #expect(isUniform(drawn.map { Double($0.left) / Double(4001 - $0.width) }, 0...1))
    #expect(isUniform(drawn.map { Double($0.top) / Double(4001 - $0.height) }, 0...1))
    #expect(abs(Double(drawn.filter(\.isMirrored).count) / 4000 - 0.5) < 0.04)
  }

  @Test func frameOfAnyShapeGivesCropsOfTheRightAspect() {
    for (width, height) in Self.shapes where min(width, height) == 160 {
      for crop in crops(.paper, width, height).prefix(300) {
        let aspect = Double(crop.width) / Double(crop.height)
        #expect(aspect > 0.84 && aspect < 1.19)
      }
    }
  }

  /// A crop of 112 pixels from a frame with short side s is one of 112 * 224 / s from a frame with 224.
  @Test func scaledCropsHaveTheShortSidesOfTheReleasedCode() {
    let drawn = crops(.released, 398, 224)
    #expect(drawn.allSatisfy { $0.width == $0.height })
    #expect(drawn.map(\.width).min() == 112 && drawn.map(\.width).max() == 149)
    // The mean of 112 * 224 / s over s = 168 ... 224.
    let expected = mean((168...224).map { 112 * 224 / Double($0) })
    #expect(abs(mean(drawn.map { Double($0.width) }) - expected) < 1)
    #expect(isUniform(drawn.map { Double($0.left) / Double(399 - $0.width) }, 0...1))
    #expect(SpatialPreset.released.testShortSide(side: 112) == 224)
    #expect(SpatialPreset.paper.testShortSide(side: 112) == 112)
  }

  @Test func testCropsAreCenteredOrSpacedAlongTheLongSide() {
    typealias Crop = SpatialPreset.Crop
    #expect(
      SpatialPreset.testCrops(width: 398, height: 224, side: 112, crops: 1)
        == [Crop(left: 143, top: 56, width: 112, height: 112)])
    #expect(
      SpatialPreset.testCrops(width: 398, height: 224, side: 112, crops: 3).map(\.left)
        == [0, 143, 286])
    let high = SpatialPreset.testCrops(width: 112, height: 200, side: 112, crops: 3)
    #expect(high.map(\.top) == [0, 44, 88] && high.allSatisfy { $0.left == 0 })
  }
}
