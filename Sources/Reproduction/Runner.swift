import Configuration
import Foundation
import RunRecords
import SafeFiles
import Torch
import Training

/// Who is told how a plan's runs go, and may end them.
public protocol ReproductionReporter: TrainingReporter {
  /// A run begins, or goes on; `done` of the `total` runs are behind it. `seconds` are estimated to be left for it and all
  /// that follow.
  func began(_ run: PlannedRun, done: Int, of total: Int, seconds: Double)
  /// A look into a network is so far.
  func looking(_ what: String, _ done: Int, of total: Int)
  /// A run is over.
  func ended()
}

/// Makes the runs of a plan, one after the other; those that are finished are not made again.
///
/// Several processes may work on one folder: each takes what no other is at.
public struct Runner {
  private let plan: Plan
  private let options: ExecutionOptions
  /// Of this machine.
  private let throughput: Throughput

  public init(_ plan: Plan, options: ExecutionOptions, throughput: Throughput) {
    self.plan = plan
    self.options = options
    self.throughput = throughput
  }

  /// How it ended.
  public enum Outcome: Sendable {
    case finished
    /// Somebody asked to stop; what was begun is saved.
    case stopped
  }

  /// A run that came to no end.
  public struct Failure: Sendable {
    public let run: PlannedRun
    public let reason: String
  }

  /// Makes what is missing.
  ///
  /// A run that fails does not stop the others; those that need it are passed over.
  ///
  /// - Returns: how it ended, and the runs that failed.
  /// - Throws: `FileError` where the folder cannot be written, ``MissingData`` where no video is there.
  public func run(_ reporter: any ReproductionReporter) throws -> (Outcome, [Failure]) {
    try makeFolder(at: "\(plan.folder)/runs")
    try plan.data.writeLists()
    var failures: [Failure] = []
    var clock = RemainingTime(throughput)
    while true {
      let failed = Set(failures.map(\.run.name))
      let open = plan.runs.filter { !plan.isFinished($0) && !failed.contains($0.name) }
      let possible = open.filter { run in
        !(run.predecessor.map(failed.contains) ?? false)
      }
      guard !possible.isEmpty else { return (.finished, failures) }
      guard !reporter.wantsToStop else { return (.stopped, failures) }
      let ready = possible.filter { run in
        guard let name = run.predecessor else { return true }
        return plan.isFinished(plan.runs.first { $0.name == name }!)
      }
      var taken: (run: PlannedRun, claim: Claim)?
      for run in ready {
        guard let claim = try Claim(at: "\(plan.folder)/runs/.\(run.name).lock") else { continue }
        // Another process may have finished it since.
        guard !plan.isFinished(run) else {
          claim.release()
          continue
        }
        taken = (run, claim)
        break
      }
      guard let taken else {
        // Everything that could be begun is at work in other processes.
        usleep(1_000_000)
        continue
      }
      defer { taken.claim.release() }
      reporter.began(
        taken.run, done: plan.runs.count - open.count, of: plan.runs.count,
        seconds: clock.left(for: possible))
      let begun = ContinuousClock.now
      // What was trained before an interruption took its time elsewhere.
      let goesOn = plan.runFolder(taken.run.name).holdsCheckpoint
      do {
        defer { reporter.ended() }
        guard try make(taken.run, reporter) else { return (.stopped, failures) }
        if !goesOn { clock.add(taken.run, seconds: (ContinuousClock.now - begun) / .seconds(1)) }
      } catch is StopWanted {
        return (.stopped, failures)
      } catch {
        let failure = Failure(run: taken.run, reason: reason(error, of: taken.run))
        failures.append(failure)
        reporter.warn("\(taken.run.title) failed: \(failure.reason)")
      }
    }
  }

