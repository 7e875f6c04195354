import Foundation
import SafeFiles
import Training

/// What is kept of a finished run: a small file from which tables are made without the run's folder.
public struct RunResult: Codable, Sendable {
  /// The name of the run.
  public let run: String
  /// A description of the run.
  public let title: String
  /// The name of the dataset, with the setting and version of Moving Sprites.
  public let dataset: String
  /// The summary of a training; nil for an analysis.
  public let summary: SummaryRecord?
  /// The accuracy of a training on its own clips in the last tenth of the recorded steps; nil if it has none.
  public let trainingTop1: Double?
  /// The final evaluation of a fine-tuning, without single videos.
  public let evaluation: Evaluation.Summary?
  /// The result of a retrieval.
  public let retrieval: RetrievalScores?
}

/// A folder of results of runs, a file `NAME.json` for each. It can be kept and moved without the runs themselves.
public struct ResultFolder: Sendable {
  /// The path of the folder.
  public let path: String

  /// The folder at `path`, which does not need to exist.
  public init(path: String) { self.path = path }

  /// The result of a run; nil if there is none, or if its file cannot be read: the run is then repeated.
  func result(of run: String) -> RunResult? {
    guard let data = try? readFile(at: file(run)),
      let result = try? JSON.decode(RunResult.self, from: data), result.run == run
    else { return nil }
    return result
  }

  /// - Throws: `FileError`.
  func write(_ result: RunResult) throws {
    try makeFolder(at: path)
    try replaceFile(at: file(result.run), with: Data((try JSON.text(result) + "\n").utf8))
  }

  func file(_ run: String) -> String { "\(path)/\(run).json" }
}

extension Plan {
  /// Keeps the result of a finished run, if results are kept. Retrieval is the only analysis kept: the others have pictures.
  ///
  /// - Throws: `FileError`.
  func keepResult(of run: PlannedRun) throws {
    guard let results else { return }
    let folder = runFolder(run.name)
    var evaluation: Evaluation.Summary?
    var retrieval: RetrievalScores?
    switch run.work {
    case .pretraining: break
    case .finetuning:
      let path = "\(folder.evaluation)/evaluation.json"
      if fileExists(at: path) {
        evaluation = try decoded(Evaluation.Summary.self, at: path).withoutVideos
      }
    case .analysis(let analysis):
      guard analysis.kind == .retrieval else { return }
      retrieval = try decoded(
        RetrievalScores.self, at: analysis.kind.result(in: runFolder(analysis.network)))
    }
    try results.write(
      RunResult(
        run: run.name, title: run.title, dataset: data.title, summary: folder.summary,
        trainingTop1: try trainingTop1(of: run.name), evaluation: evaluation, retrieval: retrieval))
  }

  /// Keeps the results of finished runs that were not kept when they finished.
  ///
  /// - Throws: `FileError`.
  func keepResults() throws {
    for run in runs where isFinishedInItsFolder(run) && result(of: run.name) == nil {
      try keepResult(of: run)
    }
  }

  /// What was kept of a run; nil if nothing was.
  func result(of run: String) -> RunResult? { results?.result(of: run) }

  /// What to remove so that a finished run is made again.
  func files(of run: String) -> String {
    let kept = result(of: run) == nil ? nil : results?.file(run)
    return [runFolder(run).path, kept].compactMap { $0 }.joined(separator: " and ")
  }

  /// The summary of a finished training, from its folder or from what was kept of it.
  func summary(of run: String) -> SummaryRecord? {
    runFolder(run).summary ?? result(of: run)?.summary
  }

  /// The accuracy of a finished training on its own clips in the last tenth of the recorded steps; nil if it has none.
  ///
  /// - Throws: `FileError`.
  func trainingTop1(of run: String) throws -> Double? {
    let path = runFolder(run).metrics
    guard fileExists(at: path) else { return result(of: run)?.trainingTop1 }
    let steps = try Metrics(contentsOf: path).steps
    let shares = steps.suffix(max(1, steps.count / 10)).compactMap(\.top1)
    return shares.isEmpty ? nil : shares.reduce(0, +) / Double(shares.count)
  }

  /// The final evaluation of a finished fine-tuning, perhaps without single videos; nil if there is none.
  ///
  /// - Throws: `FileError`.
  func evaluation(of run: String) throws -> Evaluation.Summary? {
    let path = "\(runFolder(run).evaluation)/evaluation.json"
    guard fileExists(at: path) else { return result(of: run)?.evaluation }
    return try decoded(Evaluation.Summary.self, at: path)
  }
}
