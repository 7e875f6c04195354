import Foundation

/// Makes the items 0 ..< count on background threads and hands them out in order.
///
/// The threads run ahead of the reader by at most `ahead` items. Which thread makes an item has no influence on it:
/// `make` is given the item's number and nothing else. A prefetcher that is dropped before its end stops its threads.
public final class Prefetcher<Item: Sendable>: Sendable {
  private let queue: PrefetchQueue<Item>

  /// Starts `workers` threads at once.
  public init(
    count: Int, workers: Int, ahead: Int, make: @escaping @Sendable (Int) throws -> Item
  ) {
    precondition(
      workers > 0 && ahead > 0,
      "a prefetcher needs threads and room ahead, not workers \(workers), ahead \(ahead)")
    let queue = PrefetchQueue<Item>(count: count, ahead: ahead)
    self.queue = queue
    for _ in 0..<min(workers, count) {
      // Threads hold the queue and not the prefetcher, whose end ends them.
      let thread = Thread {
        while let item = queue.take() {
          queue.deliver(Result { try make(item) }, for: item)
        }
      }
      // As much as the main thread has: decoders are written for that.
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  deinit { queue.cancel() }

  /// The next item, in whose making the caller may have to wait; nil after the last.
  ///
  /// - Throws: what making it threw; ``PrefetchingCancelled`` after ``cancel()``.
  public func next() throws -> Item? { try queue.next() }

  /// Ends the threads after what they are at, and whoever waits for an item.
  public func cancel() { queue.cancel() }
}

/// What waits for an item of a ``Prefetcher`` gets when that is cancelled.
public struct PrefetchingCancelled: Error, Sendable {
  public init() {}
}

/// What a prefetcher and its threads share.
///
/// Unchecked: all variables are read and written between `condition.lock()` and `unlock()`, which `Mutex` cannot
/// stand in for, as threads wait here for what others do.
private final class PrefetchQueue<Item: Sendable>: @unchecked Sendable {
  private let condition = NSCondition()
  private let count: Int
  private let ahead: Int
  private var ready: [Int: Result<Item, any Error>] = [:]
  /// The next item that no thread has begun.
  private var nextToMake = 0
  /// The next item that the reader gets.
  private var nextToHand = 0
  private var isCancelled = false

  init(count: Int, ahead: Int) {
    self.count = count
    self.ahead = ahead
  }

  func next() throws -> Item? {
    condition.lock()
    defer { condition.unlock() }
    guard nextToHand < count else { return nil }
    while !isCancelled && ready[nextToHand] == nil { condition.wait() }
    guard !isCancelled, let result = ready.removeValue(forKey: nextToHand) else {
      throw PrefetchingCancelled()
    }
    nextToHand += 1
    condition.broadcast()
    return try result.get()
  }

  func cancel() {
    condition.lock()
    isCancelled = true
    condition.broadcast()
    condition.unlock()
  }

  /// The number of an item to make, once the reader is near enough; nil if there is nothing left to make.
  func take() -> Int? {
    condition.lock()
    defer { condition.unlock() }
    while !isCancelled && nextToMake < count && nextToMake >= nextToHand + ahead {
      condition.wait()
    }
    guard !isCancelled && nextToMake < count else { return nil }
    nextToMake += 1
    return nextToMake - 1
  }

  func deliver(_ result: Result<Item, any Error>, for item: Int) {
    condition.lock()
    ready[item] = result
    condition.broadcast()
    condition.unlock()
  }
}
