import Foundation
import Torch
import VideoModels

/// The content of a file of tensors.
public struct WeightsInspection {
  /// The kind of file.
  public enum Kind: String, Sendable {
    /// A run's state: weights, optimizer, position.
    case checkpoint
    /// Only weights.
    case weights
    /// Tensors that are not a network known to mosi.
    case tensors
  }

  /// The open file.
  public let file: TensorFile
  /// The kind of file.
  public let kind: Kind
  /// The layout of the tensors' names; nil if they are not a network.
  public let names: StateNames?
  /// The description of the network; nil if the tensors are not a network.
  public let description: WeightsDescription?
  /// Why the tensors are not a network, or not the one that the file describes, as the predicate of a sentence whose
  /// subject is the file; nil if there is no problem.
  public let problem: String?
  /// The number of trainable numbers of the network and its head, without running statistics.
  public let parameterCount: Int?
  /// The number of classes of the head; nil if there is no head.
  public let classCount: Int?
  /// The position of the run; nil if the file is not a checkpoint.
  public let position: TrainingPosition?

  /// The tensors of a pretext task's own layers; see ``Weights/taskTensors``.
  public let taskTensors: [TensorSummary]

  /// Opens a file or a run's last checkpoint.
  ///
  /// - Throws: ``WeightsError``, `SafetensorsError`, `PyTorchCheckpointError`, `FileError` if the file cannot be read,
  ///   `ConfigurationError` if it is a checkpoint whose configuration cannot be read.
  public init(at path: String) throws {
    let header = try WeightsHeader(at: path)
    file = header.file
    kind = header.kind
    names = header.names
    description = header.description
    problem = header.problem
    parameterCount = header.description == nil ? nil : Self.parameterCount(header.network)
    classCount = header.classCount
    taskTensors = header.taskTensors
    position = header.position.flatMap {
      try? JSONDecoder().decode(TrainingPosition.self, from: Data($0.utf8))
    }
  }

  /// Finds NaN, infinity and negative variances. Loads all tensors except the state of an optimizer.
  ///
  /// - Throws: `SafetensorsError`, `PyTorchCheckpointError`, `FileError`.
  public func unsoundNumbers() throws -> [UnsoundNumbers] {
    let names = file.tensors.map(\.name).filter {
      kind != .checkpoint || !$0.hasPrefix(CheckpointPart.optimizer.rawValue)
    }
    return names.isEmpty ? [] : try UnsoundNumbers.all(in: file.load(Set(names)))
  }

  private static func parameterCount(_ tensors: [String: TensorSummary]) -> Int {
    tensors.filter { tensor in
      !["running_mean", "running_var", "num_batches_tracked"].contains { tensor.key.hasSuffix($0) }
    }.reduce(0) { $0 + $1.value.count }
  }
}

extension TensorSummary {
  /// The number of elements.
  public var count: Int { shape.reduce(1, *) }
  /// The number of bytes of the elements.
  public var byteCount: Int { count * dtype.byteCount }
}
