import Foundation
import Synchronization

/// Ctrl-C and a polite kill: the first asks the work to save and leave, the second ends it at once.
enum Interruption {
  private static let wasAsked = Atomic(false)

  static var isWanted: Bool { wasAsked.load(ordering: .relaxed) }

  static func listen() {
    // Whoever started this process may have blocked them, and that is inherited.
    var wanted = sigset_t()
    sigemptyset(&wanted)
    sigaddset(&wanted, SIGINT)
    sigaddset(&wanted, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &wanted, nil)
    for signalNumber in [SIGINT, SIGTERM] {
      signal(signalNumber) { number in
        Interruption.wasAsked.store(true, ordering: .relaxed)
        // From here on the system's own answer: the end.
        signal(number, SIG_DFL)
      }
    }
  }
}
