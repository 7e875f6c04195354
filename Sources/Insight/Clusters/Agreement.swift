import Foundation
import Torch

/// The normalized mutual information of two labelings of the same things: 0 if they are independent, 1 if each determines the
/// other. The normalizer is the arithmetic mean of the two entropies. Two labelings with one label each agree: 1.
public func normalizedMutualInformation<A: Hashable, B: Hashable>(_ a: [A], _ b: [B]) -> Double {
  precondition(a.count == b.count, "\(a.count) labels cannot be compared with \(b.count)")
  let (countsA, countsB) = (counts(a), counts(b))
  if countsA.count <= 1, countsB.count <= 1 { return 1 }
  let total = Double(a.count)
  // In the order of first appearance: sums depend on no hash.
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

/// The trustworthiness of an embedding (Venna and Kaski, 2001), 0...1: points that are among the k nearest neighbours in
/// the embedding but not among the points cost their rank there.
///
/// - Parameters:
///   - embedding: [n, e].
///   - points: [n, d].
///   - neighbours: k, below n / 2.
public func trustworthiness(of embedding: Tensor, points: Tensor, neighbours: Int = 5) -> Double {
  let count = points.shape[0]
  precondition(
    embedding.shape[0] == count && neighbours > 0 && 2 * neighbours < count,
    "trustworthiness needs as many embedded points as points, and fewer than half of them as neighbors"
  )
  let points = centred(points)
  let embedding = centred(embedding)
  var penalty = 0
  for rows in rowBlocks(count, elements: 1 << 20) {
    let original = squaredDistances(points.sliced(0, rows), points).array(of: Double.self)
    let embedded = squaredDistances(embedding.sliced(0, rows), embedding).array(of: Double.self)
    for (line, row) in rows.enumerated() {
      func order(_ distances: [Double]) -> [Int] {
        let first = line * count
        return (0..<count).filter { $0 != row }
          .sorted { (distances[first + $0], $0) < (distances[first + $1], $1) }
      }
      var rank = [Int](repeating: 0, count: count)
      for (place, point) in order(original).enumerated() { rank[point] = place + 1 }
      for point in order(embedded).prefix(neighbours) {
        penalty += max(0, rank[point] - neighbours)
      }
    }
  }
  let worst = Double(count * neighbours) * Double(2 * count - 3 * neighbours - 1) / 2
  return 1 - Double(penalty) / worst
}

private func centred(_ points: Tensor) -> Tensor {
  let points = points.to(.float64)
  return points - points.mean([0], keepingAxes: true)
}
