import Foundation
import Insight
import KeyedRandom
import Testing

@Suite struct RankCorrelationTests {
  @Test func onlyTheOrderCounts() throws {
    let a: [Float] = [3, 1, 4, 1.5, 9, 2.6]
    #expect(rankCorrelation(a, a.map { exp($0) }) == 1)
    #expect(rankCorrelation(a, a.map { -$0 * $0 * $0 }) == -1)
  }

  /// Computed by hand: the ranks are 0, 1.5, 1.5, 3, 5, 5, 5, 7 and 2, 1, 3.5, 3.5, 0, 6.5, 6.5, 5; centered at 3.5, the
  /// sum of their products is 77/4, and those of their squares are 79/2 and 41.
  @Test func tiesShareTheirMeanRank() throws {
    let a: [Float] = [1, 2, 2, 3, 5, 5, 5, 8]
    let b: [Float] = [2, 1, 4, 4, 0, 7, 7, 6]
    let expected = 19.25 / (39.5 * 41.0).squareRoot()
    #expect(abs(try #require(rankCorrelation(a, b)) - expected) < 1e-12)
  }

  @Test func aConstantListHasNoCorrelation() {
    #expect(rankCorrelation([0, 0, 0], [1, 2, 3]) == nil)
    #expect(rankCorrelation([1, 2, 3], [0, 0, 0]) == nil)
    #expect(rankCorrelation([], []) == nil)
  }

  @Test func independentListsHaveNone() throws {
    var generator = KeyedGenerator(key: [1])
    let a = (0..<20_000).map { _ in Float(generator.uniform()) }
    let b = (0..<20_000).map { _ in Float(generator.uniform()) }
    #expect(abs(try #require(rankCorrelation(a, b))) < 0.03)
  }
}
