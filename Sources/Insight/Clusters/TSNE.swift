import Foundation
import KeyedRandom
import Torch

/// t-SNE with the exact gradient (van der Maaten and Hinton, "Visualizing Data using t-SNE", JMLR 2008): positions in the
/// plane whose neighbors are also neighbors among the points.
///
/// The attraction is multiplied by 12 in the first 250 steps (van der Maaten, JMLR 2014), and the learning rate is
/// proportional to the number of points (Belkina et al., Nature Communications 2019).
public struct TSNE: Sendable {
  /// The maximum number of points: with more, the n² affinities would take more than 400 MB, and three times that while
  /// they are computed.
  public static let mostPoints = 10_000

  /// The positions, float64 [n, 2].
  public let embedding: Tensor
  /// The Kullback-Leibler divergence between the affinities of the points and those in the plane, in nats.
  public let divergence: Double

  /// The minimum number of points: with fewer, even a perplexity of 1 is impossible.
  public static let fewestPoints = 4

  /// The maximum perplexity for a number of points, which must be three times as large.
  public static func largestPerplexity(points: Int) -> Double { Double(max(points - 1, 0)) / 3 }

  /// Embeds points.
  ///
  /// - Parameters:
  ///   - points: float32 [n, d], n at least 4.
  ///   - perplexity: approximately the number of neighbors that matter for a point; at least 1.
  ///   - seed: the random seed of the start, which is Gaussian with standard deviation 1e-4.
  ///   - iterations: the number of steps.
  ///   - progress: called with the number of finished steps; an error that it throws stops the work.
  /// - Throws: ``ClusteringError`` for too many or too few points, too large a perplexity, and points that are not
  ///   finite; errors of `progress`.
  public init(
    points: Tensor, perplexity: Double, seed: UInt64, iterations: Int = 1000,
    progress: (Int) throws -> Void = { _ in }
  ) throws {
    let conditional = try Self.affinities(of: points, perplexity: perplexity)
    let count = points.shape[0]
    let affinities = (conditional + conditional.permuted([1, 0])).scale(by: 0.5 / Double(count))
    var generator = KeyedGenerator(seed: seed, .tSNE)
    let start = (0..<2 * count).map { _ in 1e-4 * generator.normal() }
    var rate = max(Double(count) / Self.exaggeration / 4, 50)
    // A small number of points can fly apart at the usual rate.
    for _ in 0..<4 {
      let places = try Self.descend(
        affinities, from: start, rate: rate, iterations: iterations, progress: progress)
      let divergence = Self.divergence(affinities, at: places)
      if places.allSatisfy(\.isFinite), divergence.isFinite {
        embedding = Tensor(places, shape: [count, 2])
        self.divergence = divergence
        return
      }
      rate /= 10
    }
    throw ClusteringError.notEmbedded
  }

  private static let exaggeration = 12.0

  private static func descend(
    _ affinities: Tensor, from start: [Double], rate: Double, iterations: Int,
    progress: (Int) throws -> Void
  ) throws -> [Double] {
    let count = start.count / 2
    var places = start
    var velocity = [Double](repeating: 0, count: 2 * count)
    var gains = [Double](repeating: 1, count: 2 * count)
    for step in 0..<iterations {
      let isEarly = step < min(250, iterations / 2)
      let gradient = gradient(
        affinities, at: places, exaggeration: isEarly ? exaggeration : 1)
      let momentum = isEarly ? 0.5 : 0.8
      for index in places.indices {
        let agrees = gradient[index] * velocity[index] < 0
        gains[index] = max(agrees ? gains[index] + 0.2 : gains[index] * 0.8, 0.01)
        velocity[index] = momentum * velocity[index] - rate * gains[index] * gradient[index]
        places[index] += velocity[index]
      }
      for axis in 0..<2 {
        let indices = stride(from: axis, to: places.count, by: 2)
        let mean = indices.reduce(0) { $0 + places[$1] } / Double(count)
        for index in indices { places[index] -= mean }
      }
      try progress(step + 1)
    }
    return places
  }

  /// The affinities p(j|i), float32 [n, n]: each row is a Gaussian around point i, whose width gives the row the
  /// perplexity; it is 0 at i itself and sums to 1. Rows of points with more duplicates than that have the perplexity of
  /// their duplicates.
  ///
  /// - Throws: ``ClusteringError``.
  public static func affinities(of points: Tensor, perplexity: Double) throws(ClusteringError)
    -> Tensor
  {
    precondition(points.rank == 2, "a t-SNE needs points [n, d]")
    let count = points.shape[0]
    guard count <= mostPoints else {
      throw .tooManyPoints(points: count, most: mostPoints)
    }
    guard count >= fewestPoints else {
      throw .tooFewToEmbed(points: count, least: fewestPoints)
    }
    guard perplexity >= 1, perplexity <= largestPerplexity(points: count) else {
      throw .perplexityTooLarge(perplexity: perplexity, points: count)
    }
    guard points.isFinite else { throw .notFinite }
    var points = points.to(.float64)
    points = points - points.mean([0], keepingAxes: true)
    return .concatenated(
      rowBlocks(count, elements: 1 << 18).map { rows in
        affinities(rows, of: points, entropy: log(perplexity))
      })
  }

