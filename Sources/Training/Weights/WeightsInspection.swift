import Foundation
import Torch
import VideoModels

/// What a file of tensors holds.
public struct WeightsInspection {
  public enum Kind: String, Sendable {
    /// A run's state: weights, optimizer, position.
    case checkpoint
    /// Weights alone.
    case weights
    /// Tensors that are not a network that mosi knows.
    case tensors
  }

  public let file: TensorFile
  public let kind: Kind
  /// Whose names the tensors have; nil if they are not a network.
  public let names: StateNames?
  /// What is known of the network; nil if the tensors are not a network.
  public let description: WeightsDescription?
  /// Why the tensors are not a network, or not the one that the file says: a predicate of a sentence whose subject is the file.
  public let problem: String?
  /// The number of numbers that training changes in the network and its head; running statistics are not among them.
  public let parameterCount: Int?
  /// The number of classes of the head; nil if there is none.
  public let classCount: Int?
  /// Where the run stands; nil if the file is not a checkpoint.
  public let position: TrainingPosition?

  /// The tensors of a pretext task's own layers; see ``Weights/taskTensors``.
  public let taskTensors: [TensorSummary]

  /// Opens a file or a run's last checkpoint.
  ///
  /// - Throws: ``WeightsError``, `SafetensorsError`, `PyTorchCheckpointError`, `FileError` if it cannot be read,
  ///   `ConfigurationError` if it is a checkpoint whose configuration cannot.
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

  /// The tensors whose numbers no sound training leaves. Loads the tensors, but for the state of an optimizer.
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
  public var byteCount: Int { count * dtype.byteCount }
}
