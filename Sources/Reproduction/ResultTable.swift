import Foundation
import Insight
import SafeFiles
import Training
import VideoData

/// What an experiment came to: for each row and series ours, over the seeds, beside the paper's.
public struct ResultTable: Codable, Sendable, Equatable {
  /// What a person types, `table1`.
  public let experiment: String
  /// The name of its files without ending, `table1-hmdb51-paper`: results of several datasets lie side by side.
  public let fileName: String
  public let title: String
  public let question: String
  /// What the positions of the lines are; empty for no chart.
  public let axis: String
  /// Of what the results are.
  public let dataset: String
  public let scale: Scale
  /// The seeds that were asked for.
  public let seeds: Int
  /// The runs that have yet to come to their end.
  public let openRuns: Int
  public let measures: [Measure]
  /// The datasets whose published numbers stand beside ours.
  public let paperDatasets: [PaperDataset]
  /// Row by row, and in a row series by series.
  public let lines: [Line]
  public let others: [Other]
  /// Rows that were not trained, as sentences.
  public let omissions: [String]
  /// In which the trainings were not the paper's, in words.
  public let conditions: [String]
  /// What the numbers leave out, as sentences.
  public let notes: [String]

  public struct Line: Codable, Sendable, Equatable {
    public let row: String
    /// Empty where there is one alone.
    public let series: String
    /// Where the row stands on the axis of a chart.
    public let position: Double?
    /// Ours, in fractions; absent for what is not there yet or does not exist, as a pre-training from scratch.
    public let ours: [Measure: SampleStatistics]
    /// The paper's, in fractions.
    public let paper: [PaperDataset: [Measure: Double]]
    /// The folders of its runs, the fine-tuned ones where there are.
    public let runs: [String]
  }

  public struct Other: Codable, Sendable, Equatable {
    public let name: String
    public let paper: [PaperDataset: Double]
  }

  /// Collects what is there.
  ///
  /// - Throws: `FileError` where a file of a finished run cannot be read.
  public init(_ experiment: Experiment, of plan: Plan) throws {
    self.experiment = experiment.name
    fileName = plan.fileName(of: experiment)
    title = experiment.title
    question = experiment.question
    axis = experiment.axis
    dataset = plan.data.title
    scale = plan.scale
    seeds = plan.seeds
    openRuns = plan.runs(of: experiment).count { !plan.isFinished($0) }
    // Only of sprites is it known which classes are what the pretext task knows.
    measures = experiment.measures.filter {
      plan.data.isSprites || ($0 != .plainClasses && $0 != .otherClasses)
    }
    let datasets = plan.data.paperDatasets.filter { dataset in
      experiment.rows.contains { $0.paper[dataset] != nil }
    }
    paperDatasets = datasets
    var lines: [Line] = []
    for (rowIndex, row) in experiment.rows.enumerated() {
      for (seriesIndex, series) in experiment.series.enumerated() {
        let cells = plan.cells.filter {
          $0.experiment == experiment.name && $0.row == rowIndex && $0.series == seriesIndex
        }
        var ours: [Measure: SampleStatistics] = [:]
        for measure in measures {
          let values = try cells.compactMap { try plan.value(of: measure, in: $0) }
          if !values.isEmpty { ours[measure] = SampleStatistics(values) }
        }
        var paper: [PaperDataset: [Measure: Double]] = [:]
        for dataset in datasets {
          paper[dataset] = row.paper[dataset]?.compactMapValues { $0[seriesIndex].map { $0 / 100 } }
        }
        lines.append(
          Line(
            row: row.name, series: series.name, position: row.position, ours: ours, paper: paper,
            runs: cells.compactMap { $0.finetuning ?? $0.pretraining }))
      }
    }
    self.lines = lines
    others = experiment.others.map { other in
      Other(name: other.name, paper: other.paper.mapValues { $0 / 100 })
    }
    omissions = plan.omissions.filter { $0.experiment == experiment.name }
      .map { "\($0.row) \($0.reason)" }
    conditions = plan.conditions(of: experiment)
    notes = try plan.incompleteTrainings(of: experiment) + plan.skipped(of: experiment)
  }

  /// Whether every run has come to its end.
  public var isWhole: Bool { openRuns == 0 }
}

extension Plan {
  /// ``ResultTable/fileName`` of an experiment.
  public func fileName(of experiment: Experiment) -> String {
    "\(experiment.name)-\(data.name)-\(scale.rawValue)"
  }

