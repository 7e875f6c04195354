import Foundation
import SafeFiles

/// Everything that decides what a run computes, as a Codable structure of which each value has a default.
///
/// In files and on the command line the keys are written in snake case and joined by dots: `optimizer.learning_rate`.
public protocol RunConfiguration: Codable, Equatable, Sendable {
  /// What runs of this configuration do; said in their checkpoints.
  static var phase: TrainingPhase { get }
  /// What can be chosen for a key, by the dotted key.
  static var choices: [String: [String]] { get }

  /// The defaults.
  init()

  /// Names every random draw of the run.
  var seed: Int { get }
  var epochs: Int { get }
  var normalization: NormalizationSettings { get }
  var model: ModelSettings { get }
  var optimizer: OptimizerSettings { get }
  var precision: Precision { get }
  var records: RecordSettings { get }

  /// Refuses values with which no run is possible.
  ///
  /// - Throws: ``ConfigurationError``.
  func check() throws
}

/// The two kinds of training.
public enum TrainingPhase: String, Codable, Sendable {
  case pretraining
  case finetuning = "fine-tuning"

  /// As a heading.
  public var title: String { self == .pretraining ? "Pre-training" : "Fine-tuning" }
}

extension RunConfiguration {
  /// `base` changed by a YAML file and then by settings `key=value` with dotted keys.
  ///
  /// - Throws: ``ConfigurationError`` for unknown keys (naming the nearest one), wrong types, impossible values.
  public init(file path: String?, settings: [String], over base: Self) throws {
    var tree = ConfigurationTree(base)
    if let path {
      try tree.merge(ConfigurationTree.parse(yaml: Self.text(of: path), path: path), origin: path)
    }
    for setting in settings { try tree.apply(setting: setting) }
    self = try tree.decoded()
    try check()
  }

  /// The defaults changed by a YAML file and then by settings `key=value` with dotted keys.
  ///
  /// - Throws: ``ConfigurationError``.
  public init(file path: String? = nil, settings: [String] = []) throws {
    try self.init(file: path, settings: settings, over: Self())
  }

  /// The configuration that ``yaml`` gave.
  ///
  /// - Parameters:
  ///   - yaml: the text; keys that it lacks have their defaults.
  ///   - origin: what errors call the text.
  public init(yaml: String, origin: String) throws {
    var tree = ConfigurationTree(Self())
    try tree.merge(ConfigurationTree.parse(yaml: yaml, path: origin), origin: origin)
    self = try tree.decoded()
    try check()
  }

  /// The defaults changed by one layer after the other.
  ///
  /// - Throws: ``ConfigurationError``.
  public init(layers: [ConfigurationLayer]) throws {
    var tree = ConfigurationTree(Self())
    for layer in layers {
      try tree.merge(
        ConfigurationTree.parse(yaml: layer.yaml, path: layer.origin), origin: layer.origin)
    }
    self = try tree.decoded()
    try check()
  }

  /// Every key with its value.
  public var yaml: String {
    get throws { try ConfigurationTree(self).yaml }
  }

  /// The keys, dotted, in which the two differ.
  public func differences(from other: Self) throws -> [String] {
    let mine = ConfigurationTree(self).leaves
    let theirs = ConfigurationTree(other).leaves
    return mine.keys.filter { mine[$0] != theirs[$0] }.sorted()
  }

  private static func text(of path: String) throws -> String {
    guard let text = String(data: try readFile(at: path), encoding: .utf8) else {
      throw ConfigurationError.unreadable(path: path, problem: "it is no UTF-8 text")
    }
    return text
  }

  static func names<Choice: RawRepresentable<String> & CaseIterable>(of _: Choice.Type) -> [String]
  {
    Choice.allCases.map(\.rawValue)
  }
}

/// Some keys of a configuration, to be laid over others.
public struct ConfigurationLayer: Sendable, Equatable {
  /// The keys and values, nested as in a file.
  public let yaml: String
  /// What errors call it.
  public let origin: String

  public init(yaml: String, origin: String) {
    self.yaml = yaml
    self.origin = origin
  }
}
