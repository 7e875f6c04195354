import Torch

/// The trustworthiness of an embedding (Venna and Kaski, 2001), 0...1. Points that are among the k nearest neighbors in
/// the embedding but not among the original points reduce it by their rank there.
///
/// - Parameters:
///   - embedding: the positions, [n, e].
///   - points: the original points, [n, d].
///   - neighbors: the number of neighbors k, below n / 2.
public func trustworthiness(of embedding: Tensor, points: Tensor, neighbors: Int = 5) -> Double {
  let count = points.shape[0]
  precondition(
    embedding.shape[0] == count && neighbors > 0 && 2 * neighbors < count,
    "trustworthiness needs as many embedded points as points, and fewer than half of them as neighbors"
  )
  let points = centered(points)
  let embedding = centered(embedding)
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
      for point in order(embedded).prefix(neighbors) {
        penalty += max(0, rank[point] - neighbors)
      }
    }
  }
  let worst = Double(count * neighbors) * Double(2 * count - 3 * neighbors - 1) / 2
  return 1 - Double(penalty) / worst
}

private func centered(_ points: Tensor) -> Tensor {
  let points = points.to(.float64)
  return points - points.mean([0], keepingAxes: true)
}
