import Foundation
import Insight
import KeyedRandom
import TestSupport
import Testing
import Torch

/// The content of clusters.json, written by make_clusters.py.
private struct Golden: Decodable {
  struct KMeansResult: Decodable {
    let clusters: Int
    let inertia: Double
  }
  struct TSNEResult: Decodable {
    let perplexity: Double
    let trustworthiness: [Double]
    let divergence: [Double]
    /// The values for the first two axes of the points.
    let plane: Double
  }
  struct Information: Decodable {
    let count: Int
    let kinds: [Int]
    let independent: Double
    let mixed: Double
  }
  let kmeans: [KMeansResult]
  let tsne: TSNEResult
  let information: [Information]

  static func read() throws -> Golden {
    try Bundle.module.golden("clusters")
  }
}

/// Like `blobs` in make_clusters.py: points around `centers` places, partly overlapping.
private func blobs(
  _ key: UInt64..., count: Int = 300, size: Int = 32, centers: Int = 7, spread: Double = 0.55
) -> Tensor {
  var generator = KeyedGenerator(key: key)
  let middle = (0..<centers).map { _ in (0..<size).map { _ in generator.uniform(in: -1...1) } }
  var points: [Float] = []
  for index in 0..<count {
    for axis in 0..<size {
      let sum = (0..<4).reduce(0.0) { sum, _ in sum + generator.uniform(in: -1...1) }
      points.append(Float(middle[index % centers][axis] + spread * sum))
    }
  }
  return Tensor(points, shape: [count, size])
}

private func labels(_ key: UInt64..., count: Int, kinds: Int) -> [Int] {
  var generator = KeyedGenerator(key: key)
  return (0..<count).map { _ in generator.integer(below: kinds) }
}

@Suite struct KMeansTests {
  @Test func inertiaIsThatOfScikitLearn() throws {
    let points = blobs(5, 1)
    for golden in try Golden.read().kmeans {
      let found = try KMeans(points: points, clusters: golden.clusters, seed: 1)
      #expect(abs(found.inertia / golden.inertia - 1) < 0.01, "\(golden.clusters) clusters")
      #expect(Set(found.assignments).count == golden.clusters)
    }
  }

  /// The result is consistent: sizes descend, centroids are means, and each point is in the nearest cluster.
  @Test func clustersAreThoseOfTheNearestMeans() throws {
    let points = blobs(5, 4, count: 120, size: 5, centers: 4, spread: 0.2)
    let found = try KMeans(points: points, clusters: 4, seed: 3)
    let sizes = (0..<4).map { cluster in found.assignments.count { $0 == cluster } }
    #expect(sizes == sizes.sorted(by: >) && found.centroids.shape == [4, 5])
    let values = points.to(.float64).array(of: Double.self)
    let centroids = found.centroids.array(of: Double.self)
    func squared(_ point: Int, _ cluster: Int) -> Double {
      (0..<5).reduce(0) { sum, axis in
        let difference = values[5 * point + axis] - centroids[5 * cluster + axis]
        return sum + difference * difference
      }
    }
    for point in 0..<120 {
      let cluster = found.assignments[point]
      #expect(abs(squared(point, cluster) - found.squaredDistances[point]) < 1e-9)
      #expect((0..<4).allSatisfy { squared(point, cluster) <= squared(point, $0) + 1e-9 })
    }
    for cluster in 0..<4 {
      let members = (0..<120).filter { found.assignments[$0] == cluster }
      for axis in 0..<5 {
        let mean = members.reduce(0) { $0 + values[5 * $1 + axis] } / Double(members.count)
        #expect(abs(mean - centroids[5 * cluster + axis]) < 1e-9)
      }
    }
  }

  @Test func theSeedAloneDecides() throws {
    let points = blobs(5, 5, count: 90, size: 3, centers: 9, spread: 0.4)
    let runs = try [7, 7, 8].map {
      try KMeans(points: points, clusters: 9, seed: $0, restarts: 1)
    }
    #expect(runs[0].assignments == runs[1].assignments)
    // The order of sums in products may vary between runs.
    #expect(abs(runs[0].inertia / runs[1].inertia - 1) < 1e-12)
    #expect(runs[0].assignments != runs[2].assignments)
  }

