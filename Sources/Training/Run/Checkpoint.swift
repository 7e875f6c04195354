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
    func json(_ value: some Encodable) throws -> String {
      String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }
    var tensors: [String: Tensor] = [:]
    for (part, state) in [
      (CheckpointPart.model, model), (.optimizer, optimizer), (.average, average),
    ] {
      for (name, tensor) in state { tensors[part.rawValue + name] = tensor }
    }
    try Safetensors(
      tensors: tensors,
      metadata: [
        "format": CheckpointHeader.format, "mosi_version": Version.text,
        "phase": Configuration.phase.rawValue, "configuration": configuration.yaml,
        "position": json(position), "class_names": json(classNames),
      ]
    ).write(to: path)
  }

  /// Reads a checkpoint.
  ///
  /// - Throws: `SafetensorsError` or `FileError` if the file is torn or missing, ``RunError`` if it is something
  ///   else.
  public init(contentsOf path: String) throws {
    let file = try Safetensors(contentsOf: path)
    guard let header = CheckpointHeader(metadata: file.metadata) else {
      throw RunError.foreignCheckpoint(path: path, problem: "it was not written by mosi")
    }
    guard header.phase == Configuration.phase else {
      throw RunError.foreignCheckpoint(
        path: path, problem: "it comes from a \(header.phase.rawValue)")
    }
    guard
      let position = try? JSONDecoder().decode(
        TrainingPosition.self, from: Data(header.position.utf8))
    else {
      throw RunError.foreignCheckpoint(path: path, problem: "its position cannot be read")
    }
    func tensors(_ part: CheckpointPart) -> [String: Tensor] {
      Dictionary(
        uniqueKeysWithValues: file.tensors.filter { $0.key.hasPrefix(part.rawValue) }
          .map { (String($0.key.dropFirst(part.rawValue.count)), $0.value) })
    }
    configuration = try Configuration(yaml: header.configuration, origin: path)
    self.position = position
    classNames = header.classNames
    model = tensors(.model)
    optimizer = tensors(.optimizer)
    average = tensors(.average)
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
