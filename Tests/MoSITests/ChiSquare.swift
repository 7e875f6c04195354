import Foundation
import Testing

/// The probability that Pearson's statistic of counts drawn with `shares` (equal by default) is at least that of
/// `counts`.
func chiSquareProbability(_ counts: [Int], shares: [Double]? = nil) -> Double {
  guard counts.count > 1 else { return 1 }
  let total = Double(counts.reduce(0, +))
  let shares = shares ?? counts.map { _ in 1 / Double(counts.count) }
  let statistic = zip(counts, shares).reduce(0) { sum, pair in
    let expected = total * pair.1
    return sum + (Double(pair.0) - expected) * (Double(pair.0) - expected) / expected
  }
  return upperGamma(Double(counts.count - 1) / 2, statistic / 2)
}

/// True if the counts are consistent with equal shares; that fails for one in 10,000 equal ones.
func isUniform(_ counts: [Int]) -> Bool { chiSquareProbability(counts) > 1e-4 }

/// The regularized upper incomplete gamma function Q(a, x), by its series or its continued fraction.
private func upperGamma(_ a: Double, _ x: Double) -> Double {
  guard x > 0 else { return 1 }
  let front = exp(a * log(x) - x - lgamma(a))
  if x < a + 1 {
    var (term, sum, n) = (1 / a, 1 / a, a)
    while term > sum * 1e-16 {
      n += 1
      term *= x / n
      sum += term
    }
    return 1 - front * sum
  }
  // Lentz's method.
  var b = x + 1 - a
  var (c, d) = (1e300, 1 / b)
  var fraction = d
  for n in 1...10_000 {
    let factor = -Double(n) * (Double(n) - a)
    b += 2
    d = 1 / (factor * d + b)
    c = b + factor / c
    fraction *= d * c
    if abs(d * c - 1) < 1e-15 { break }
  }
  return front * fraction
}

@Suite struct ChiSquareTests {
  /// Critical values from tables, for counts with that statistic.
  @Test(arguments: [
    (2, 3.841459, 0.05), (11, 18.307038, 0.05), (101, 149.449253, 0.001), (5, 0.710723, 0.95),
  ])
  func probabilitiesAreThoseOfTheTables(cells: Int, statistic: Double, probability: Double) {
    // Two cells deviate from their expectation by the amount that gives the statistic.
    let expected = 1e10
    let deviation = (statistic * expected / 2).squareRoot()
    var counts = [Int](repeating: Int(expected), count: cells)
    counts[0] += Int(deviation)
    counts[1] -= Int(deviation)
    #expect(abs(chiSquareProbability(counts) / probability - 1) < 1e-3)
  }

  @Test func sharesAreRespected() {
    #expect(chiSquareProbability([750, 250], shares: [0.75, 0.25]) == 1)
    #expect(chiSquareProbability([750, 250]) < 1e-50)
  }
}