  /// Far from zero, products in float32 would lose the differences between points.
  @Test func anOffsetChangesNothing() throws {
    let points = blobs(5, 6, count: 60, size: 4, centers: 3, spread: 0.1)
    let near = try KMeans(points: points, clusters: 3, seed: 1)
    let far = try KMeans(points: points + 4096, clusters: 3, seed: 1)
    #expect(near.assignments == far.assignments)
  }

  @Test func everyClusterHasAPointWhereDuplicatesCrowd() throws {
    // 40 equal points and 4 others: 5 clusters have inertia 0, up to the rounding of the means. With any draws, the
    // distance of a duplicate is exactly 0, so that each start has all 5 places.
    let rows = (0..<44).map { $0 < 40 ? [Float(0), 0] : [Float($0), Float($0 % 3)] }
    let points = Tensor(rows.flatMap { $0 }, shape: [44, 2])
    let found = try KMeans(points: points, clusters: 5, seed: 2)
    #expect(found.inertia < 1e-12 && Set(found.assignments).count == 5)
    let each = try KMeans(points: points.sliced(0, 40..<44), clusters: 4, seed: 0)
    #expect(each.inertia < 1e-12 && Set(each.assignments).count == 4)
  }

  @Test func unsuitablePointsForClusteringAreReported() throws {
    let points = blobs(5, 7, count: 4, size: 3, centers: 2)
    #expect(throws: ClusteringError.tooFewPoints(points: 4, clusters: 5)) {
      try KMeans(points: points, clusters: 5, seed: 0)
    }
    #expect(throws: ClusteringError.tooFewDistinctPoints(distinct: 1, clusters: 3)) {
      try KMeans(points: Tensor.full([9, 2], 0.1), clusters: 3, seed: 0)
    }
    #expect(throws: ClusteringError.notFinite) {
      try KMeans(points: Tensor([0, Float.nan, 2, 3], shape: [4, 1]), clusters: 2, seed: 0)
    }
    #expect(try KMeans(points: Tensor.full([3, 2], 0.1), clusters: 1, seed: 0).inertia < 1e-12)
  }
}

