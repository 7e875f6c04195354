import KeyedRandom
import Testing

@Suite struct RandomStreamTests {
  /// Another value would change all runs that draw for the purpose, and two purposes with the same value would share
  /// their numbers.
  @Test func valuesAreThoseOfTheFirstVersion() {
    let values = Dictionary(
      uniqueKeysWithValues: RandomStream.allCases.map { ("\($0)", $0.rawValue) })
    #expect(Set(values.values).count == RandomStream.allCases.count)
    #expect(
      values == [
        "loading": 1, "augmentation": 2, "dropout": 3, "preview": 4, "shots": 5, "folders": 6,
        "epochOrder": 0x0BDE_B000, "heldOutSources": 0x5911_7000,
        "heldOutVideos": 0xC1A5_5E5, "validation": 0xACC0_0000, "deadLeaves": 0xDEAD_1EAF,
        "leafTexture": 0x1EAF, "movingSprites": 0x5921_7E5, "localization": 0x5CA1_AB1E,
        "shapeVideo": 0x5AA9_E5, "shapeTexture": 0x5AA9_7E, "mask": 7,
        "kMeans": 0x6B_6D65_616E_73, "tSNE": 0x7473_6E65, "randomNetwork": 0x7261_6E64_6F6D,
      ])
  }

  @Test func streamsHaveTheirPositionInTheKey() {
    var expected = KeyedGenerator(7, RandomStream.kMeans.rawValue, 2)
    var seeded = KeyedGenerator(seed: 7, .kMeans, 2)
    #expect(seeded.next() == expected.next())
    expected = KeyedGenerator(RandomStream.localization.rawValue, 3)
    var unseeded = KeyedGenerator(.localization, 3)
    #expect(unseeded.next() == expected.next())
  }
}
