import Foundation
import VideoData

/// Which source each sample of a run comes from: an epoch after the other, each in an order of its own, cut to whole
/// steps.
///
/// Safe to share between threads.
final class SampleSequence: @unchecked Sendable {
  let sourceCount: Int
  let samplesPerEpoch: Int
  private let seed: UInt64
  private let lock = NSLock()
  /// The orders of the epochs being read: the present one and, for those who run ahead, the next.
  private var orders: [Int: EpochOrder] = [:]

  init(sourceCount: Int, samplesPerEpoch: Int, seed: UInt64) {
    self.sourceCount = sourceCount
    self.samplesPerEpoch = samplesPerEpoch
    self.seed = seed
  }

  struct Sample: Sendable {
    /// From 0.
    let epoch: Int
    /// The source's index.
    let source: Int
  }

  /// The sample at `position`, counted from the run's start.
  func sample(at position: Int) -> Sample {
    let (epoch, offset) = position.quotientAndRemainder(dividingBy: samplesPerEpoch)
    let order = lock.withLock {
      if let order = orders[epoch] { return order }
      let order = EpochOrder(sources: sourceCount, seed: seed, epoch: epoch)
      orders = orders.filter { $0.key >= epoch - 1 }
      orders[epoch] = order
      return order
    }
    return Sample(epoch: epoch, source: order.sources[offset])
  }
}
