import Configuration
import Foundation
import RunRecords
import SafeFiles
import Torch
import Training
import VideoSamples

/// Receives the progress of a plan's runs, and can request that they stop.
public protocol ReproductionReporter: TrainingReporter {
  /// A run begins or resumes after `done` of `total` runs. This and all following runs take about `seconds`.
  func began(_ run: PlannedRun, done: Int, of total: Int, seconds: Double)
  /// An analysis has finished `done` of its `total` items.
  func analyzing(_ what: String, _ done: Int, of total: Int)
  /// A run has ended.
  func ended()
}

/// Carries out the unfinished runs of a plan, one after another.
///
/// Several processes may work on the same folder: each takes a run on which no other is working.
public struct Runner {
  private let plan: Plan
  private let options: ExecutionOptions
  /// The speed of this machine.
  private let speed: MachineSpeed

  /// A runner for `plan`.
  public init(_ plan: Plan, options: ExecutionOptions, speed: MachineSpeed) {
    self.plan = plan
    self.options = options
    self.speed = speed
  }

  /// How the work ended.
  public enum Outcome: Sendable {
    /// All runs are done.
    case finished
    /// A stop was requested; the current run is saved.
    case stopped
  }

  /// A run that failed.
  public struct Failure: Sendable {
    /// The run.
    public let run: PlannedRun
    /// The reason, as a sentence.
    public let reason: String
  }

  /// Carries out the unfinished runs.
  ///
  /// A run that fails does not stop the others; runs that depend on it are skipped.
  ///
  /// - Returns: how the work ended, and the runs that failed.
  /// - Throws: `FileError` if the folder cannot be written, ``MissingData`` if no video exists.
  public func run(_ reporter: any ReproductionReporter) throws -> (Outcome, [Failure]) {
    try makeFolder(at: "\(plan.folder)/runs")
    try plan.data.writeLists()
    try plan.keepResults()
    var failures: [Failure] = []
    var clock = RemainingTime(speed)
    while true {
      let failed = Set(failures.map(\.run.name))
      let open = plan.missingRuns.filter { !failed.contains($0.name) }
      let possible = open.filter { run in
        !(run.predecessor.map(failed.contains) ?? false)
      }
      guard !possible.isEmpty else { return (.finished, failures) }
      guard !reporter.wantsToStop else { return (.stopped, failures) }
      let openNames = Set(open.map(\.name))
      let ready = possible.filter { run in
        !(run.predecessor.map(openNames.contains) ?? false)
      }
      var taken: (run: PlannedRun, claim: Claim)?
      for run in ready {
        guard let claim = try Claim(at: "\(plan.folder)/runs/.\(run.name).lock") else { continue }
        // Another process may have finished it in the meantime.
        guard plan.missingRuns.contains(where: { $0.name == run.name }) else {
          claim.release()
          continue
        }
        taken = (run, claim)
        break
      }
      guard let taken else {
        // Other processes are working on all runs that could start now.
        usleep(1_000_000)
        continue
      }
      defer { taken.claim.release() }
      reporter.began(
        taken.run, done: plan.runs.count - open.count, of: plan.runs.count,
        seconds: clock.left(for: possible))
      let begun = ContinuousClock.now
      // A resumed run spent part of its time before this process started.
      let isResumed = plan.runFolder(taken.run.name).holdsCheckpoint
      do {
        defer { reporter.ended() }
        try make(taken.run, reporter)
        try plan.keepResult(of: taken.run)
        _ = try plan.writeTables()
        if !isResumed { clock.add(taken.run, seconds: (ContinuousClock.now - begun) / .seconds(1)) }
      } catch is StopRequested {
        return (.stopped, failures)
      } catch {
        let failure = Failure(run: taken.run, reason: reason(error, of: taken.run))
        failures.append(failure)
        reporter.warn("\(taken.run.title) failed: \(failure.reason)")
      }
    }
  }

  /// A message in terms of this command: the errors of a run are written for users of its own command.
  private func reason(_ error: any Error, of run: PlannedRun) -> String {
    switch error {
    case RunError.differentConfiguration, RunError.differentSources:
      return
        "\(plan.runFolder(run.name).path) was started with paths or videos that differ from the current ones: remove it, and the "
        + "same command starts it again"
    default:
      // A damaged file, of the run or of its initial weights, stays damaged if the run is repeated.
      let damaged = [run.name, run.predecessor].compactMap { $0 }.map { plan.runFolder($0).path }
        .first { folder in
          damagedPath(error).map { $0 == folder || $0.hasPrefix(folder + "/") } ?? false
        }
      guard let damaged else { return "\(error)" }
      return "\(error); remove \(damaged), and the same command makes it again"
    }
  }

