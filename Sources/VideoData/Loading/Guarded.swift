import Foundation

/// State that several threads share, used by one at a time.
///
/// As `Synchronization.Mutex`, but ThreadSanitizer sees it: on Linux a thread that waits for a `Mutex` gets it from the
/// kernel, and the sanitizer reports what follows as races.
///
/// Unchecked: the state is used between `lock()` and `unlock()` only.
final class Guarded<State>: @unchecked Sendable {
  private let lock = NSLock()
  private var state: State

  init(_ state: State) { self.state = state }

  /// Runs `body` with the state, after all others have finished with it.
  func withLock<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
    lock.lock()
    defer { lock.unlock() }
    return try body(&state)
  }
}
