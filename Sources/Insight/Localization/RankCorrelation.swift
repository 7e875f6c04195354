/// Spearman's rank correlation of two lists of equally many finite numbers, -1...1: Pearson's correlation of the ranks,
/// of which equal numbers share the mean. Nil if a list is constant, and so has no order, or empty.
public func rankCorrelation(_ a: [Float], _ b: [Float]) -> Double? {
  precondition(a.count == b.count, "\(a.count) numbers cannot be correlated with \(b.count)")
  let (ranksA, ranksB) = (ranks(of: a), ranks(of: b))
  // Ranks are centered, whatever is equal: their mean is that of 0 ..< count.
  let mean = Double(a.count - 1) / 2
  var (covariance, varianceA, varianceB) = (0.0, 0.0, 0.0)
  for (rankA, rankB) in zip(ranksA, ranksB) {
    covariance += (rankA - mean) * (rankB - mean)
    varianceA += (rankA - mean) * (rankA - mean)
    varianceB += (rankB - mean) * (rankB - mean)
  }
  guard varianceA > 0, varianceB > 0 else { return nil }
  return covariance / (varianceA * varianceB).squareRoot()
}

/// How well heat agrees with speed: their rank correlation. Nil if nothing moves, so that there is nothing to agree
/// with; 0 if something does and the heat is the same everywhere.
func flowAgreement(_ heat: [Float], _ speed: [Float]) -> Double? {
  guard speed.contains(where: { $0 != speed[0] }) else { return nil }
  return rankCorrelation(heat, speed) ?? 0
}

/// The places from 0 that the numbers take in ascending order.
private func ranks(of values: [Float]) -> [Double] {
  let order = values.indices.sorted { values[$0] < values[$1] }
  var ranks = [Double](repeating: 0, count: values.count)
  var first = 0
  while first < order.count {
    var end = first + 1
    while end < order.count, values[order[end]] == values[order[first]] { end += 1 }
    for place in first..<end { ranks[order[place]] = Double(first + end - 1) / 2 }
    first = end
  }
  return ranks
}
