import Configuration
import Foundation
import Insight
import SafeFiles
import SyntheticData
import Training
import VideoData

extension Plan {
  /// The ``ResultTable/fileName`` of an experiment.
  public func fileName(of experiment: Experiment) -> String {
    "\(experiment.name)-\(data.name)-\(scale.rawValue)"
  }

  /// The differences between the trainings of an experiment and the paper's, and between those from random weights and
  /// the others.
  func conditions(of experiment: Experiment) -> [String] {
    var conditions: [String] = []
    var lengths: [Bool: (clips: Int, isRegularized: Bool)] = [:]
    for run in runs(of: experiment) {
      switch run.work {
      case .pretraining(let configuration):
        let curriculum = configuration.task.mosi.mask.curriculum
        if configuration.masksClips, curriculum.enabled, conditions.isEmpty {
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
    // Runs of the same length differ slightly in the number of clips, because epochs are complete.
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

  /// The finished trainings that lacked sources or test videos, or had another number of sources than there are now.
  func incompleteTrainings(of experiment: Experiment) -> [String] {
    var notes: [String] = []
    for run in runs(of: experiment) {
      guard let sources = run.sources, let summary = runFolder(run.name).summary else { continue }
      let title = title(of: run, in: experiment)
      if summary.trainingSources != sources {
        notes.append(
          "\(title): trained on \(summary.trainingSources) sources, but there are \(sources) now; remove "
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

  /// The test videos that analyses skipped.
  func skippedVideos(of experiment: Experiment) throws -> [String] {
    try runs(of: experiment).compactMap { run in
      guard let analysis = run.work.analysis, isFinished(run) else { return nil }
      let videos = try analysis.kind.skippedVideos(in: runFolder(analysis.network))
      guard let first = videos.first else { return nil }
      let count = videos.count
      return
        "\(title(of: run, in: experiment)): \(count) of the test videos \(count == 1 ? "was" : "were") skipped; "
        + "the first, \(first.video), \(first.reason)"
    }
  }

  /// The value of a measure in a cell; nil if its run is not finished or has no such result.
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
    guard let kind = measure.analysis, let name = cell.pretraining else { return nil }
    let run = runFolder(name)
    let isAnalyzed = runs.contains { run in
      run.work.analysis.map { $0.network == name && $0.kind == kind } ?? false && isFinished(run)
    }
    guard isAnalyzed else { return nil }
    switch kind {
    case .localization:
      let found = try LocalizationReport(folder: run.insight(.localize))
      return switch measure {
      case .heat: found.regions?.network.energyInside.mean
      case .randomHeat: found.regions?.random(\.energyInside).mean
      case .squareArea: found.regions?.chance
      case .flowCorrelation: found.videos?.network.mean
      default: found.videos?.random.mean
      }
    case .clusters:
      let found = try ClusterReport(folder: run.insight(.clusters))
      return switch measure {
      case .axes: found.agreement.axes
      case .randomAxes: found.random?.axes.mean
      case .directions: found.agreement.directions
      default: found.random?.directions.mean
      }
    case .failures:
      let found = try GradCAMReport(folder: run.insight(.failures))
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
        path: path, attempt: "cannot read", reason: "remove its run's folder to make it again")
    }
  }
}
