import Foundation
import SafeFiles
import Torch
import VideoModels

/// Where a run stands: everything beside tensors that going on to the same numbers needs.
public struct TrainingPosition: Codable, Equatable, Sendable {
  /// Steps (updates) that are done.
  public var step = 0
  /// The best top-1 of a validation, a fraction; below 0 before the first.
  public var bestTop1 = -1.0
  /// The length in bytes of metrics.jsonl with what is said about these steps.
  public var metricsBytes = 0
  /// Seconds spent on steps, loading included.
  public var trainingSeconds = 0.0
  public var validationSeconds = 0.0
  /// What was trained and validated on, as a digest of all names; 0 before the start.
  public var sources: UInt64 = 0
  /// The indices of the bad training sources met so far.
  public var badSources: [Int] = []

  public init() {}
}

/// A run's state in one file: weights, statistics and optimizer by name, the configuration and the position.
public struct Checkpoint {
  public let configuration: PretrainingConfiguration
  public let position: TrainingPosition
  public let classNames: [String]
  /// The parameters and buffers of the model.
  public let model: [String: Tensor]
  public let optimizer: [String: Tensor]

  private static let format = "mosi-checkpoint-1"
  private static let modelPrefix = "model."
  private static let optimizerPrefix = "optimizer."

  public init(
    configuration: PretrainingConfiguration, position: TrainingPosition, classNames: [String],
    model: VideoClassifier, optimizer: any Optimizer
  ) {
    self.configuration = configuration
    self.position = position
    self.classNames = classNames
    self.model = Dictionary(uniqueKeysWithValues: model.state.map { ($0.name, $0.tensor) })
    self.optimizer = Dictionary(uniqueKeysWithValues: optimizer.state.map { ($0.name, $0.tensor) })
  }

  /// Writes the file whole or not at all.
  ///
  /// - Throws: `FileError`.
  public func write(to path: String) throws {
    var tensors: [String: Tensor] = [:]
    for (name, tensor) in model { tensors[Self.modelPrefix + name] = tensor }
    for (name, tensor) in optimizer { tensors[Self.optimizerPrefix + name] = tensor }
    try Safetensors(
      tensors: tensors,
      metadata: [
        "format": Self.format,
        "configuration": try configuration.yaml,
        "position": String(decoding: try JSONEncoder().encode(position), as: UTF8.self),
        "class_names": String(decoding: try JSONEncoder().encode(classNames), as: UTF8.self),
      ]
    ).write(to: path)
  }

  /// Reads a checkpoint.
  ///
  /// - Throws: `SafetensorsError` or `FileError` where the file is torn or missing, ``RunError`` where it is
  ///   something else.
  public init(contentsOf path: String) throws {
    let file = try Safetensors(contentsOf: path)
    guard file.metadata["format"] == Self.format,
      let yaml = file.metadata["configuration"],
      let position = file.metadata["position"].flatMap({
        try? JSONDecoder().decode(TrainingPosition.self, from: Data($0.utf8))
      }),
      let classNames = file.metadata["class_names"].flatMap({
        try? JSONDecoder().decode([String].self, from: Data($0.utf8))
      })
    else {
      throw RunError.foreignCheckpoint(path: path, problem: "it was not written by mosi pretrain")
    }
    configuration = try PretrainingConfiguration(yaml: yaml, origin: path)
    self.position = position
    self.classNames = classNames
    func tensors(_ prefix: String) -> [String: Tensor] {
      Dictionary(
        uniqueKeysWithValues: file.tensors.filter { $0.key.hasPrefix(prefix) }
          .map { (String($0.key.dropFirst(prefix.count)), $0.value) })
    }
    model = tensors(Self.modelPrefix)
    optimizer = tensors(Self.optimizerPrefix)
  }

  /// Copies the state into a model and its optimizer.
  ///
  /// - Throws: ``RunError`` where shapes or names differ.
  public func restore(model: VideoClassifier, optimizer: any Optimizer, path: String) throws {
    do {
      try model.load(self.model)
      try optimizer.load(self.optimizer)
    } catch let mismatch as StateMismatch {
      throw RunError.foreignCheckpoint(path: path, problem: mismatch.description)
    }
  }
}
