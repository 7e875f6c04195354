import KeyedRandom
import Torch

/// k-means: Lloyd's algorithm ("Least squares quantization in PCM", 1982) with k-means++ initialization (Arthur and
/// Vassilvitskii, SODA 2007), the best of several restarts.
public struct KMeans: Sendable {
  /// The cluster of each point, from 0. Clusters are sorted by size, the largest first; none is empty.
  public let assignments: [Int]
  /// The means of the clusters, float64 [k, d].
  public let centroids: Tensor
  /// The squared distance of each point to its centroid.
  public let squaredDistances: [Double]
  /// The sum of ``squaredDistances``, which k-means minimizes.
  public var inertia: Double { squaredDistances.reduce(0, +) }

  /// Clusters points.
  ///
  /// - Parameters:
  ///   - points: float32 [n, d].
  ///   - clusters: the number of clusters k, at least 1.
  ///   - seed: the random seed of the initialization.
  ///   - restarts: the number of restarts.
  ///   - iterations: the maximum number of iterations of Lloyd's algorithm.
  /// - Throws: ``ClusteringError`` for fewer points, or fewer different points, than clusters, and for points that are
  ///   not finite.
  public init(
    points: Tensor, clusters: Int, seed: UInt64, restarts: Int = 10, iterations: Int = 300
  ) throws(ClusteringError) {
    precondition(
      points.rank == 2 && clusters > 0 && restarts > 0 && iterations > 0,
      "k-means needs points [n, d], and positive numbers of clusters, restarts and iterations")
    let count = points.shape[0]
    guard count >= clusters else {
      throw .tooFewPoints(points: count, clusters: clusters)
    }
    guard points.isFinite else { throw .notFinite }
    var points = points.to(.float64)
    let mean = points.mean([0], keepingAxes: true)
    // Relative to their mean, products of points do not lose digits.
    points = points - mean
    var best: (assignments: [Int], squared: [Double], inertia: Double) = ([], [], .infinity)
    for restart in 0..<restarts {
      var generator = KeyedGenerator(seed: seed, .kMeans, UInt64(restart))
      let start = try Self.start(points, clusters, using: &generator)
      let assignments = Self.settled(points, start, iterations: iterations)
      let squared = Self.squaredDistances(
        points, Self.means(points, assignments, clusters), assignments)
      let inertia = squared.reduce(0, +)
      if restart == 0 || inertia < best.inertia { best = (assignments, squared, inertia) }
    }
    let (unordered, squared, _) = best
    var sizes = [Int](repeating: 0, count: clusters)
    var first = [Int](repeating: count, count: clusters)
    for (point, cluster) in unordered.enumerated().reversed() {
      sizes[cluster] += 1
      first[cluster] = point
    }
    let order = (0..<clusters).sorted { (-sizes[$0], first[$0]) < (-sizes[$1], first[$1]) }
    var place = [Int](repeating: 0, count: clusters)
    for (rank, cluster) in order.enumerated() { place[cluster] = rank }
    assignments = unordered.map { place[$0] }
    centroids = Self.means(points, assignments, clusters) + mean
    squaredDistances = squared
  }

  /// k-means++: each next centroid is a point drawn with a probability proportional to its squared distance to the
  /// nearest centroid so far.
  private static func start(
    _ points: Tensor, _ clusters: Int, using generator: inout KeyedGenerator
  ) throws(ClusteringError) -> Tensor {
    let count = points.shape[0]
    var chosen = [generator.integer(below: count)]
    var nearest = [Double](repeating: .infinity, count: count)
    while chosen.count < clusters {
      let difference = points - points.sliced(0, chosen.last!..<chosen.last! + 1)
      let squared = (difference * difference).sum([1]).array(of: Double.self)
      nearest = zip(nearest, squared).map { min($0, $1) }
      let total = nearest.reduce(0, +)
      guard total > 0 else {
        throw .tooFewDistinctPoints(distinct: chosen.count, clusters: clusters)
      }
      var left = generator.uniform() * total
      // Rounding may lead past the end. Then take the last point that can be drawn.
      var next = nearest.lastIndex { $0 > 0 }!
      for (index, weight) in nearest.enumerated() where weight > 0 {
        left -= weight
        if left < 0 {
          next = index
          break
        }
      }
      chosen.append(next)
    }
    return points.selected(0, indices: Tensor(chosen.map(Int64.init)))
  }

  /// Lloyd's algorithm, until no point changes its cluster.
  private static func settled(_ points: Tensor, _ start: Tensor, iterations: Int) -> [Int] {
    let clusters = start.shape[0]
    let lengths = (points * points).sum([1]).array(of: Double.self)
    var centroids = start
    var assignments: [Int] = []
    for _ in 0..<iterations {
      // Squared distances minus the squared lengths of the points, [n, k].
      let centroidLengths = (centroids * centroids).sum([1])
      let offsets = (centroidLengths - points.matmul(centroids.permuted([1, 0])) * 2)
        .contiguous().array(of: Double.self)
      var nearest = [Int](repeating: 0, count: lengths.count)
      var distances = [Double](repeating: 0, count: lengths.count)
      var sizes = [Int](repeating: 0, count: clusters)
      for point in lengths.indices {
        var best = 0
        for cluster in 1..<max(clusters, 1)
        where offsets[point * clusters + cluster] < offsets[point * clusters + best] {
          best = cluster
        }
        nearest[point] = best
        distances[point] = lengths[point] + offsets[point * clusters + best]
        sizes[best] += 1
      }
      // A cluster that lost all its points restarts at the point that is farthest from its centroid.
      for cluster in 0..<clusters where sizes[cluster] == 0 {
        let farthest = lengths.indices.filter { sizes[nearest[$0]] > 1 }
          .max { distances[$0] < distances[$1] }!
        sizes[nearest[farthest]] -= 1
        sizes[cluster] = 1
        (nearest[farthest], distances[farthest]) = (cluster, 0)
      }
      if nearest == assignments { break }
      assignments = nearest
      centroids = means(points, assignments, clusters)
    }
    return assignments
  }

  /// The means of the clusters, [k, d].
  private static func means(_ points: Tensor, _ assignments: [Int], _ clusters: Int) -> Tensor {
    var sizes = [Double](repeating: 0, count: clusters)
    for cluster in assignments { sizes[cluster] += 1 }
    var shares = [Double](repeating: 0, count: clusters * assignments.count)
    for (point, cluster) in assignments.enumerated() {
      shares[cluster * assignments.count + point] = 1 / sizes[cluster]
    }
    return Tensor(shares, shape: [clusters, assignments.count]).matmul(points)
  }

  private static func squaredDistances(
    _ points: Tensor, _ centroids: Tensor, _ assignments: [Int]
  ) -> [Double] {
    let difference =
      points - centroids.selected(0, indices: Tensor(assignments.map(Int64.init)))
    return (difference * difference).sum([1]).array(of: Double.self)
  }
}
