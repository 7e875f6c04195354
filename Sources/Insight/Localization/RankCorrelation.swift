/// Spearman's rank correlation of two lists of finite numbers with the same length, -1...1: Pearson's correlation of the
/// ranks, where equal numbers share their mean rank. Nil if a list is constant or empty.
public func rankCorrelation(_ a: [Float], _ b: [Float]) -> Double? {
  precondition(a.count == b.count, "\(a.count) numbers cannot be correlated with \(b.count)")
  let (ranksA, ranksB) = (ranks(of: a), ranks(of: b))
  // Center the ranks; their mean is always that of 0 ..< count.
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

/// The agreement of heat and speed: their rank correlation. Nil if nothing moves; 0 if something moves but the heat is
/// the same everywhere.
func flowAgreement(_ heat: [Float], _ speed: [Float]) -> Double? {
  guard speed.contains(where: { $0 != speed[0] }) else { return nil }
  return rankCorrelation(heat, speed) ?? 0
}

/// The ranks of the numbers in ascending order, from 0.
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
