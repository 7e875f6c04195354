import Foundation
import Synchronization

/// A program that runs beside the tests, with empty standard input and in its own process group.
///
/// Foundation's `Process` keeps several descriptors of each program open on threads without a run loop, which are those of
/// tests, and reads beyond a page when it lists 1,365 of them.
public final class ChildProcess: Sendable {
  /// The number of the process.
  public let processIdentifier: pid_t
  /// What `waitpid` reported; nil while the program runs.
  private let report = Mutex<Int32?>(nil)

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - program: its path.
  ///   - arguments: its arguments, without its name.
  ///   - environment: all of its environment; nil for that of the tests.
  ///   - folder: its working folder; nil for that of the tests.
  ///   - output: the file to which its standard output goes, which is emptied.
  ///   - errors: the same for its standard error; nil for that of the tests.
  /// - Throws: `POSIXError` if it cannot be started.
  public init(
    _ program: String, _ arguments: [String], environment: [String: String]? = nil,
    folder: String? = nil, output: String, errors: String? = nil
  ) throws {
    func check(_ code: Int32) throws {
      guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EINVAL) }
    }
    var actions = posix_spawn_file_actions_t()
    try check(posix_spawn_file_actions_init(&actions))
    defer { posix_spawn_file_actions_destroy(&actions) }
    try check(posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0))
    for (descriptor, path) in [(Int32(1), output), (2, errors)] {
      guard let path else { continue }
      try check(
        posix_spawn_file_actions_addopen(
          &actions, descriptor, path, O_WRONLY | O_CREAT | O_TRUNC, 0o600))
    }

    var attributes = posix_spawnattr_t()
    try check(posix_spawnattr_init(&attributes))
    defer { posix_spawnattr_destroy(&attributes) }
    // Threads of tests may block or ignore signals, and programs would inherit that.
    var signals = sigset_t()
    sigemptyset(&signals)
    try check(posix_spawnattr_setsigmask(&attributes, &signals))
    sigfillset(&signals)
    try check(posix_spawnattr_setsigdefault(&attributes, &signals))
    try check(
      posix_spawnattr_setflags(
        &attributes,
        Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETPGROUP))
    )

    let variables = (environment ?? ProcessInfo.processInfo.environment).map { "\($0)=\($1)" }
    // Spawning cannot change the folder everywhere, and `env` becomes the program.
    let command = (folder.map { ["/usr/bin/env", "-C", $0] } ?? []) + [program] + arguments
    var words = command.map { strdup($0) } + [nil]
    var settings = variables.map { strdup($0) } + [nil]
    defer { for text in words + settings { free(text) } }
    var identifier = pid_t()
    try check(posix_spawn(&identifier, command[0], &actions, &attributes, &words, &settings))
    processIdentifier = identifier
  }

  /// True until the program has ended.
  public var isRunning: Bool { ended(WNOHANG) == nil }

  /// Waits until the program ends.
  ///
  /// - Returns: its exit status, or the negative number of the signal that killed it.
  @discardableResult public func wait() -> Int32 {
    let report = ended(0)!
    let signal = report & 0x7f
    return signal == 0 ? report >> 8 & 0xff : -signal
  }

  private func ended(_ options: Int32) -> Int32? {
    report.withLock { report in
      var status: Int32 = 0
      while report == nil {
        let found = waitpid(processIdentifier, &status, options)
        if found == processIdentifier { report = status }
        if found == 0 { break }
        precondition(found > 0 || errno == EINTR, "the program is not a child of the tests")
      }
      return report
    }
  }
}
