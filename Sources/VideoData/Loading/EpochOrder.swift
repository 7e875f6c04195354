import KeyedRandom

/// The order in which an epoch visits sources: a permutation named by the run's seed and the epoch.
public struct EpochOrder: Sendable {
  /// Sources by position.
  public let sources: [Int]

  public init(sources count: Int, seed: UInt64, epoch: Int) {
    var generator = KeyedGenerator(seed, UInt64(epoch), 0x0BDE_B000)
    sources = generator.permutation(of: count)
  }
}