  /// The file or folder that is damaged according to `error`; nil if it is about none.
  private func damagedPath(_ error: any Error) -> String? {
    switch error {
    case let error as SafetensorsError: error.path
    case let error as WeightsError: error.path
    case let error as ConfigurationError: error.path
    case RunError.busy: nil
    case let error as RunError: error.path
    default: nil
    }
  }

  /// - Throws: `StopRequested` if the reporter requested a stop, and errors of the work.
  private func make(_ planned: PlannedRun, _ reporter: any ReproductionReporter) throws {
    let run = plan.runFolder(planned.name)
    let outcome: TrainingOutcome
    switch planned.work {
    case .pretraining(let configuration):
      clear(run)
      outcome = try pretrain(
        configuration, in: run, resuming: run.holdsCheckpoint, options: options,
        observers: runObservers(reportingTo: reporter), reporter: reporter)
    case .finetuning(let configuration):
      clear(run)
      outcome = try finetune(
        configuration, in: run, resuming: run.holdsCheckpoint, options: options,
        observers: runObservers(reportingTo: reporter), reporter: reporter)
    case .analysis(let analysis):
      try analysis.kind.run(
        in: plan.runFolder(analysis.network), data: plan.data, clip: analysis.clip, options: options
      ) {
        reporter.analyzing($0, $1, of: $2)
        if reporter.wantsToStop { throw StopRequested() }
      }
      return try plan.markFinished(planned)
    }
    if case .stopped = outcome { throw StopRequested() }
  }

  /// Removes the files of a run that was killed before its first checkpoint and can therefore be neither resumed nor
  /// restarted.
  private func clear(_ run: RunFolder) {
    guard run.holdsRun, !run.holdsCheckpoint else { return }
    for file in [run.configuration, run.metrics, run.best] { removeFile(at: file) }
  }
}

extension Plan {
  /// The runs that are not finished, and those of which only the result was kept although an unfinished run needs their
  /// weights, in order.
  public var missingRuns: [PlannedRun] {
    var missing: [PlannedRun] = []
    var needed: Set<String> = []
    for run in runs.reversed() {
      let lacksWeights = needed.contains(run.name) && !runFolder(run.name).isFinished
      guard lacksWeights || !isFinished(run) else { continue }
      missing.append(run)
      if let predecessor = run.predecessor { needed.insert(predecessor) }
    }
    return missing.reversed()
  }

  /// True if a run is finished, or its result was kept.
  public func isFinished(_ run: PlannedRun) -> Bool {
    isFinishedInItsFolder(run) || result(of: run.name) != nil
  }

  func isFinishedInItsFolder(_ run: PlannedRun) -> Bool {
    switch run.work {
    case .pretraining, .finetuning: return runFolder(run.name).isFinished
    case .analysis:
      guard let stamp = stamp(of: run), let mark = try? readFile(at: markPath(of: run)) else {
        return false
      }
      return mark == Data(stamp.utf8)
    }
  }

  /// - Throws: `FileError`.
  func markFinished(_ run: PlannedRun) throws {
    guard let stamp = stamp(of: run) else { return }
    try replaceFile(at: markPath(of: run), with: Data(stamp.utf8))
  }

  private func markPath(of run: PlannedRun) -> String { "\(folder)/runs/.\(run.name).done" }

  /// The input of an analysis and a digest of its result. An analysis of the same network on another dataset, or commands
  /// such as `mosi clusters`, write to the same place. Nil if there is no result.
  private func stamp(of run: PlannedRun) -> String? {
    guard let analysis = run.work.analysis,
      let result = try? readFile(at: analysis.kind.result(in: runFolder(analysis.network)))
    else { return nil }
    return "\(analysis.clip.digest) \(data.testVideos) \(digest(result))\n"
  }
}

/// Estimates the remaining time: at first with the measured speed of the machine, then corrected by how long the runs that
/// this process has finished took. Earlier runs may have been done on another machine or under more load.
private struct RemainingTime {
  private let speed: MachineSpeed
  private var estimated = 0.0
  private var actual = 0.0

  init(_ speed: MachineSpeed) { self.speed = speed }

  mutating func add(_ run: PlannedRun, seconds: Double) {
    estimated += speed.seconds(run)
    actual += seconds
  }

  func left(for runs: [PlannedRun]) -> Double {
    let correction = estimated > 0 ? actual / estimated : 1
    return runs.reduce(0) { $0 + speed.seconds($1) } * correction
  }
}

extension ClipSettings {
  /// A digest of the settings. The text is unchanged since the first version, so that its analyses stay finished.
  fileprivate var digest: String {
    Reproduction.digest(
      "ClipSettings(frames: \(frames), interval: \(interval), rate: \(framesPerSecond), size: \(size), "
        + "preset: VideoData.SpatialPreset.\(crop.rawValue), flip: \(flipProbability))")
  }
}
