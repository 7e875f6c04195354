import Figures
import Foundation
import Media
import SafeFiles
import Training

/// The results of runs as a function of a setting in which they differ.
public struct Sweep: Codable, Sendable {
  /// The result of a run.
  public enum Measure: String, Codable, CaseIterable, Sendable {
    /// The accuracy of the final evaluation if all runs have one, else of the last validation.
    case accuracy
    /// The loss of the last validation.
    case loss
    /// Clips per second over the whole training.
    case speed
  }

  /// The runs with the same value.
  public struct Group: Codable, Sendable {
    /// The value.
    public let value: String
    /// The names of the runs.
    public let runs: [String]
    /// One result for each run.
    public let results: [Double]
    /// The statistics of the results.
    public let statistics: SampleStatistics
  }

  /// The dotted key of the configuration.
  public let key: String
  /// The result that is compared.
  public let measure: Measure
  /// The groups, sorted by value: numerically if all values are numbers.
  public let groups: [Group]
  /// The names of runs without a result.
  public let unfinished: [String]
  /// The accuracy of guessing, if it is the same for all runs; nil otherwise.
  public let chance: Double?

  /// Compares runs.
  ///
  /// - Throws: `ConfigurationError` for a key that a run does not have, ``NothingToCompare`` if no run has a result.
  public init(_ runs: [RecordedRun], against key: String, measure: Measure) throws {
    self.key = key
    self.measure = measure
    let names = RecordedRun.names(runs)
    // Ignore unfinished runs.
    let isEvaluated = runs.compactMap(\.metrics.summary).allSatisfy { $0.evaluation != nil }
    var results: [(value: String, run: String, result: Double)] = []
    var unfinished: [String] = []
    for (run, name) in zip(runs, names) {
      let value = try run.value(of: key)
      let metrics = run.metrics
      let result: Double? =
        switch measure {
        case .accuracy:
          isEvaluated ? metrics.summary?.evaluation?.top1 : metrics.validations.last?.top1
        case .loss: metrics.validations.last?.loss
        case .speed: metrics.summary?.clipsPerSecond
        }
      if metrics.summary != nil, let result, result.isFinite {
        results.append((value, name, result))
      } else {
        unfinished.append(name)
      }
    }
    guard !results.isEmpty else { throw NothingToCompare(measure: measure) }
    let isNumeric = results.allSatisfy { Double($0.value) != nil }
    // 0.001 and 1e-3 are the same value.
    let members = Dictionary(grouping: results) {
      isNumeric ? "\(Double($0.value)!)" : $0.value
    }.values
    groups = members.map { members in
      Group(
        value: members[0].value, runs: members.map(\.run), results: members.map(\.result),
        statistics: SampleStatistics(members.map(\.result)))
    }.sorted {
      isNumeric
        ? Double($0.value)! < Double($1.value)! : naturallyPrecedes($0.value, $1.value)
    }
    self.unfinished = unfinished
    let chances = Set(runs.compactMap(\.chance))
    chance = measure == .accuracy && chances.count == 1 ? chances.first : nil
  }

  /// A chart of the results.
  public var figure: Figure {
    let numbers = groups.compactMap { Double($0.value) }.filter(\.isFinite)
    let isNumeric = numbers.count == groups.count
    // Values that vary by large factors need a logarithmic axis.
    let isLogarithmic = isNumeric && numbers[0] > 0 && numbers[numbers.count - 1] / numbers[0] >= 8
    let yLabel =
      switch measure {
      case .accuracy: "final accuracy"
      case .loss: "final loss (validation)"
      case .speed: "clips per second"
      }
    let chart = SweepChart(
      xLabel: key, yLabel: yLabel,
      groups: groups.enumerated().map { index, group in
        .init(
          label: group.value, x: isNumeric ? numbers[index] : Double(index),
          results: group.results, mean: group.statistics.mean,
          deviation: group.statistics.deviation ?? 0)
      }, joinsMeans: isNumeric, references: chance.map { [.init("chance", value: $0)] } ?? [],
      xScale: isLogarithmic ? .logarithmic : .linear,
      yScale: measure == .accuracy ? .percent : .linear)
    let count = groups.reduce(0) { $0 + $1.runs.count }
    return Figure(
      title: "\(Format.count(count, "run")) by \(key)", panels: [chart], panelWidth: 560,
      panelHeight: 400)
  }
}

/// The error if none of the runs has a result.
public struct NothingToCompare: Error, CustomStringConvertible {
  /// The result that is compared.
  public let measure: Sweep.Measure
  public var description: String {
    "none of the runs has ended with a final \(measure.rawValue): wait for one"
  }
}
