import Foundation
import SafeFiles

/// Waits out what a run can do nothing about, such as a full disk, by trying again until it succeeds.
///
/// Processes that train together must keep meeting while one of them waits. ``agree`` is where they do.
package final class Pause {
  /// How an attempt and the waiting for it stand; of several processes the greatest counts.
  package enum State: Int {
    case succeeded
    case waiting
    /// Somebody wants the run to stop.
    case stopping
    /// The time is up.
    case expired
  }

  /// The longest wait.
  package let limit: Duration
  /// The time between two attempts.
  private let interval: Duration
  private let reporter: any TrainingReporter
  /// Called after each attempt, also after the first, with how it stands here; returns how it stands everywhere.
  package var agree: (State) throws -> State = { $0 }
  /// The time spent waiting so far.
  package private(set) var total = Duration.zero
  /// After a wait that was given up, nothing is waited for again: whoever leaves saves what can be saved at once.
  private var isGivenUp = false

  package init(limit: Duration, interval: Duration = .seconds(1), reporter: any TrainingReporter) {
    (self.limit, self.interval, self.reporter) = (limit, interval, reporter)
  }

  convenience init(_ options: ExecutionOptions, reporter: any TrainingReporter) {
    self.init(limit: options.longestPause, interval: options.pauseInterval, reporter: reporter)
    let processes = options.processes
    agree = { try State(rawValue: processes.greatest($0.rawValue))! }
  }

  /// Calls `attempt` until it returns.
  ///
  /// - Parameter hindrance: says of an error of `attempt` what the run waits for; nil if waiting does not help.
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
        // What has succeeded is not done again while others wait.
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
        if isWaiting { reporter.note("the run goes on after \(Format.duration(waited.seconds))") }
        return result!
      case .waiting:
        if !isWaiting {
          reporter.warn(
            "\(problem); the run waits until that is over, for at most \(Format.duration(limit.seconds))"
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

  /// Until the next attempt is due, or somebody wants the run to stop.
  private func sleep() {
    let end = ContinuousClock.now + interval
    while ContinuousClock.now < end, !reporter.wantsToStop {
      usleep(UInt32(max(0, min((end - .now).seconds, 0.1)) * 1e6))
    }
  }
}

extension Pause {
  /// Writes files by `attempt`, and waits while the disk is full.
  ///
  /// - Throws: as ``until(_:hindrance:)``.
  package func untilThereIsRoom<Result>(_ attempt: () throws -> Result) throws -> Result {
    try until(attempt) { error in
      (error as? FileError).flatMap { $0.isForWantOfRoom ? "there is no room: \($0)" : nil }
    }
  }
}

/// What a run has waited for has not come in time.
public struct WaitedInVain: Error, Sendable, CustomStringConvertible {
  /// What hinders the run.
  public let problem: String
  /// The time that it has waited.
  public let time: Duration

  public var description: String {
    "\(problem); the run has waited for \(Format.duration(time.seconds)) and stops: put that right, then add --resume"
  }
}
