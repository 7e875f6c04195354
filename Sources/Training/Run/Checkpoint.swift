import Configuration
import Foundation
import SafeFiles
import Torch

/// A run's state in one file: weights, statistics and optimizer by name, the configuration and the position.
public struct Checkpoint<Configuration: RunConfiguration> {
  public let configuration: Configuration
  public let position: TrainingPosition
  /// nil for a task without classes.
  public let classNames: [String]?
  /// The parameters and buffers of the network.
  public let model: [String: Tensor]
  public let optimizer: [String: Tensor]
  /// The state of the moving average of the model's; empty for none.
  public let average: [String: Tensor]

  public init(
    configuration: Configuration, position: TrainingPosition, classNames: [String]?,
    network: Module, optimizer: any Optimizer, average: ExponentialMovingAverage? = nil
  ) {
    self.configuration = configuration
    self.position = position
    self.classNames = classNames
    self.model = network.state.byName
    self.optimizer = optimizer.state.byName
    self.average = average?.state.byName ?? [:]
  }

  /// Writes the file whole or not at all.
  ///
  /// - Throws: `FileError`.
  public func write(to path: String) throws {
    try CheckpointFile(
      phase: Configuration.phase, configuration: configuration.yaml,
      position: String(decoding: try JSONEncoder().encode(position), as: UTF8.self),
      classNames: classNames, model: model, optimizer: optimizer, average: average
    ).write(to: path)
  }

  /// Reads a checkpoint.
  ///
  /// - Throws: `SafetensorsError` or `FileError` where the file is torn or missing, ``RunError`` where it is
  ///   something else.
  public init(contentsOf path: String) throws {
    let file = try Safetensors(contentsOf: path)
    guard let content = CheckpointFile(file) else {
      throw RunError.foreignCheckpoint(path: path, problem: "it was not written by mosi")
    }
    guard content.phase == Configuration.phase,
      let position = try? JSONDecoder().decode(
        TrainingPosition.self, from: Data(content.position.utf8))
    else {
      throw RunError.foreignCheckpoint(
        path: path, problem: "it comes from a \(content.phase.rawValue)")
    }
    configuration = try Configuration(yaml: content.configuration, origin: path)
    self.position = position
    classNames = content.classNames
    model = content.model
    optimizer = content.optimizer
    average = content.average
  }

  /// Copies the state into a network, its optimizer and its average.
  ///
  /// - Throws: ``RunError`` if shapes or names differ.
  public func restore(
    network: Module, optimizer: any Optimizer, average: ExponentialMovingAverage? = nil,
    path: String
  ) throws {
    do {
      try network.load(model)
      try optimizer.load(self.optimizer)
      try average?.load(self.average)
    } catch {
      throw RunError.foreignCheckpoint(path: path, problem: error.description)
    }
  }
}

/// A checkpoint as it lies in a file, whatever the kind of training.
struct CheckpointFile {
  let phase: TrainingPhase
  /// As YAML.
  let configuration: String
  /// As JSON.
  let position: String
  /// nil for a task without classes.
  let classNames: [String]?
  let model: [String: Tensor]
  let optimizer: [String: Tensor]
  let average: [String: Tensor]
  /// The version of mosi that wrote it; nil for the first.
  let version: String?

  init(
    phase: TrainingPhase, configuration: String, position: String, classNames: [String]?,
    model: [String: Tensor], optimizer: [String: Tensor], average: [String: Tensor],
    version: String? = Version.text
  ) {
    self.phase = phase
    self.configuration = configuration
    self.position = position
    self.classNames = classNames
    self.model = model
    self.optimizer = optimizer
    self.average = average
    self.version = version
  }

  /// Nil if `file` is not a checkpoint.
  init?(_ file: Safetensors) {
    guard let header = CheckpointHeader(metadata: file.metadata) else { return nil }
    func tensors(_ part: CheckpointPart) -> [String: Tensor] {
      Dictionary(
        uniqueKeysWithValues: file.tensors.filter { $0.key.hasPrefix(part.rawValue) }
          .map { (String($0.key.dropFirst(part.rawValue.count)), $0.value) })
    }
    self.init(
      phase: header.phase, configuration: header.configuration, position: header.position,
      classNames: header.classNames, model: tensors(.model), optimizer: tensors(.optimizer),
      average: tensors(.average), version: header.version)
  }

  func write(to path: String) throws {
    var tensors: [String: Tensor] = [:]
    for (part, state) in [
      (CheckpointPart.model, model), (.optimizer, optimizer), (.average, average),
    ] {
      for (name, tensor) in state { tensors[part.rawValue + name] = tensor }
    }
    try Safetensors(
      tensors: tensors,
      metadata: [
        "format": CheckpointHeader.format, "mosi_version": Version.text, "phase": phase.rawValue,
        "configuration": configuration,
        "position": position,
        "class_names": String(decoding: try JSONEncoder().encode(classNames), as: UTF8.self),
      ]
    ).write(to: path)
  }
}
