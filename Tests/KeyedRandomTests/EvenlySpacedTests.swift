import KeyedRandom
import Testing

@Suite struct EvenlySpacedTests {
  @Test(arguments: [
    (3, 9, [0, 3, 6]), (4, 10, [0, 2, 5, 7]), (1, 5, [0]), (0, 5, []), (5, 5, [0, 1, 2, 3, 4]),
    (9, 3, [0, 1, 2]), (2, 0, []),
  ])
  func placesAreSpreadOverAllWithoutRepetition(count: Int, total: Int, places: [Int]) {
    #expect(evenlySpaced(count, of: total) == places)
  }
}