  /// A run's own errors speak to those who type its command.
  private func reason(_ error: any Error, of run: PlannedRun) -> String {
    let path = plan.runFolder(run.name).path
    switch error {
    case RunError.differentConfiguration, RunError.differentSources:
      return
        "\(path) was begun with other paths or videos than there are now: remove it, and the same command begins it again"
    case RunError.busy: return "\(error)"
    case is RunError, is SafetensorsError, is ConfigurationError, is WeightsError:
      // A damaged file, its own or that of the weights that it takes, stays so however often one tries.
      let words = "\(error)"
      let names = [run.name, run.predecessor].compactMap { $0 }
      guard let damaged = names.map({ plan.runFolder($0).path }).first(where: words.contains) else {
        return words
      }
      return "\(words); remove \(damaged), and the same command makes it again"
    default: return "\(error)"
    }
  }

  /// - Returns: false where somebody asked to stop.
  private func make(_ planned: PlannedRun, _ reporter: any ReproductionReporter) throws -> Bool {
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
    case .analysis(let analysis, let clip):
      try analysis.run(
        in: plan.runFolder(planned.predecessor!), footage: plan.data.testFootage, clip: clip,
        options: options
      ) {
        reporter.looking($0, $1, of: $2)
        if reporter.wantsToStop { throw StopWanted() }
      }
      try plan.markFinished(planned)
      return true
    }
    if case .stopped = outcome { return false }
    return true
  }

  /// What a kill before the first checkpoint leaves can neither be gone on with nor begun over.
  private func clear(_ run: RunFolder) {
    guard run.holdsRun, !run.holdsCheckpoint else { return }
    for file in [run.configuration, run.metrics, run.best] { unlink(file) }
  }

  private struct StopWanted: Error {}
}

extension Plan {
  /// Whether a run has come to its end.
  public func isFinished(_ run: PlannedRun) -> Bool {
    switch run.work {
    case .pretraining, .finetuning: return runFolder(run.name).isFinished
    case .analysis:
      guard let mark = try? readFile(at: markPath(of: run)) else { return false }
      return stamps(of: run).contains { mark == Data($0.utf8) }
    }
  }

  /// - Throws: `FileError`.
  func markFinished(_ run: PlannedRun) throws {
    guard let stamp = stamps(of: run).first else { return }
    try replaceFile(at: markPath(of: run), with: Data(stamp.utf8))
  }

  private func markPath(of run: PlannedRun) -> String { "\(folder)/runs/.\(run.name).done" }

  /// What an analysis's result is of, and the result: analyses of one network on another dataset leave theirs in the same
  /// place, as do `mosi clusters` and its like. Empty if there is none; else the text that is written, then that of
  /// version 0.1.0.
  private func stamps(of run: PlannedRun) -> [String] {
    guard case .analysis(let analysis, let clip) = run.work,
      let result = try? readFile(at: analysis.result(in: runFolder(run.predecessor!))),
      let json = try? JSON.text(clip)
    else { return [] }
    let former =
      "ClipSettings(frames: \(clip.frames), interval: \(clip.interval), "
      + "rate: \(clip.framesPerSecond), size: \(clip.size), "
      + "preset: VideoData.SpatialPreset.\(clip.crop.rawValue), flip: \(clip.flipProbability))"
    return [json, former].map { "\(digest($0)) \(data.testVideos) \(digest(result))\n" }
  }
}

/// What is left, by the runs' operations: as the machine was measured, and then as this process's own runs went. Those
/// finished before may come from another machine, or a busier hour.
private struct RemainingTime {
  private let measured: Throughput
  private var operations = 0.0
  private var seconds = 0.0

  init(_ measured: Throughput) { self.measured = measured }

  mutating func add(_ run: PlannedRun, seconds: Double) {
    operations += run.operations
    self.seconds += seconds
  }

  func left(for runs: [PlannedRun]) -> Double {
    let rate = seconds > 0 ? operations / seconds : measured.operationsPerSecond
    return runs.reduce(0) { $0 + $1.operations } / rate
  }
}
