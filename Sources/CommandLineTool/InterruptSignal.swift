import Foundation
import Synchronization

/// Ctrl-C (SIGINT), SIGTERM and SIGUSR1, by which Slurm announces that a job is about to end: the first asks the work to save
/// and stop, the next ends the process at once.
///
/// Launchers send a signal to a process that has it from the terminal already: what comes within half a second of the first
/// counts as the same.
enum InterruptSignal {
  /// The signals that ask to stop.
  static let numbers = [SIGINT, SIGTERM, SIGUSR1]

  /// The first signal; 0 before.
  private static let received = Atomic<Int32>(0)
  /// When it arrived, in nanoseconds of the clock that nobody sets.
  private static let time = Atomic<UInt64>(0)
  private static let repetition: UInt64 = 500_000_000

  /// True once the first signal has arrived.
  static var isPending: Bool { received.load(ordering: .relaxed) != 0 }

  /// The exit status of work that a signal has stopped: 128 and the signal's number, as shells report it. Launchers that
  /// restart what fails take it for a failure, and not for the end of the work.
  static var exitStatus: Int32 { 128 + received.load(ordering: .relaxed) }

  static func listen() {
    // The parent process may have blocked them, and that is inherited.
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in numbers { sigaddset(&signals, number) }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    for number in numbers {
      signal(number) { number in
        // Only what may be called at any time: no memory, no locks.
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let nanoseconds = UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
        let isFirst = InterruptSignal.received.compareExchange(
          expected: 0, desired: number, ordering: .relaxed
        ).exchanged
        guard !isFirst else {
          return InterruptSignal.time.store(nanoseconds, ordering: .relaxed)
        }
        let first = InterruptSignal.time.load(ordering: .relaxed)
        guard first == 0 || nanoseconds < first + InterruptSignal.repetition else {
          // The system's own reaction, the end, once this handler has returned.
          signal(number, SIG_DFL)
          raise(number)
          return
        }
      }
    }
  }
}

/// Ctrl-C in the midst of work that leaves something unfinished: one sentence about what.
struct Interrupted: Error, CustomStringConvertible {
  let description: String
}
