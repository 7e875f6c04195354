import Foundation
import SafeFiles

extension Experiment {
  /// The experiments with these names, without duplicates.
  ///
  /// - Parameter names: names of recipes, `all` for all tables and figures of the paper, or paths of YAML files.
  /// - Throws: ``UnknownExperiment``, ``RecipeError``, `FileError`.
  public static func all(named names: [String]) throws -> [Experiment] {
    var experiments: [Experiment] = []
    // Files of results are named after the experiment.
    var origins: [String: String] = [:]
    for name in names {
      for experiment in try named(name) {
        let origin =
          name.contains(".")
          ? URL(fileURLWithPath: name).standardizedFileURL.path : experiment.name
        if let other = origins[experiment.name], other != origin {
          throw UnknownExperiment(
            problem: "two experiments are called \(experiment.name): rename one of the files")
        }
        if origins.updateValue(origin, forKey: experiment.name) == nil {
          experiments.append(experiment)
        }
      }
    }
    return experiments
  }

  private static func named(_ name: String) throws -> [Experiment] {
    if name == "all" {
      return try Recipe.allCases.filter(\.isOfThePaper).map { try $0.experiment }
    }
    if let recipe = Recipe(rawValue: name) {
      // Table 5 exists twice: with the backbones of the rows, and with one for all.
      return try (recipe == .table5 ? [.table5, .table5Equal] : [recipe]).map { try $0.experiment }
    }
    guard name.hasSuffix(".yaml") || name.hasSuffix(".yml") else {
      throw UnknownExperiment(
        problem:
          "there is no experiment \(name): write \(Recipe.allCases.map(\.rawValue).joined(separator: ", ")), all, or the "
          + "path of a .yaml file")
    }
    let text = String(decoding: try readFile(at: name), as: UTF8.self)
    let own = URL(fileURLWithPath: name).deletingPathExtension().lastPathComponent
    guard Recipe(rawValue: own) == nil else {
      throw UnknownExperiment(
        problem:
          "\(name) has the name of the built-in experiment \(own), whose results it would replace: rename it"
      )
    }
    return [try Experiment(yaml: text, name: own, origin: name)]
  }
}

/// The error for a name that is not that of an experiment.
public struct UnknownExperiment: Error, Sendable, CustomStringConvertible {
  /// The problem, as a sentence.
  public let problem: String
  public var description: String { problem }
}

extension Recipe {
  /// True if it is a table or figure of the paper.
  var isOfThePaper: Bool {
    switch self {
    case .limits, .effect, .scratchTuning, .spritesRange, .table5Equal, .successors: false
    default: true
    }
  }
}
