import Foundation
import Synchronization
import Testing
import VideoData

@Suite struct PrefetcherTests {
  struct Failure: Error, Equatable { let item: Int }

  @Test(arguments: [1, 2, 4, 9])
  func itemsComeInOrder(workers: Int) throws {
    let prefetcher = Prefetcher(count: 100, workers: workers, ahead: 5) { item in
      delay(item, below: 500)
      return item * item
    }
    var items: [Int] = []
    while let item = try prefetcher.next() { items.append(item) }
    #expect(items == (0..<100).map { $0 * $0 })
    #expect(try prefetcher.next() == nil)
  }

  @Test func nothingToMake() throws {
    #expect(try Prefetcher(count: 0, workers: 3, ahead: 1) { $0 }.next() == nil)
  }

  @Test func errorsAreDeliveredInOrder() throws {
    let prefetcher = Prefetcher(count: 20, workers: 4, ahead: 6) { item in
      delay(item, below: 500)
      if item % 5 == 3 { throw Failure(item: item) }
      return item
    }
    for item in 0..<20 {
      if item % 5 == 3 {
        #expect(throws: Failure(item: item)) { try prefetcher.next() }
      } else {
        #expect(try prefetcher.next() == item)
      }
    }
  }

  @Test func runsAheadByNoMoreThanAsked() throws {
    let ahead = 3
    let begun = Counter()
    let prefetcher = Prefetcher(count: 50, workers: 8, ahead: ahead) { item in
      begun.count.add(1, ordering: .relaxed)
      return item
    }
    for read in 0..<20 {
      usleep(3000)
      #expect(begun.count.load(ordering: .relaxed) <= read + ahead)
      #expect(try prefetcher.next() == read)
    }
    // It does run ahead.
    #expect(eventually { begun.count.load(ordering: .relaxed) == 20 + ahead })
  }

  final class Counter: Sendable {
    let count = Atomic(0)
  }

  /// Objects held by the threads' work are released by the last thread: their release shows that all have ended.
  @Test(arguments: [true, false]) func cancelledOrDroppedItEndsItsThreads(cancels: Bool) throws {
    weak var alive: Counter?
    do {
      let counter = Counter()
      alive = counter
      let prefetcher = Prefetcher(count: 1000, workers: 4, ahead: 8) { item in
        counter.count.add(1, ordering: .relaxed)
        return item
      }
      #expect(try prefetcher.next() == 0)
      if cancels {
        prefetcher.cancel()
        #expect(throws: PrefetchingCancelled.self) { try prefetcher.next() }
        #expect(eventually { alive?.count.load(ordering: .relaxed) ?? 0 < 1000 })
      }
    }
    #expect(eventually { alive == nil })
  }

  /// Otherwise, a run that is stopped while a decoder hangs would never end.
  @Test func cancellingWakesWaitingReaders() throws {
    let gate = DispatchSemaphore(value: 0)
    let prefetcher = Prefetcher(count: 3, workers: 1, ahead: 1) { _ in gate.wait() }
    let canceller = Thread {
      usleep(20_000)
      prefetcher.cancel()
    }
    canceller.start()
    #expect(throws: PrefetchingCancelled.self) { try prefetcher.next() }
    gate.signal()
  }

  /// True if `condition` holds within minutes: a busy machine may take long.
  private func eventually(_ condition: () -> Bool) -> Bool {
    let end = ContinuousClock.now + .seconds(180)
    while !condition() {
      guard ContinuousClock.now < end else { return false }
      usleep(1000)
    }
    return true
  }
}
