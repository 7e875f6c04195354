import Foundation
import Pretext
import SafeFiles
import Yams

/// Everything that decides what a run computes; each value has a default.
///
/// In files and on the command line keys are joined by dots: `optimizer.learning_rate`.
public protocol RunConfiguration: Settings {
  /// What runs of this configuration do; their checkpoints say it.
  static var phase: TrainingPhase { get }
  /// Groups that older versions had in another place: their names then and now.
  static var movedGroups: KeyValuePairs<String, String> { get }

  /// The random seed of the run.
  var seed: Int { get }
  var epochs: Int { get }
  var normalization: Normalization { get }
  var model: ModelSettings { get }
  var optimizer: OptimizerSettings { get }
  var precision: Precision { get }
  var records: RecordSettings { get }
}

/// The two kinds of training.
public enum TrainingPhase: String, Codable, Sendable {
  case pretraining
  case finetuning = "fine-tuning"

  /// As a heading.
  public var title: String { self == .pretraining ? "Pre-training" : "Fine-tuning" }
  /// The subcommand of mosi.
  var command: String { self == .pretraining ? "pretrain" : "finetune" }
}

/// Some keys of a configuration, to be laid over others.
public struct ConfigurationLayer: Sendable, Equatable {
  let entries: [PlainValue.Entry]
  /// What errors call it.
  let origin: String

  public init(_ entries: [PlainValue.Entry], origin: String) {
    self.entries = entries
    self.origin = origin
  }

  /// The keys and values of a file.
  ///
  /// - Throws: ``ConfigurationError/unreadable(path:problem:)``.
  init(yaml: String, origin: String) throws {
    do {
      self.init(try PlainValue.entries(yaml: yaml), origin: origin)
    } catch {
      throw ConfigurationError.unreadable(path: origin, problem: error.problem)
    }
  }
}

// MARK: - Reading

extension RunConfiguration {
  public static var movedGroups: KeyValuePairs<String, String> { [:] }

  /// `base` changed by a YAML file and then by settings `key=value` with dotted keys.
  ///
  /// - Parameters:
  ///   - name: a file, or the name of a ``Preset``.
  ///   - settings: later ones override earlier ones and the file.
  ///   - base: what keys have that neither names.
  /// - Throws: ``ConfigurationError`` for unknown keys (naming the nearest one), wrong types, impossible values.
  public init(file name: String?, settings: [String], over base: Self) throws {
    self = base
    if let name { try lay(Preset.layer(name, for: Self.phase)) }
    for setting in settings { try apply(setting) }
    try check()
  }

  /// The defaults changed by a YAML file or preset and then by settings `key=value` with dotted keys.
  ///
  /// - Throws: ``ConfigurationError``.
  public init(file name: String? = nil, settings: [String] = []) throws {
    try self.init(file: name, settings: settings, over: Self())
  }

  /// The configuration that ``yaml`` gave.
  ///
  /// - Parameters:
  ///   - yaml: the text; keys that it lacks have their defaults.
  ///   - origin: what errors call the text.
  public init(yaml: String, origin: String) throws {
    try self.init(layers: [ConfigurationLayer(yaml: yaml, origin: origin)])
  }

  /// The defaults changed by one layer after the other.
  ///
  /// - Throws: ``ConfigurationError``.
  public init(layers: [ConfigurationLayer]) throws {
    self.init()
    for layer in layers { try lay(layer) }
    try check()
  }

  private mutating func lay(_ layer: ConfigurationLayer) throws {
    try read(layer.entries, origin: layer.origin)
  }

  private mutating func apply(_ setting: String) throws {
    guard let equals = setting.firstIndex(of: "="), equals != setting.startIndex else {
      throw ConfigurationError.malformedSetting(setting)
    }
    let text = String(setting[setting.index(after: equals)...])
    let value: PlainValue
    do {
      value = try Yams.compose(yaml: text).map(PlainValue.init) ?? .null
    } catch {
      value = .text(text)
    }
    try read([.init(key: String(setting[..<equals]), value: value)], origin: "--set \(setting)")
  }

  private mutating func read(_ entries: [PlainValue.Entry], origin: String) throws {
    var reader = SettingsReader(self, origin: origin, moved: Self.movedGroups)
    try reader.read(entries)
    self = reader.root
  }
}

// MARK: - Writing and comparing

extension RunConfiguration {
  /// Every key with its value, in the order in which they are declared; blocks that ``TaskSettings/kind`` does not choose
  /// only if they were changed.
  public var yaml: String { yaml(isCommented: false) }

  /// As ``yaml``, with what each key means above it.
  public var commentedYAML: String { yaml(isCommented: true) }

  /// The keys, dotted, in which the two differ.
  public func differences(from other: Self) -> [String] {
    Self.leaves.filter { $0.value.get(self) != $0.value.get(other) }.map(\.name).sorted()
  }

  /// The dotted keys that were changed although nothing reads them for this ``TaskSettings/kind``.
  public var ignoredChanges: [String] {
    let defaults = Self()
    return Self.leaves.filter { leaf in
      !leaf.isInUse(self) && leaf.value.get(self) != leaf.value.get(defaults)
    }.map(\.name)
  }

  /// The values as texts by their dotted keys, without those that nothing reads.
  public var values: [String: String] {
    Dictionary(
      uniqueKeysWithValues: Self.leaves.filter { $0.isInUse(self) }.map {
        ($0.name, $0.value.get(self).words)
      })
  }

  /// Today's name of the key that is or was called `name`.
  ///
  /// - Throws: ``ConfigurationError/unknownKey(key:nearest:origin:)``.
  public static func currentName(of name: String, origin: String) throws -> String {
    guard let found = names(moved: movedGroups).first(where: { $0.name == name }) else {
      throw ConfigurationError.unknownKey(
        key: name, nearest: key(nearest: name, moved: movedGroups), origin: origin)
    }
    return found.now
  }
}

/// The configuration in the folder of a run, of either kind.
///
/// - Throws: ``ConfigurationError``.
public func recordedConfiguration(yaml: String, origin: String) throws -> any RunConfiguration {
  let layer = try ConfigurationLayer(yaml: yaml, origin: origin)
  return layer.entries.contains { $0.key == "dataset" }
    ? try FinetuningConfiguration(layers: [layer])
    : try PretrainingConfiguration(layers: [layer])
}
