import Foundation
import SafeFiles

extension Experiment {
  /// The experiments that `names` mean, each once.
  ///
  /// - Parameter names: names of recipes, `all` for every table and figure of the paper, or paths of YAML files.
  /// - Throws: ``UnknownExperiment``, ``RecipeError``, `FileError`.
  public static func all(named names: [String]) throws -> [Experiment] {
    var experiments: [Experiment] = []
    // The files of results are named by the experiment.
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
    if let recipe = Recipe(rawValue: name) { return [try recipe.experiment] }
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

/// A name that is not the name of an experiment: one sentence.
public struct UnknownExperiment: Error, Sendable, CustomStringConvertible {
  public let problem: String
  public var description: String { problem }
}

extension Recipe {
  /// Whether it is a table or figure of the paper.
  var isOfThePaper: Bool {
    switch self {
    case .limits, .effect, .scratchTuning: false
    default: true
    }
  }
}
