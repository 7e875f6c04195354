import Configuration
import Foundation
import SafeFiles
import Training

/// A run as described by its folder, finished or not.
public struct RunDescription {
  /// The folder of the run.
  public let folder: RunFolder
  /// The name of the run on a page.
  public let name: String
  let recorded: RecordedRun
  let weights: WeightsInspection
  /// The settings of the network.
  let model: ModelSettings
  let recipe: TrainingRecipe
  /// The evaluation on test videos; nil if there is none yet.
  let evaluation: Evaluation.Summary?
  let localization: LocalizationReport?
  let clusters: ClusterReport?
  let gradCAM: GradCAMReport?
  /// The clips in which heat and flow agree least.
  let failures: GradCAMReport?

  /// Reads the folders of runs.
  ///
  /// - Parameters:
  ///   - paths: the folders.
  ///   - names: the names of the runs; nil for the last components of the paths.
  /// - Throws: ``ReportError`` or `RunError` if a folder does not contain a run, and errors of reading its files.
  public static func all(at paths: [String], names: [String]? = nil) throws -> [RunDescription] {
    let recorded = try paths.map(RecordedRun.init)
    return try zip(recorded, names ?? RecordedRun.names(recorded)).map(RunDescription.init)
  }

  private init(_ recorded: RecordedRun, name: String) throws {
    let path = recorded.path
    let folder = RunFolder(path: path)
    self.recorded = recorded
    self.folder = folder
    self.name = name
    weights = try WeightsInspection(at: path)
    guard let description = weights.description, let recipe = description.recipe else {
      throw ReportError(path: path, problem: "holds weights, but not the last.safetensors of a run")
    }
    model = description.model
    self.recipe = recipe
    evaluation = try Self.summary(at: "\(folder.evaluation)/evaluation.json")
    localization = try Self.result(in: folder.insight(.localize))
    clusters = try Self.result(in: folder.insight(.clusters))
    gradCAM = try Self.result(in: folder.insight(.gradcam))
    failures = try Self.result(in: folder.insight(.failures))
  }

  /// Nil if there is no such file.
  private static func summary(at path: String) throws -> Evaluation.Summary? {
    guard fileExists(at: path) else { return nil }
    do {
      return try JSON.decode(Evaluation.Summary.self, from: readFile(at: path))
    } catch is DecodingError {
      throw ReportError(
        path: path, problem: "cannot be read: remove it, or write it again with this version")
    }
  }

  /// Nil if there is no such analysis.
  private static func result<Result: AnalysisResult>(in folder: String) throws -> Result? {
    fileExists(at: "\(folder)/\(Result.fileName)") ? try Result(folder: folder) : nil
  }

  var metrics: Metrics { recorded.metrics }
  /// All settings by their dotted keys.
  var settings: [String: String] { recorded.configuration }

  /// True if the network was pre-trained to distinguish motions: the paper's task.
  var tellsMotions: Bool { weights.description?.labels != nil }

  /// True if the run is finished.
  public var isFinished: Bool { metrics.summary != nil }

  /// The accuracy of guessing.
  var chance: Double? { weights.classCount.map { 1 / Double(max($0, 1)) } }
}

/// The error for a file that a report cannot use.
public struct ReportError: Error, Sendable, CustomStringConvertible {
  /// The path of the file.
  public let path: String
  /// The problem, as the predicate of a sentence whose subject is the path.
  public let problem: String
  public var description: String { "\(path) \(problem)" }
}
