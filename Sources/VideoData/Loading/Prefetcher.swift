import Foundation

/// Makes the items 0 ..< count on background threads and returns them in order.
///
/// The threads run ahead of the reader by at most `ahead` items. `make` receives only the index of the item, so the
/// result does not depend on which thread makes it. A prefetcher that is released before its end stops its threads.
public final class Prefetcher<Item: Sendable>: Sendable {
  private let queue: PrefetchQueue<Item>

  /// Starts `workers` threads immediately. An error that `make` throws is passed on by ``next(whileWaiting:)``.
  public init(
    count: Int, workers: Int, ahead: Int, make: @escaping @Sendable (Int) throws -> Item
  ) {
    precondition(
      workers > 0 && ahead > 0,
      "a prefetcher needs threads and room ahead, not workers \(workers), ahead \(ahead)")
    let queue = PrefetchQueue<Item>(count: count, ahead: ahead)
    self.queue = queue
    for _ in 0..<min(workers, count) {
      // The threads hold the queue and not the prefetcher, so that releasing the prefetcher stops them.
      let thread = Thread {
        while let item = queue.take() {
          queue.deliver(Result { try make(item) }, for: item)
        }
      }
      // Use the stack size of the main thread, which decoders expect.
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  deinit { queue.cancel() }

  /// The next item; waits until it is made. Nil after the last.
  ///
  /// - Parameter whileWaiting: called ten times a second with the time waited so far; an error that it throws ends the
  ///   wait, and the next call waits for the same item.
  /// - Throws: the error of `make`; ``PrefetchingCancelled`` after ``cancel()``.
  public func next(whileWaiting: (Duration) throws -> Void = { _ in }) throws -> Item? {
    let start = ContinuousClock.now
    while true {
      switch try queue.next(within: .milliseconds(100)) {
      case .made(let item): return item
      case .end: return nil
      case .none: try whileWaiting(.now - start)
      }
    }
  }

  /// Stops the threads once they finish their current item, and wakes readers that wait for one.
  public func cancel() { queue.cancel() }
}

/// The error for a reader that waits for an item when the ``Prefetcher`` is cancelled.
public struct PrefetchingCancelled: Error, Sendable {
  /// An error without details.
  public init() {}
}

/// The state that a prefetcher shares with its threads.
///
/// Unchecked: all variables are read and written between `condition.lock()` and `unlock()`. `Mutex` cannot be used
/// because threads wait here for other threads.
private final class PrefetchQueue<Item: Sendable>: @unchecked Sendable {
  private let condition = NSCondition()
  /// Signaled when an item may be ready for the reader. Waits on the monotonic clock, unlike a condition variable.
  private let delivered = DispatchSemaphore(value: 0)
  private let count: Int
  private let ahead: Int
  private var ready: [Int: Result<Item, any Error>] = [:]
  /// The next item that no thread has started.
  private var nextToMake = 0
  /// The next item that the reader receives.
  private var nextToHand = 0
  private var isCancelled = false
  /// True if the reader has found that the next item is not ready.
  private var readerWaits = false

  init(count: Int, ahead: Int) {
    self.count = count
    self.ahead = ahead
  }

  enum Next {
    case made(Item)
    case end
  }

  /// The next item; nil if it is not ready in time.
  func next(within time: DispatchTimeInterval) throws -> Next? {
    let deadline = DispatchTime.now() + time
    while true {
      if let next = try hand() { return next }
      // An item delivered just after the deadline leaves an extra signal, which costs one iteration.
      guard delivered.wait(timeout: deadline) == .success else { return try hand() }
    }
  }

  /// The next item if it is ready.
  private func hand() throws -> Next? {
    condition.lock()
    defer { condition.unlock() }
    guard nextToHand < count else { return .end }
    guard !isCancelled else { throw PrefetchingCancelled() }
    guard let result = ready.removeValue(forKey: nextToHand) else {
      readerWaits = true
      return nil
    }
    readerWaits = false
    nextToHand += 1
    condition.broadcast()
    return .made(try result.get())
  }

  func cancel() {
    condition.lock()
    isCancelled = true
    condition.broadcast()
    condition.unlock()
    delivered.signal()
  }

  /// The index of the next item to make, once the reader is close enough; nil if there is nothing left to make.
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
    if readerWaits, item == nextToHand {
      readerWaits = false
      delivered.signal()
    }
    condition.unlock()
  }
}
