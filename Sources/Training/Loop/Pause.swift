import Foundation
import SafeFiles

/// Waits while something outside the run prevents it from continuing, such as a full disk, by retrying until it succeeds.
///
/// Processes that train together must stay synchronized while one of them waits, which ``agree`` does.
package final class Pause {
  /// The state of an attempt; of several processes, the highest counts.
  package enum State: Int {
    case succeeded
    case waiting
    /// A stop was requested.
    case stopping
    /// The maximum time is over.
    case expired
  }

  /// The maximum duration of a wait.
  package let limit: Duration
  /// The time between two attempts.
  private let interval: Duration
  private let reporter: any TrainingReporter
  /// Called after each attempt, including the first, with the state of this process; returns the state of all processes.
  package var agree: (State) throws -> State = { $0 }
  /// The time spent waiting so far.
  package private(set) var total = Duration.zero
  /// True after a wait was given up: there are no further waits, so that what can be saved is saved immediately.
  private var isGivenUp = false

  package init(limit: Duration, interval: Duration = .seconds(1), reporter: any TrainingReporter) {
    (self.limit, self.interval, self.reporter) = (limit, interval, reporter)
  }

  convenience init(_ options: ExecutionOptions, reporter: any TrainingReporter) {
    self.init(limit: options.longestPause, interval: options.pauseInterval, reporter: reporter)
    let processes = options.processes
    agree = { try State(rawValue: processes.greatest([$0.rawValue])[0])! }
  }

  /// Calls `attempt` until it succeeds.
  ///
  /// - Parameter hindrance: the reason for waiting after an error of `attempt`; nil if waiting does not help.
  /// - Throws: ``StopRequested``, ``WaitedInVain``, and errors for which waiting does not help.
  package func until<Result>(
    _ attempt: () throws -> Result, hindrance: (any Error) -> String?
  ) throws -> Result {
    let start = ContinuousClock.now
    var isWaiting = false
    defer { if isWaiting { total += .now - start } }
    var result: Result?
    while true {
      var problem = "another process waits"
      var isStopped = false
      do {
        // An attempt that has succeeded is not repeated while other processes wait.
        if result == nil { result = try attempt() }
      } catch is StopRequested {
        isStopped = true
      } catch {
        guard let hindrance = hindrance(error) else { throw error }
        problem = hindrance
      }
      let waited = ContinuousClock.now - start
      let state = try agree(
        result != nil
          ? .succeeded
          : isStopped
            ? .stopping
            : waited >= limit || isGivenUp
              ? .expired : reporter.wantsToStop ? .stopping : .waiting)
      switch state {
      case .succeeded:
        if isWaiting { reporter.note("the run continues after \(Format.duration(waited.seconds))") }
        return result!
      case .waiting:
        if !isWaiting {
          reporter.warn(
            "\(problem); the run waits for this to end, for at most \(Format.duration(limit.seconds))"
          )
        }
        isWaiting = true
        sleep()
      case .stopping:
        isGivenUp = true
        throw StopRequested()
      case .expired:
        isGivenUp = true
        throw WaitedInVain(problem: problem, time: limit)
      }
    }
  }

  /// Sleeps until the next attempt is due or a stop is requested.
  private func sleep() {
    let end = ContinuousClock.now + interval
    while ContinuousClock.now < end, !reporter.wantsToStop {
      usleep(UInt32(max(0, min((end - .now).seconds, 0.1)) * 1e6))
    }
  }
}

extension Pause {
  /// Calls `attempt`, which writes files, and waits while the disk is full.
  ///
  /// - Throws: the errors of ``until(_:hindrance:)``.
  package func untilThereIsRoom<Result>(_ attempt: () throws -> Result) throws -> Result {
    try until(attempt) { error in
      (error as? FileError).flatMap { $0.isForWantOfRoom ? "there is no room: \($0)" : nil }
    }
  }
}

/// The error after the maximum wait.
public struct WaitedInVain: Error, Sendable, CustomStringConvertible {
  /// The reason for waiting.
  public let problem: String
  /// The time that the run has waited.
  public let time: Duration

  public var description: String {
    "\(problem); the run has waited for \(Format.duration(time.seconds)) and stops: remove the cause, then add --resume"
  }
}