@Suite struct TSNETests {
  @Test func trustworthinessMatchesScikitLearnsTSNE() throws {
    let points = blobs(5, 1)
    let golden = try Golden.read().tsne
    var steps: [Int] = []
    let found = try TSNE(points: points, perplexity: golden.perplexity, seed: 0) {
      steps.append($0)
    }
    #expect(steps == Array(1...1000) && found.embedding.shape == [300, 2])
    let ours = trustworthiness(of: found.embedding, points: points)
    for theirs in golden.trustworthiness { #expect(abs(ours - theirs) < 0.02, "\(ours)") }
    for theirs in golden.divergence { #expect(abs(found.divergence / theirs - 1) < 0.05) }
  }

  @Test func trustworthinessIsThatOfScikitLearn() throws {
    let points = blobs(5, 1)
    let plane = trustworthiness(of: points.sliced(1, 0..<2), points: points)
    #expect(abs(plane - (try Golden.read().tsne.plane)) < 1e-6)
    #expect(trustworthiness(of: points * 3, points: points) == 1)
  }

  /// 2 to the power of each row's entropy in bits, for both crowded and isolated points.
  @Test func everyRowHasThePerplexity() throws {
    let crowd = blobs(5, 8, count: 80, size: 6, centers: 2, spread: 0.01)
    let far = blobs(5, 9, count: 20, size: 6, centers: 20, spread: 300)
    let points = Tensor.concatenated([crowd, far])
    for perplexity in [2.0, 10, 33] {
      let rows = try TSNE.affinities(of: points, perplexity: perplexity)
        .to(.float64).array(of: Double.self)
      for row in 0..<100 {
        let values = rows[row * 100..<(row + 1) * 100]
        #expect(abs(values.reduce(0, +) - 1) < 1e-5 && values[row * 100 + row] == 0)
        let entropy = values.reduce(0) { $1 > 0 ? $0 - $1 * log($1) : $0 }
        #expect(abs(exp(entropy) / perplexity - 1) < 1e-3, "row \(row)")
      }
    }
  }

  @Test func theSeedAloneDecidesAndScaleDoesNot() throws {
    let points = blobs(5, 10, count: 40, size: 4, centers: 3, spread: 0.2)
    func places(_ points: Tensor, _ seed: UInt64) throws -> [Double] {
      try TSNE(points: points, perplexity: 5, seed: seed, iterations: 60).embedding.array()
    }
    let first = try places(points, 1)
    #expect(try places(points, 1) == first && places(points, 2) != first)
    let scaled = try places(points * 1024, 1)
    #expect(zip(first, scaled).allSatisfy { abs($0 - $1) < 1e-3 * max(1, abs($0)) })
  }

  @Test func duplicatesAndConstantsGiveFinitePlaces() throws {
    let blob = blobs(5, 11, count: 10, size: 3, centers: 2)
    let copies = Tensor.concatenated([Tensor](repeating: blob.sliced(0, 0..<1), count: 30) + [blob])
    for points in [copies, Tensor.full([20, 3], 7), copies * 1e-20, copies * 1e18] {
      let found = try TSNE(points: points, perplexity: 5, seed: 0, iterations: 300)
      #expect(found.embedding.isFinite && found.divergence.isFinite)
    }
  }

  /// A small number of points flies apart at the rate that suits many.
  @Test func fewPointsAreEmbedded() throws {
    for count in 4...6 {
      for seed in 0..<8 as Range<UInt64> {
        let points = blobs(seed, 12, count: count, size: 3, centers: 2)
        let found = try TSNE(
          points: points, perplexity: TSNE.largestPerplexity(points: count), seed: seed)
        #expect(found.embedding.isFinite && found.divergence.isFinite, "\(count), \(seed)")
      }
    }
  }

  @Test func unsuitablePointsForEmbeddingAreReported() throws {
    let points = blobs(5, 12, count: 30, size: 3, centers: 2)
    #expect(throws: ClusteringError.perplexityTooLarge(perplexity: 30, points: 30)) {
      try TSNE(points: points, perplexity: 30, seed: 0)
    }
    #expect(throws: ClusteringError.tooFewToEmbed(points: 3, least: 4)) {
      try TSNE(points: points.sliced(0, 0..<3), perplexity: 1, seed: 0)
    }
    #expect(throws: ClusteringError.notFinite) {
      try TSNE(points: points * .infinity, perplexity: 5, seed: 0)
    }
    let most = TSNE.mostPoints
    #expect(throws: ClusteringError.tooManyPoints(points: most + 1, most: most)) {
      try TSNE(points: Tensor.zeros([most + 1, 1]), perplexity: 30, seed: 0)
    }
  }

  @Test func watchingCanBeInterrupted() throws {
    struct Enough: Error {}
    let points = blobs(5, 13, count: 30, size: 3, centers: 2)
    var steps = 0
    #expect(throws: Enough.self) {
      try TSNE(points: points, perplexity: 5, seed: 0) {
        steps = $0
        if $0 == 7 { throw Enough() }
      }
    }
    #expect(steps == 7)
  }
}

@Suite struct MutualInformationTests {
  @Test func valuesAreThoseOfScikitLearn() throws {
    for (index, golden) in try Golden.read().information.enumerated() {
      let first = labels(5, 2, UInt64(index), count: golden.count, kinds: golden.kinds[0])
      let second = labels(5, 3, UInt64(index), count: golden.count, kinds: golden.kinds[1])
      let mixed = first.indices.map { $0 % 3 > 0 ? first[$0] : second[$0] }
      #expect(abs(normalizedMutualInformation(first, second) - golden.independent) < 1e-6)
      #expect(abs(normalizedMutualInformation(first, mixed) - golden.mixed) < 1e-6)
      #expect(abs(normalizedMutualInformation(mixed, first) - golden.mixed) < 1e-6)
    }
  }

  @Test func namesDoNotMatter() {
    let first = labels(6, count: 50, kinds: 4)
    #expect(normalizedMutualInformation(first, first.map { "class \(3 - $0)" }) > 1 - 1e-12)
  }
}
