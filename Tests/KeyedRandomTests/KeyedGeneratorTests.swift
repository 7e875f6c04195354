import Foundation
import KeyedRandom
import TestSupport
import Testing

@Suite struct KeyedGeneratorTests {
  /// A stream written by Goldens/make_goldens.py, with 64-bit words as text, because JSON numbers cannot hold them.
  struct Golden: Decodable, Sendable {
    let key: [String]
    let words: [String]
    let uniforms: [Double]
    let integers: [Int]
    let permutation: [Int]
    let normals: [Double]
  }

  @Test func streamsAreThoseOfTheGoldens() throws {
    for golden in try Bundle.module.golden("streams", as: [Golden].self) {
      let key = golden.key.map { UInt64($0)! }
      var words = KeyedGenerator(key: key)
      #expect(golden.words.map { UInt64($0)! } == golden.words.map { _ in words.next() })
      var uniforms = KeyedGenerator(key: key)
      #expect(golden.uniforms == golden.uniforms.map { _ in uniforms.uniform() })
      var integers = KeyedGenerator(key: key)
      let wide = 3 << 61
      #expect(
        golden.integers == [10, 1, wide, wide, wide, 1000].map { integers.integer(below: $0) })
      var permutation = KeyedGenerator(key: key)
      #expect(golden.permutation == permutation.permutation(of: 9))
      var small = KeyedGenerator(key: key)
      #expect(golden.permutation == small.permutation(of: 9, as: UInt32.self).map(Int.init))
      var normals = KeyedGenerator(key: key)
      for value in golden.normals { #expect(abs(normals.normal() - value) < 1e-12) }
    }
  }

