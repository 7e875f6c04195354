import Configuration
import Foundation
import SafeFiles
import Torch

/// The state of a run in one file: weights and buffers, optimizer, moving average, configuration and position.
public struct Checkpoint<Configuration: RunConfiguration> {
  /// The configuration of the run.
  public let configuration: Configuration
  /// The position in the run, for resuming.
  public let position: TrainingPosition
  /// The names of the classes in the order of the logits; nil for a task without classes.
  public let classNames: [String]?
  /// The parameters and buffers of the network by name, each in the shape that the network gives it.
  public let model: [String: Tensor]
  /// The state of the optimizer by name; a state of a parameter has the parameter's shape.
  public let optimizer: [String: Tensor]
  /// The moving average by name, with the shapes of ``model``; empty if the run has none.
  public let average: [String: Tensor]
  /// The scale of the loss by name, each []; empty if the run has none.
  public let lossScale: [String: Tensor]

  /// The current state of a run.
  public init(
    configuration: Configuration, position: TrainingPosition, classNames: [String]?,
    network: Module, optimizer: any Optimizer, average: ExponentialMovingAverage? = nil,
    lossScale: LossScale? = nil
  ) {
    self.configuration = configuration
    self.position = position
    self.classNames = classNames
    self.model = network.state.byName
    self.optimizer = optimizer.state.byName
    self.average = average?.state.byName ?? [:]
    self.lossScale = lossScale?.state.byName ?? [:]
  }

  /// Writes the file atomically: completely or not at all.
  ///
  /// - Throws: `FileError`.
  public func write(to path: String) throws {
    func json(_ value: some Encodable) throws -> String {
      String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }
    var tensors: [String: Tensor] = [:]
    for (part, state) in [
      (CheckpointPart.model, model), (.optimizer, optimizer), (.average, average),
      (.lossScale, lossScale),
    ] {
      for (name, tensor) in state { tensors[part.rawValue + name] = tensor }
    }
    try Safetensors(
      tensors: tensors,
      metadata: [
        "format": CheckpointHeader.format, "mosi_version": Version.text,
        "phase": Configuration.phase.rawValue, "configuration": configuration.yaml,
        "position": json(position), "class_names": json(classNames),
      ], hasChecksum: true
    ).write(to: path)
  }

  /// Reads a checkpoint and verifies its checksum; the first two formats of checkpoints have none.
  ///
  /// - Throws: `SafetensorsError` or `FileError` if the file is damaged or missing, ``RunError`` if it is not a
  ///   checkpoint of this kind of training, `ConfigurationError` if its configuration cannot be read.
  public init(contentsOf path: String) throws {
    let file = try Safetensors(contentsOf: path)
    guard let header = CheckpointHeader(metadata: file.metadata) else {
      throw RunError.foreignCheckpoint(path: path, problem: "it was not written by mosi")
    }
    guard file.hasChecksum || !header.hasChecksum else {
      throw SafetensorsError(path: path, problem: "its checksum is missing")
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
    lossScale = tensors(.lossScale)
  }

  /// Copies the state into a network, its optimizer, its moving average and its scale of the loss.
  ///
  /// - Throws: ``RunError/foreignCheckpoint(path:problem:)`` if shapes or names differ.
  public func restore(
    network: Module, optimizer: any Optimizer, average: ExponentialMovingAverage? = nil,
    lossScale: LossScale? = nil, path: String
  ) throws {
    do {
      try network.load(model)
      try optimizer.load(self.optimizer)
      try average?.load(self.average)
      try lossScale?.state.load(self.lossScale)
    } catch {
      throw RunError.foreignCheckpoint(path: path, problem: error.description)
    }
  }
}
