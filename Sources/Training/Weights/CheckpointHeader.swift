import Configuration
import Foundation

/// What a checkpoint says of itself beside its tensors.
struct CheckpointHeader {
  let phase: TrainingPhase
  /// As YAML.
  let configuration: String
  /// As JSON.
  let position: String
  /// The classes in the order of the logits; nil for a task without classes.
  let classNames: [String]?
  /// The version of mosi that wrote it; nil for the first.
  let version: String?

  static let format = "mosi-checkpoint-2"
  /// The first form has the keys of configuration and position before 0.2.
  private static let formats = [format, "mosi-checkpoint-1"]

  /// Nil if the metadata of a file is not a checkpoint's.
  init?(metadata: [String: String]) {
    guard let format = metadata["format"], Self.formats.contains(format),
      let configuration = metadata["configuration"], let position = metadata["position"],
      // The first checkpoints do not say what they come from; there was pre-training alone.
      let phase = TrainingPhase(rawValue: metadata["phase"] ?? TrainingPhase.pretraining.rawValue)
    else { return nil }
    self.phase = phase
    self.configuration = configuration
    self.position = position
    classNames = metadata["class_names"].flatMap {
      try? JSONDecoder().decode([String]?.self, from: Data($0.utf8))
    }
    version = metadata["mosi_version"]
  }
}

/// What the names of a checkpoint's tensors begin with.
enum CheckpointPart: String {
  case model = "model."
  case optimizer = "optimizer."
  case average = "moving_average."
}
