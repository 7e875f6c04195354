import Configuration
import Foundation

/// The metadata of a checkpoint.
struct CheckpointHeader {
  let phase: TrainingPhase
  /// The configuration as YAML.
  let configuration: String
  /// The position as JSON.
  let position: String
  /// The names of the classes in the order of the logits; nil for a task without classes.
  let classNames: [String]?
  /// The version of mosi that wrote the checkpoint; nil for the first version.
  let version: String?

  /// True if the file must have a checksum; the first two formats have none.
  let hasChecksum: Bool

  static let format = "mosi-checkpoint-3"
  /// The first format has the keys of configuration and position from before 0.2.
  private static let formats = [format, "mosi-checkpoint-2", "mosi-checkpoint-1"]

  /// Nil if the metadata is not that of a checkpoint.
  init?(metadata: [String: String]) {
    guard let format = metadata["format"], Self.formats.contains(format),
      let configuration = metadata["configuration"], let position = metadata["position"],
      // The first checkpoints do not name their phase; only pre-training existed then.
      let phase = TrainingPhase(rawValue: metadata["phase"] ?? TrainingPhase.pretraining.rawValue)
    else { return nil }
    self.phase = phase
    self.configuration = configuration
    self.position = position
    classNames = metadata["class_names"].flatMap {
      try? JSONDecoder().decode([String]?.self, from: Data($0.utf8))
    }
    version = metadata["mosi_version"]
    hasChecksum = format == Self.format
  }
}

/// The prefixes of the names of a checkpoint's tensors.
enum CheckpointPart: String {
  case model = "model."
  case optimizer = "optimizer."
  case average = "moving_average."
  case lossScale = "loss_scale."
}
