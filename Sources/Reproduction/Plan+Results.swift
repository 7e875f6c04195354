import Configuration
import Foundation
import Insight
import PretextTasks
import SafeFiles
import SyntheticData
import Training
import VideoData

extension Plan {
  /// The ``ResultTable/fileName`` of an experiment.
  public func fileName(of experiment: Experiment) -> String {
    "\(experiment.name)-\(data.name)-\(scale.rawValue)"
  }

  /// The differences between the trainings of an experiment and the paper's, and between the first from random weights and
  /// the first other.
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
        // Other rows from random weights say themselves how they differ.
        let isScratch = run.predecessor == nil
        lengths[isScratch] =
          lengths[isScratch] ?? (
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
      guard let sources = run.sources, let summary = summary(of: run.name) else { continue }
      let title = title(of: run, in: experiment)
      if summary.trainingSources != sources {
        notes.append(
          "\(title): trained on \(summary.trainingSources) sources, but there are \(sources) now; remove "
            + "\(files(of: run.name)), and the same command makes it again")
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
      return cell.pretraining.flatMap { summary(of: $0)?.ownTop1 }
    }
    if measure == .explained {
      return cell.pretraining.flatMap { summary(of: $0)?.explained }
    }
    if measure.isCount { return cell.pretraining.flatMap { cost(measure, of: $0) } }
    if measure.needsFinetuning {
      guard let name = cell.finetuning, let summary = summary(of: name) else { return nil }
      if measure == .finetuning { return summary.evaluation?.top1 }
      if measure == .training { return try trainingTop1(of: name) }
      guard measure.exists(for: data.sprites) else { return nil }
      return try evaluation(of: name).flatMap { SpriteScore($0)[measure] }
    }
    guard let kind = measure.analysis, let name = cell.pretraining else { return nil }
    let run = runFolder(name)
    let analysis = runs.first { run in
      run.work.analysis.map { $0.network == name && $0.kind == kind } ?? false
    }
    guard let analysis, isFinished(analysis) else { return nil }
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
    case .retrieval:
      let path = kind.result(in: run)
      let scores =
        fileExists(at: path)
        ? try decoded(RetrievalScores.self, at: path)
        : result(of: analysis.name)?.retrieval
      return measure == .retrieval ? scores?.network : scores?.random
    }
  }

  /// What a pre-training takes, with the one whose weights it begins with: known before it runs, except for the seconds.
  private func cost(_ measure: Measure, of name: String) -> Double? {
    guard let run = runs.first(where: { $0.name == name }), let own = ownCost(measure, of: run)
    else { return nil }
    guard let predecessor = run.predecessor else { return own }
    return cost(measure, of: predecessor).map { own + $0 }
  }

  private func ownCost(_ measure: Measure, of run: PlannedRun) -> Double? {
    guard case .pretraining(let configuration) = run.work, let sources = run.sources
    else { return nil }
    let samples = Double(configuration.epochs * configuration.samplesPerEpoch(sources: sources))
    let clips = samples * Double(configuration.makeTask().clipsPerSample)
    switch measure {
    case .operations:
      var cost = TrainingCost()
      return samples * cost.forwardsPerSample(configuration) / 1e12
    case .clips: return clips
    case .frames: return clips * Double(configuration.clip.frames)
    case .seconds: return summary(of: run.name)?.seconds
    default: return nil
    }
  }

  /// - Throws: `FileError`.
  func decoded<Value: Decodable>(_: Value.Type, at path: String) throws -> Value {
    let data = try readFile(at: path)
    do {
      return try JSON.decode(Value.self, from: data)
    } catch {
      throw FileError(
        path: path, attempt: "cannot read", reason: "remove its run's folder to make it again")
    }
  }
}

extension SummaryRecord {
  /// The accuracy in the pre-training's own task at the last validation; for tasks with several accuracies and none of the
  /// whole, such as MemDPC's of both directions, their mean.
  fileprivate var ownTop1: Double? {
    if let top1 { return top1 }
    let parts = (validationTerms ?? [:]).filter { $0.key.hasSuffix("_top1") }.map(\.value)
    return parts.isEmpty ? nil : parts.reduce(0, +) / Double(parts.count)
  }

  /// The share of the variance in hidden parts that masked modeling explains in the last validation; nil for other tasks.
  fileprivate var explained: Double? {
    guard let validationLoss, let means = validationTerms?[MaskedNetwork.lossOfMeans], means > 0
    else { return nil }
    return 1 - validationLoss / means
  }
}