  /// What sets the trainings of an experiment apart from the paper's, and those from random weights from the others.
  fileprivate func conditions(of experiment: Experiment) -> [String] {
    var conditions: [String] = []
    var lengths: [Bool: (clips: Int, isRegularized: Bool)] = [:]
    for run in runs(of: experiment) {
      switch run.work {
      case .pretraining(let configuration):
        if configuration.task.mosi.mask.enabled, configuration.task.mosi.mask.curriculum.enabled,
          conditions.isEmpty
        {
          conditions.append("masks reached by the mask curriculum")
        }
      case .finetuning(let configuration):
        lengths[run.predecessor == nil] = (
          configuration.epochs * data.trainingCount(shots: configuration.dataset.shots),
          configuration.model.dropout > 0 || configuration.optimizer.weightDecay > 0
        )
      case .analysis: break
      }
    }
    // Two runs of one length see not quite as many clips: epochs are whole.
    if let scratch = lengths[true], let other = lengths[false], other.clips > 0 {
      let times = Int((Double(scratch.clips) / Double(other.clips)).rounded())
      let words =
        (times > 1 ? ["for \(times) times the clips"] : [])
        + (!scratch.isRegularized && other.isRegularized ? ["unregularized"] : [])
      if !words.isEmpty {
        conditions.append("random weights trained \(words.joined(separator: ", "))")
      }
    }
    return conditions
  }

  /// What finished trainings did without, and those that were made when there was another number of sources.
  fileprivate func incompleteTrainings(of experiment: Experiment) -> [String] {
    var notes: [String] = []
    for run in runs(of: experiment) {
      guard let sources = run.sources, let summary = runFolder(run.name).summary else { continue }
      let title = title(of: run, in: experiment)
      if summary.trainingSources != sources {
        notes.append(
          "\(title): made of \(summary.trainingSources) sources, and now there are \(sources); remove "
            + "\(runFolder(run.name).path), and the same command makes it again")
      }
      if summary.skippedSources > 0 {
        let were = summary.skippedSources == 1 ? "source was" : "sources were"
        notes.append("\(title): \(summary.skippedSources) \(were) missing or could not be read")
      }
      if let evaluation = summary.evaluation, evaluation.failed > 0 {
        notes.append(
          "\(title): \(evaluation.failed) of \(evaluation.videos) test videos were missing or could not be read, and "
            + "count as wrong")
      }
    }
    return notes
  }

  /// The test videos that looks could not use.
  fileprivate func skipped(of experiment: Experiment) throws -> [String] {
    try runs(of: experiment).compactMap { run in
      guard let analysis = run.work.analysis, isFinished(run) else { return nil }
      let videos = try analysis.skipped(in: runFolder(run.predecessor!))
      guard let first = videos.first else { return nil }
      let count = videos.count
      return
        "\(title(of: run, in: experiment)): \(count) of the test videos \(count == 1 ? "was" : "were") skipped; "
        + "the first, \(first.video), \(first.reason)"
    }
  }

  /// Nil where the run is not over, or has no such result.
  func value(of measure: Measure, in cell: Cell) throws -> Double? {
    if measure == .pretraining {
      return cell.pretraining.flatMap { runFolder($0).summary?.top1 }
    }
    if measure.needsFinetuning {
      guard let name = cell.finetuning, let summary = runFolder(name).summary else { return nil }
      if measure == .finetuning { return summary.evaluation?.top1 }
      guard data.isSprites else { return nil }
      let path = "\(runFolder(name).evaluation)/evaluation.json"
      let evaluation = try decoded(Evaluation.Summary.self, at: path)
      let classes = evaluation.classes.filter { result in
        SpriteAction(rawValue: result.name)?.isPseudoMotion == (measure == .plainClasses)
      }
      let videos = classes.reduce(0) { $0 + $1.videos }
      return videos == 0
        ? nil : Double(classes.reduce(0) { $0 + $1.correct }) / Double(videos)
    }
    guard let analysis = measure.analysis, let name = cell.pretraining else { return nil }
    let run = runFolder(name)
    guard
      let look = runs.first(where: { $0.predecessor == name && $0.work.analysis == analysis }
      ),
      isFinished(look)
    else { return nil }
    switch analysis {
    case .localization:
      let found = try LocalizationReport(folder: run.insight("localize"))
      return switch measure {
      case .heat: found.regions?.network.energyInside.mean
      case .randomHeat: found.regions?.random(\.energyInside).mean
      case .squareArea: found.regions?.chance
      case .flowCorrelation: found.videos?.network.mean
      default: found.videos?.random.mean
      }
    case .clusters:
      let found = try ClusterReport(folder: run.insight("clusters"))
      return switch measure {
      case .axes: found.agreement.axes
      case .randomAxes: found.random?.axes.mean
      case .directions: found.agreement.directions
      default: found.random?.directions.mean
      }
    case .failures:
      let found = try GradCAMReport(folder: run.insight("failures"))
      let least = found.clips.filter(\.hasHeat).compactMap(\.agreement).sorted()
        .prefix(AnalysisKind.drawnVideos)
      return least.isEmpty ? nil : least.reduce(0, +) / Double(least.count)
    }
  }

  private func decoded<Value: Decodable>(_: Value.Type, at path: String) throws -> Value {
    let data = try readFile(at: path)
    do {
      return try JSON.decode(Value.self, from: data)
    } catch {
      throw FileError(
        path: path, attempt: "cannot read", reason: "remove its run's folder, and it is made again")
    }
  }
}
