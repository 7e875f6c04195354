import Foundation
import SafeFiles

/// The configurations that mosi carries: the files of configs/.
public enum Preset: String, CaseIterable, Sendable {
  /// The paper's settings, which are the defaults too: said in full, so that a reader finds them in one place.
  case paperPretrain = "paper-pretrain"
  case paperFinetune = "paper-finetune"
  case tiny
  case tinyMasked = "tiny-masked"
  case demo
  case tinyFinetune = "tiny-finetune"
  case demoFinetune = "demo-finetune"

  /// What it configures.
  public var phase: TrainingPhase {
    switch self {
    case .paperPretrain, .tiny, .tinyMasked, .demo: .pretraining
    case .paperFinetune, .tinyFinetune, .demoFinetune: .finetuning
    }
  }

  /// The YAML of the file.
  public var text: String {
    let bytes =
      switch self {
      case .paperPretrain: PackageResources.paper_pretrain_yaml
      case .paperFinetune: PackageResources.paper_finetune_yaml
      case .tiny: PackageResources.tiny_yaml
      case .tinyMasked: PackageResources.tiny_masked_yaml
      case .demo: PackageResources.demo_yaml
      case .tinyFinetune: PackageResources.tiny_finetune_yaml
      case .demoFinetune: PackageResources.demo_finetune_yaml
      }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Those of a kind of training, for people.
  public static func names(of phase: TrainingPhase) -> String {
    allCases.filter { $0.phase == phase }.map(\.rawValue).joined(separator: ", ")
  }

  /// What `--config NAME` names: a preset, else a file.
  ///
  /// - Throws: ``ConfigurationError``, `FileError`.
  static func layer(_ name: String, for phase: TrainingPhase) throws -> ConfigurationLayer {
    let own = allCases.filter { $0.phase == phase }.map(\.rawValue)
    if let preset = Self(rawValue: name) {
      guard preset.phase == phase else {
        throw ConfigurationError.foreignPreset(
          name: name, command: preset.phase.command, presets: own)
      }
      return try ConfigurationLayer(yaml: preset.text, origin: "the preset \(name)")
    }
    let isName = !name.contains("/") && !name.contains(".")
    guard !isName || fileExists(at: name) else {
      throw ConfigurationError.unknownPreset(
        name: name, nearest: nearestName(to: name, among: own), presets: own)
    }
    guard let text = String(data: try readFile(at: name), encoding: .utf8) else {
      throw ConfigurationError.unreadable(path: name, problem: "it is not UTF-8 text")
    }
    return try ConfigurationLayer(yaml: text, origin: name)
  }
}
