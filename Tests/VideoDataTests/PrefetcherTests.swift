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

  @Test func errorsComeInTheirPlace() throws {
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
    defer { prefetcher.cancel() }
    for read in 0..<20 {
      usleep(3000)
      #expect(begun.count.load(ordering: .relaxed) <= read + ahead)
      #expect(try prefetcher.next() == read)
    }
    // And it does run ahead.
    #expect(eventually { begun.count.load(ordering: .relaxed) == 20 + ahead })
  }

  final class Counter: Sendable {
    let count = Atomic(0)
  }

  /// Threads hold the prefetcher while they live, so that it goes shows that they have ended.
  @Test func cancellingEndsTheThreads() throws {
    weak var alive: Prefetcher<Int>?
    do {
      let prefetcher = Prefetcher(count: 1000, workers: 4, ahead: 8) { $0 }
      alive = prefetcher
      #expect(try prefetcher.next() == 0)
      prefetcher.cancel()
      #expect(try prefetcher.next() == nil)
    }
    #expect(eventually { alive == nil })
  }

  /// Whether `condition` comes to hold within minutes: what is certain to happen may take its time on a busy machine.
  private func eventually(_ condition: () -> Bool) -> Bool {
    let end = ContinuousClock.now + .seconds(180)
    while !condition() {
      guard ContinuousClock.now < end else { return false }
      usleep(1000)
    }
    return true
  }
}
