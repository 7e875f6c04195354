import Foundation

/// The normalized mutual information of two labelings of the same items: 0 if they are independent, 1 if each determines
/// the other. The normalizer is the arithmetic mean of the two entropies. Two labelings with a single label each have the
/// value 1.
public func normalizedMutualInformation<A: Hashable, B: Hashable>(_ a: [A], _ b: [B]) -> Double {
  precondition(a.count == b.count, "\(a.count) labels cannot be compared with \(b.count)")
  let (countsA, countsB) = (counts(a), counts(b))
  if countsA.count <= 1, countsB.count <= 1 { return 1 }
  let total = Double(a.count)
  // Sum in the order of first appearance, so that the result does not depend on hashing.
  let information = ordered(zip(a, b).map { Pair(a: $0, b: $1) }).reduce(0) { sum, entry in
    let (pair, count) = entry
    let expected = Double(countsA[pair.a]!) * Double(countsB[pair.b]!) / total
    return sum + Double(count) / total * log(Double(count) / expected)
  }
  func entropy(_ labels: [some Hashable]) -> Double {
    ordered(labels).reduce(0) { $0 - Double($1.1) / total * log(Double($1.1) / total) }
  }
  let mean = (entropy(a) + entropy(b)) / 2
  return min(max(information / mean, 0), 1)
}

private struct Pair<A: Hashable, B: Hashable>: Hashable {
  let a: A
  let b: B
}

private func counts<Label: Hashable>(_ labels: [Label]) -> [Label: Int] {
  labels.reduce(into: [:]) { $0[$1, default: 0] += 1 }
}

private func ordered<Label: Hashable>(_ labels: [Label]) -> [(Label, Int)] {
  var place: [Label: Int] = [:]
  var result: [(Label, Int)] = []
  for label in labels {
    if let known = place[label] {
      result[known].1 += 1
    } else {
      place[label] = result.count
      result.append((label, 1))
    }
  }
  return result
}
