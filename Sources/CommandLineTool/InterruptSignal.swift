import Foundation
import Synchronization

/// Ctrl-C (SIGINT), SIGTERM and SIGUSR1, with which Slurm announces that a job is about to end: the first signal requests that
/// the work be saved and stopped; the next one ends the process immediately.
///
/// Launchers also send a signal to a process that already got it from the terminal: signals within half a second of the first
/// count as the same.
enum InterruptSignal {
  /// The signals that ask to stop.
  static let numbers = [SIGINT, SIGTERM, SIGUSR1]

  /// The number of the first signal; 0 before it.
  private static let received = Atomic<Int32>(0)
  /// When it arrived, in nanoseconds of the monotonic clock.
  private static let time = Atomic<UInt64>(0)
  private static let repetition: UInt64 = 500_000_000

  /// True once the first signal has arrived.
  static var isPending: Bool { received.load(ordering: .relaxed) != 0 }

  /// The exit status of work that a signal has stopped: 128 and the signal's number, as shells report it. Launchers that
  /// restart failed jobs treat it as a failure, not as the end of the work.
  static var exitStatus: Int32 {
    let number = received.load(ordering: .relaxed)
    // Another of several processes got the signal.
    return 128 + (number == 0 ? SIGTERM : number)
  }

  /// Lets the signals arrive: the parent process may have blocked them, which is inherited.
  static func unblock() {
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in numbers { sigaddset(&signals, number) }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  static func listen() {
    unblock()
    for number in numbers {
      signal(number) { number in
        // Only functions that are safe in a signal handler: no allocation, no locks.
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
          // The system's default action, which ends the process once this handler has returned.
          signal(number, SIG_DFL)
          raise(number)
          return
        }
      }
    }
  }
}

/// The error if work that leaves something incomplete was interrupted. Its text says what.
struct Interrupted: Error, CustomStringConvertible {
  let description: String
}