  /// Bisects the precision beta of each row's Gaussian until the entropy corresponds to the perplexity.
  private static func affinities(_ rows: Range<Int>, of points: Tensor, entropy target: Double)
    -> Tensor
  {
    let count = points.shape[0]
    let indices = Tensor.indices(count)
    let isSelf = indices.sliced(0, rows).unsqueezed(1).equal(to: indices)
    let others = isSelf.logicalNot().to(.float64)
    var squared = squaredDistances(points.sliced(0, rows), points)
    // Measure relative to the nearest point, so that at least one exponential is 1, and to the mean, so that the scale of
    // the points does not matter.
    squared = squared - (squared + isSelf.to(.float64) * 1e300).min([1], keepingAxes: true)
    squared = squared * others
    let mean = squared.sum([1], keepingAxes: true) / Double(count - 1)
    var beta = (mean.greater(than: mean.zerosLike())).choose(
      Tensor.ones([1], dtype: .float64) / mean.clamped(1e-300, .infinity),
      Tensor.ones([1], dtype: .float64))
    var low = beta.zerosLike()
    var high = beta.zerosLike() + Double.infinity
    var result = others
    for _ in 0..<100 {
      let weights = (-(squared * beta)).exponential() * others
      let sum = weights.sum([1], keepingAxes: true)
      result = weights / sum
      let entropy = sum.logarithm() + beta * (squared * result).sum([1], keepingAxes: true)
      let excess = entropy - target
      guard excess.absolute().flattened().max([0]).item > 1e-6 else { break }
      let isWide = excess.greater(than: excess.zerosLike())
      low = isWide.choose(beta, low)
      high = isWide.choose(high, beta)
      let isOpen = high.equal(to: .infinity)
      // Beyond 1e200, only duplicates are left.
      beta = isOpen.choose(beta * 2, (low + high) / 2).clamped(0, 1e200)
    }
    return result.to(.float32)
  }

  /// The gradient at positions [n, 2]: 4 Σ (e p - q) (y_i - y_j) / (1 + |y_i - y_j|²).
  private static func gradient(
    _ affinities: Tensor, at places: [Double], exaggeration: Double
  ) -> [Double] {
    let count = places.count / 2
    // With a column of ones, a single product gives Σ w y_j and Σ w.
    let extended = Tensor(
      (0..<count).flatMap { [Float(places[2 * $0]), Float(places[2 * $0 + 1]), 1] },
      shape: [count, 3])
    var attraction: [Float] = []
    var repulsion: [Float] = []
    var normalizer = -Double(count)
    for rows in rowBlocks(count, elements: 1 << 17) {
      let kernel = kernel(rows, extended)
      normalizer += kernel.sum().item
      attraction += (affinities.sliced(0, rows) * kernel).matmul(extended).array(of: Float.self)
      repulsion += (kernel * kernel).matmul(extended).array(of: Float.self)
    }
    var gradient = [Double](repeating: 0, count: places.count)
    for point in 0..<count {
      for axis in 0..<2 {
        func force(_ sums: [Float]) -> Double {
          places[2 * point + axis] * Double(sums[3 * point + 2]) - Double(sums[3 * point + axis])
        }
        gradient[2 * point + axis] =
          4 * (exaggeration * force(attraction) - force(repulsion) / normalizer)
      }
    }
    return gradient
  }

  private static func divergence(_ affinities: Tensor, at places: [Double]) -> Double {
    let count = places.count / 2
    let extended = Tensor(
      (0..<count).flatMap { [Float(places[2 * $0]), Float(places[2 * $0 + 1]), 1] },
      shape: [count, 3])
    var normalizer = -Double(count)
    var sum = 0.0
    for rows in rowBlocks(count, elements: 1 << 17) {
      let kernel = kernel(rows, extended)
      let p = affinities.sliced(0, rows)
      normalizer += kernel.sum().item
      sum += (p * (p.clamped(1e-37, 1).logarithm() - kernel.logarithm())).sum().item
    }
    return sum + log(normalizer)
  }

  /// 1 / (1 + |y_i - y_j|²) for the rows i of [n, 3], whose third column is ignored: float32 [rows, n].
  private static func kernel(_ rows: Range<Int>, _ places: Tensor) -> Tensor {
    func squared(_ axis: Int) -> Tensor {
      let values = places.selected(1, axis)
      let difference = values.sliced(0, rows).unsqueezed(1) - values
      return difference * difference
    }
    return Tensor.ones([1]) / (squared(0).add(squared(1)) + 1)
  }

  static func text(_ perplexity: Double) -> String {
    perplexity == perplexity.rounded() ? "\(Int(perplexity))" : String(format: "%.1f", perplexity)
  }
}

/// Ranges that cover 0 ..< `count`, short enough that `count` numbers for each range stay within `elements`.
func rowBlocks(_ count: Int, elements: Int) -> [Range<Int>] {
  let rows = max(1, elements / max(count, 1))
  return stride(from: 0, to: count, by: rows).map { $0..<min($0 + rows, count) }
}

/// The squared distances between the rows of [m, d] and those of [n, d]: [m, n].
func squaredDistances(_ a: Tensor, _ b: Tensor) -> Tensor {
  let lengths = (b * b).sum([1])
  let own = (a * a).sum([1], keepingAxes: true)
  return (own + lengths - a.matmul(b.permuted([1, 0])) * 2).clamped(0, .infinity)
}
