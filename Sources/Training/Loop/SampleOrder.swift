import KeyedRandom
import Synchronization
import VideoSamples

/// Maps each sample of a run to its source. Every epoch has its own random order, cut to whole steps.
///
/// Safe to share between threads.
final class SampleOrder: Sendable {
  private let sourceCount: Int
  private let samplesPerEpoch: Int
  private let seed: UInt64
  /// The orders of the epochs in use. Threads that read ahead may already need the next epoch.
  private let orders = Mutex<[Int: [UInt32]]>([:])

  init(sourceCount: Int, samplesPerEpoch: Int, seed: UInt64) {
    self.sourceCount = sourceCount
    self.samplesPerEpoch = samplesPerEpoch
    self.seed = seed
  }

  /// The epoch (from 0) and the source of the sample at `position`, counted from the run's start.
  func sample(at position: Int) -> (epoch: Int, source: Int) {
    let (epoch, offset) = position.quotientAndRemainder(dividingBy: samplesPerEpoch)
    let source = orders.withLock { orders in
      if let order = orders[epoch] { return Int(order[offset]) }
      let order = Self.shuffled(sourceCount, seed: seed, epoch: epoch)
      orders = orders.filter { $0.key >= epoch - 1 }
      orders[epoch] = order
      return Int(order[offset])
    }
    return (epoch, source)
  }

  /// The order in which an epoch visits sources.
  static func shuffled(_ count: Int, seed: UInt64, epoch: Int) -> [UInt32] {
    var generator = KeyedGenerator(key: [seed, UInt64(epoch), RandomStream.epochOrder.rawValue])
    return generator.permutation(of: count, as: UInt32.self)
  }
}
