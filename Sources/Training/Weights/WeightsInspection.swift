import Foundation
import Torch
import VideoModels

/// What a file of tensors holds, found out without loading one of them.
public struct WeightsInspection {
  public enum Kind: String, Sendable {
    /// A run's state: weights, optimizer, position.
    case checkpoint
    /// Weights alone.
    case weights
    /// Tensors that are no network that mosi knows.
    case tensors
  }

  public let file: TensorFile
  public let kind: Kind
  /// Whose names the tensors have; nil where they are no network.
  public let names: StateNames?
  /// What is known of the network; nil where the tensors are none.
  public let description: WeightsDescription?
  /// Why the tensors are no network, or not the one that the file says, as a predicate of a sentence whose subject is the file.
  public let problem: String?
  /// The numbers that training changes, of the head too; running statistics are not among them.
  public let parameterCount: Int?
  /// The number of classes of the head; nil where there is none.
  public let classCount: Int?
  /// Where the run stands; nil where the file is no checkpoint.
  public let position: TrainingPosition?

  /// Opens a file or a run's last checkpoint.
  ///
  /// - Throws: ``WeightsError``, `SafetensorsError`, `PyTorchCheckpointError`, `FileError` where it cannot be read,
  ///   ``ConfigurationError`` where it is a checkpoint whose configuration cannot.
  public init(at path: String) throws {
    let file = try TensorFile(at: try Weights.file(at: path))
    self.file = file
    if file.form == .safetensors, let checkpoint = CheckpointFile(metadata: file.metadata) {
      let part = CheckpointFile.Part.model.rawValue
      let model = file.tensors.filter { $0.name.hasPrefix(part) }.map {
        TensorSummary(
          name: String($0.name.dropFirst(part.count)), dtype: $0.dtype, shape: $0.shape)
      }
      let told = try WeightsDescription(checkpoint, path: file.path)
      kind = .checkpoint
      names = .released
      description = told
      problem = told.problem(of: model)
      position = try? JSONDecoder().decode(
        TrainingPosition.self, from: Data(checkpoint.position.utf8))
      classCount = checkpoint.classNames?.count
      parameterCount = Self.parameterCount(model)
      return
    }
    position = nil
    let told = try WeightsDescription(metadata: file.metadata, path: file.path)
    do {
      let network = try RecognizedNetwork(
        shapes: Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, $0.shape) }))
      kind = .weights
      names = network.names
      description = told ?? WeightsDescription(network)
      problem =
        told.flatMap { told in
          told.difference(from: network) ?? told.problem(of: network.ownSummaries(file.tensors))
        }
      classCount = network.head?.classes
      parameterCount = Self.parameterCount(file.tensors)
    } catch let unrecognized as UnrecognizedNetwork {
      kind = .tensors
      names = nil
      description = nil
      problem = unrecognized.description
      classCount = nil
      parameterCount = nil
    }
  }

  private static func parameterCount(_ tensors: [TensorSummary]) -> Int {
    tensors.filter { tensor in
      !["running_mean", "running_var", "num_batches_tracked"].contains { tensor.name.hasSuffix($0) }
    }.reduce(0) { $0 + $1.count }
  }
}

extension TensorSummary {
  /// The number of elements.
  public var count: Int { shape.reduce(1, *) }
  public var byteCount: Int { count * dtype.byteCount }
}
