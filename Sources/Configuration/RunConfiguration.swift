import Foundation
import Pretext
import SafeFiles
import Yams

/// The settings that determine what a run computes. Each value has a default.
///
/// In files and on the command line, keys are joined by dots: `optimizer.learning_rate`.
public protocol RunConfiguration: Settings {
  /// The kind of training, which checkpoints store.
  static var phase: TrainingPhase { get }
  /// Groups that earlier versions had in another place: their former and current names.
  static var movedGroups: KeyValuePairs<String, String> { get }

  /// The random seed of the run.
  var seed: Int { get }
  /// The number of epochs.
  var epochs: Int { get }
  /// The normalization of the network's input.
  var normalization: Normalization { get }
  /// The network.
  var model: ModelSettings { get }
  /// The optimizer and its learning rate.
  var optimizer: OptimizerSettings { get }
  /// The precision of convolutions and matrix products.
  var precision: Precision { get }
  /// What is recorded and saved, and when.
  var records: RecordSettings { get }
}

/// The two kinds of training.
public enum TrainingPhase: String, Codable, Sendable {
  /// Pre-training.
  case pretraining
  /// Fine-tuning.
  case finetuning = "fine-tuning"

  /// The name as a heading.
  public var title: String { self == .pretraining ? "Pre-training" : "Fine-tuning" }
  /// The subcommand of mosi.
  var command: String { self == .pretraining ? "pretrain" : "finetune" }
}

/// Some keys with values that override those of other layers.
public struct ConfigurationLayer: Sendable, Equatable {
  let entries: [PlainValue.Entry]
  /// The name in error messages.
  let origin: String

  /// Keys with values; `origin` names them in error messages.
  public init(_ entries: [PlainValue.Entry], origin: String) {
    self.entries = entries
    self.origin = origin
  }

  /// The keys and values in YAML text.
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
  /// None.
  public static var movedGroups: KeyValuePairs<String, String> { [:] }

  /// `base`, overridden by a YAML file and then by `key=value` settings with dotted keys.
  ///
  /// - Parameters:
  ///   - name: the path of a file or the name of a ``Preset``; nil for none.
  ///   - settings: the settings; later ones override earlier ones and the file.
  ///   - base: the values of all other keys.
  /// - Throws: ``ConfigurationError`` for unknown keys (with the nearest one), wrong types and values that break their
  ///   rules; `FileError`.
  public init(file name: String?, settings: [String], over base: Self) throws {
    self = base
    if let name { try lay(Preset.layer(name, for: Self.phase)) }
    for setting in settings { try apply(setting) }
    try check()
  }

  /// The defaults, overridden by a YAML file or preset and then by `key=value` settings with dotted keys.
  ///
  /// - Throws: ``ConfigurationError``, `FileError`.
  public init(file name: String? = nil, settings: [String] = []) throws {
    try self.init(file: name, settings: settings, over: Self())
  }

  /// Reads a configuration that ``yaml`` wrote.
  ///
  /// - Parameters:
  ///   - yaml: the text. Keys that it lacks have their defaults.
  ///   - origin: the name of the text in error messages.
  /// - Throws: ``ConfigurationError``.
  public init(yaml: String, origin: String) throws {
    try self.init(layers: [ConfigurationLayer(yaml: yaml, origin: origin)])
  }

  /// The defaults, overridden by layers in order.
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
  /// All keys with their values, in the order of their declaration. Groups that ``TaskSettings/kind`` does not select are
  /// included only if they were changed.
  public var yaml: String { yaml(isCommented: false) }

  /// As ``yaml``, with an explanation above each key.
  public var commentedYAML: String { yaml(isCommented: true) }

  /// The dotted keys in which the two configurations differ.
  public func differences(from other: Self) -> [String] {
    Self.leaves.filter { $0.value.get(self) != $0.value.get(other) }.map(\.name).sorted()
  }

  /// The dotted keys that were changed although this ``TaskSettings/kind`` does not use them.
  public var ignoredChanges: [String] {
    let defaults = Self()
    return Self.leaves.filter { leaf in
      !leaf.isInUse(self) && leaf.value.get(self) != leaf.value.get(defaults)
    }.map(\.name)
  }

  /// The values as text by their dotted keys, without unused keys.
  public var values: [String: String] {
    Dictionary(
      uniqueKeysWithValues: Self.leaves.filter { $0.isInUse(self) }.map {
        ($0.name, $0.value.get(self).words)
      })
  }

  /// The current name of the key that is or was named `name`.
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

/// Reads the configuration of a run of either kind.
///
/// - Throws: ``ConfigurationError``.
public func recordedConfiguration(yaml: String, origin: String) throws -> any RunConfiguration {
  let layer = try ConfigurationLayer(yaml: yaml, origin: origin)
  return layer.entries.contains { $0.key == "dataset" }
    ? try FinetuningConfiguration(layers: [layer])
    : try PretrainingConfiguration(layers: [layer])
}