  /// Beta(a, a) has the mean 1/2, the variance 1 / (4 (2 a + 1)), and for a = 1 is uniform.
  @Test(arguments: [1e-3, 0.2, 0.8, 1, 4])
  func betaNumbersHaveTheirMoments(alpha: Double) {
    var generator = KeyedGenerator(11)
    let values = (0..<8000).map { _ in generator.beta(alpha) }
    #expect(values.allSatisfy { (0.0...1).contains($0) })
    let mean = values.reduce(0, +) / 8000
    let variance = values.reduce(0) { $0 + ($1 - 0.5) * ($1 - 0.5) } / 8000
    // Five deviations of the mean of 8,000 numbers of deviation 1/2.
    #expect(abs(mean - 0.5) < 0.028)
    #expect(abs(variance - 1 / (4 * (2 * alpha + 1))) < 0.01)
    if alpha == 1 {
      #expect(
        (0..<10).allSatisfy { tenth in
          abs(values.count { Int($0 * 10) == tenth } - 800) < 140
        })
    }
  }

  @Test func bothInitializersNameTheSameStream() {
    var a = KeyedGenerator(3, 1, 4)
    var b = KeyedGenerator(key: [3, 1, 4])
    #expect(a.next() == b.next())
  }

  /// Small keys are the usual ones (seed, epoch, index, purpose): their streams must not coincide, even when shifted by a
  /// few draws.
  @Test func keysThatDifferGiveDifferentStreams() {
    var seen: [UInt64: [UInt64]] = [:]
    var keys: [[UInt64]] = [[]]
    for a in 0..<20 as Range<UInt64> {
      keys.append([a])
      for b in 0..<20 as Range<UInt64> {
        keys.append([a, b])
        for c in 0..<10 as Range<UInt64> { keys.append([a, b, c]) }
      }
    }
    for key in keys {
      var generator = KeyedGenerator(key: key)
      for _ in 0..<8 {
        let word = generator.next()
        #expect(seen[word] == nil, "\(key) and \(seen[word] ?? []) share the word \(word)")
        seen[word] = key
      }
    }
  }

  /// Flipping a bit of any component flips about half of the first word's bits.
  @Test func keysAreMixedWell() {
    var flips = 0
    for component in 0..<3 {
      for bit in 0..<64 {
        var key: [UInt64] = [11, 22, 33]
        var before = KeyedGenerator(key: key)
        key[component] ^= 1 << bit
        var after = KeyedGenerator(key: key)
        flips += (before.next() ^ after.next()).nonzeroBitCount
      }
    }
    let share = Double(flips) / (3 * 64 * 64)
    #expect(abs(share - 0.5) < 0.02)
  }

  @Test(arguments: [2, 3, 7, 10, 64, 1000])
  func integersAreUniform(bound: Int) {
    var generator = KeyedGenerator(1, UInt64(bound))
    var counts = [Int](repeating: 0, count: bound)
    for _ in 0..<(100 * bound) { counts[generator.integer(below: bound)] += 1 }
    #expect(isUniform(counts))
  }

  /// If the bound does not divide 2^64, plain multiplication favors some numbers: with this bound, it would draw two of
  /// every three numbers 1.5 times as often as the third.
  @Test func integersOfWideBoundsAreUnbiased() {
    let bound = 3 << 61
    var generator = KeyedGenerator(2)
    var counts = [0, 0, 0]
    for _ in 0..<30_000 { counts[generator.integer(below: bound) % 3] += 1 }
    #expect(isUniform(counts))
  }

  @Test func uniformsAreUniform() {
    var generator = KeyedGenerator(3)
    var counts = [Int](repeating: 0, count: 50)
    for _ in 0..<20_000 {
      let value = generator.uniform()
      #expect(0 <= value && value < 1)
      counts[Int(value * 50)] += 1
    }
    #expect(isUniform(counts))
    let inRange = (0..<1000).map { _ in generator.uniform(in: -2...6) }
    #expect(inRange.allSatisfy { (-2...6).contains($0) })
    #expect(inRange.min()! < -1.9 && inRange.max()! > 5.9)
    #expect(generator.uniform(in: 0.25...0.25) == 0.25)
  }

  @Test func chanceHasItsProbability() {
    var generator = KeyedGenerator(4)
    let hits = (0..<20_000).count { _ in generator.chance(0.3) }
    #expect(abs(Double(hits) / 20_000 - 0.3) < 0.015)
    #expect(!(0..<1000).contains { _ in generator.chance(0) })
    #expect((0..<1000).allSatisfy { _ in generator.chance(1) })
  }

  @Test func normalsHaveTheMomentsOfTheNormalDistribution() {
    var generator = KeyedGenerator(5)
    let values = (0..<40_000).map { _ in generator.normal() }
    let mean = values.reduce(0, +) / 40_000
    func moment(_ power: Double) -> Double {
      values.reduce(0) { $0 + pow($1 - mean, power) } / 40_000
    }
    #expect(abs(mean) < 0.02)
    #expect(abs(moment(2) - 1) < 0.03)
    #expect(abs(moment(3)) < 0.06)
    #expect(abs(moment(4) - 3) < 0.15)
    #expect(values.allSatisfy { $0.isFinite })
  }

  @Test func permutationsHoldEveryNumberOnce() {
    var generator = KeyedGenerator(6)
    for count in 0..<40 {
      #expect(generator.permutation(of: count).sorted() == Array(0..<count))
    }
  }

  @Test func permutationsAreUniform() {
    var generator = KeyedGenerator(7)
    var counts: [[Int]: Int] = [:]
    for _ in 0..<24_000 { counts[generator.permutation(of: 4), default: 0] += 1 }
    #expect(counts.count == 24)
    #expect(isUniform(Array(counts.values)))
  }

  /// True if the counts pass Pearson's chi-square test at about one in 100,000 (Wilson and Hilferty's normal
  /// approximation). Streams are fixed, so a passing test always passes.
  private func isUniform(_ counts: [Int]) -> Bool {
    let expected = Double(counts.reduce(0, +)) / Double(counts.count)
    let statistic = counts.reduce(0) { $0 + pow(Double($1) - expected, 2) / expected }
    let freedom = Double(counts.count - 1)
    let z =
      (pow(statistic / freedom, 1.0 / 3) - (1 - 2 / (9 * freedom))) / sqrt(2 / (9 * freedom))
    return z < 4.3
  }
}
