import Foundation

/// Makes the items 0 ..< count on background threads and hands them out in order.
///
/// The threads run ahead of the reader by at most `ahead` items. Which thread makes an item has no influence on it:
/// `make` is given the item's number and nothing else. A prefetcher that is not read to its end is to be cancelled,
/// else its threads wait for ever.
public final class Prefetcher<Item: Sendable>: @unchecked Sendable {
  private let condition = NSCondition()
  private let make: @Sendable (Int) throws -> Item
  private let count: Int
  private let ahead: Int
  private var ready: [Int: Result<Item, any Error>] = [:]
  /// The next item that no thread has begun.
  private var nextToMake = 0
  /// The next item that the reader gets.
  private var nextToHand = 0
  private var isCancelled = false

  /// Starts `workers` threads at once.
  public init(
    count: Int, workers: Int, ahead: Int, make: @escaping @Sendable (Int) throws -> Item
  ) {
    precondition(workers > 0 && ahead > 0)
    self.count = count
    self.ahead = ahead
    self.make = make
    for _ in 0..<min(workers, count) {
      let thread = Thread { [self] in
        while let item = takeItem() {
          deliver(Result { try make(item) }, for: item)
        }
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  /// The next item; nil after the last and once cancelled.
  ///
  /// - Throws: what making it threw.
  public func next() throws -> Item? {
    condition.lock()
    defer { condition.unlock() }
    guard nextToHand < count else { return nil }
    while !isCancelled && ready[nextToHand] == nil { condition.wait() }
    guard !isCancelled, let result = ready.removeValue(forKey: nextToHand) else { return nil }
    nextToHand += 1
    condition.broadcast()
    return try result.get()
  }

  /// Ends the threads after what they are at.
  public func cancel() {
    condition.lock()
    isCancelled = true
    condition.broadcast()
    condition.unlock()
  }

  private func takeItem() -> Int? {
    condition.lock()
    defer { condition.unlock() }
    while !isCancelled && nextToMake < count && nextToMake >= nextToHand + ahead {
      condition.wait()
    }
    guard !isCancelled && nextToMake < count else { return nil }
    nextToMake += 1
    return nextToMake - 1
  }

  private func deliver(_ result: Result<Item, any Error>, for item: Int) {
    condition.lock()
    ready[item] = result
    condition.broadcast()
    condition.unlock()
  }
}
