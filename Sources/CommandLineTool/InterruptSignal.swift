import Foundation
import Synchronization

/// Ctrl-C and SIGTERM: the first asks the work to save and stop, the second ends the process at once.
enum InterruptSignal {
  private static let wasReceived = Atomic(false)

  /// True once the first signal has arrived.
  static var isPending: Bool { wasReceived.load(ordering: .relaxed) }

  static func listen() {
    // The parent process may have blocked them, and that is inherited.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    for signalNumber in [SIGINT, SIGTERM] {
      signal(signalNumber) { number in
        InterruptSignal.wasReceived.store(true, ordering: .relaxed)
        // From now on the system's own reaction: the end.
        signal(number, SIG_DFL)
      }
    }
  }
}

/// Ctrl-C in the midst of work that leaves something unfinished: one sentence about what.
struct Interrupted: Error, CustomStringConvertible {
  let description: String
}
