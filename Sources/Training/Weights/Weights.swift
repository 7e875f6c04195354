import Configuration
import Foundation
import Pretext
import SafeFiles
import Torch
import VideoModels

/// The weights of a video network out of a file, with what the file says about them.
public struct Weights {
  /// Where they come from: a run's folder or a file.
  public let path: String
  /// By the names of a `VideoClassifier`: `backbone.…` and `head.…`.
  public let tensors: [String: Tensor]
  public let description: WeightsDescription
  /// The configuration of the pre-training that they come from, if they do.
  public let pretraining: PretrainingConfiguration?
  /// The configuration of the fine-tuning that they come from, if they do.
  public let finetuning: FinetuningConfiguration?

  private let header: WeightsHeader

  /// The network that they fit.
  public var model: ModelSettings { description.model }
  /// What the head tells apart.
  public var head: VideoClassifier.Head.Kind { description.head ?? .pretext }
  /// The classes of the head, in the order of its logits; nil if the file does not say.
  public var classNames: [String]? { description.classNames }
  /// What the network's clips were normalized by; nil if the file does not say.
  public var normalization: Normalization? { description.normalization }
  /// The clips that the network was trained on; nil if the file does not say.
  public var clip: ClipSettings? { description.clip }

  /// Reads weights; of a checkpoint the network alone, neither the optimizer's state nor what a moving average replaces.
  ///
  /// - Parameter path: a run's folder, whose last checkpoint is taken; a checkpoint of a run; what ``write(to:as:backboneOnly:)``
  ///   wrote; or a state dict with the names of mosi, torchvision or VCOP. Files are safetensors or what PyTorch writes (.pt,
  ///   .pth, .pyth). Numbers that are not finite, and running variances below 0, are refused.
  /// - Throws: ``WeightsError``, `SafetensorsError`, `PyTorchCheckpointError`, `FileError`, `ConfigurationError`.
  public init(at path: String) throws {
    let header = try WeightsHeader(at: path)
    guard let description = header.description, header.problem == nil else {
      // Reading a file without tensors says why there are none.
      if header.file.tensors.isEmpty { _ = try header.file.load() }
      throw WeightsError(path: path, problem: header.problem!)
    }
    self.path = path
    self.header = header
    self.description = description
    pretraining = try description.recipe?.pretraining(origin: path)
    finetuning = try description.recipe?.finetuning(origin: path)
    let loaded = try header.load(header.network)
    let names = Dictionary(uniqueKeysWithValues: loaded.map { (header.network[$0]!.name, $1) })
    if let problem = UnsoundNumbers.all(in: names).problem {
      throw WeightsError(path: path, problem: problem)
    }
    tensors =
      loaded
      // Files of other programs may lack the counts of batches.
      .merging(header.missingCounts.map { ($0, .zeros([], dtype: .int64)) }) { own, _ in own }
  }

  /// The tensors that a pretext task's own layers have beside the network (a decoder's, say), by the names of the task's
  /// network: `decoder.…`, `aggregator.…`; mostly none.
  public var taskTensors: [TensorSummary] { header.taskTensors }

  /// Loads ``taskTensors`` to the CPU, by name.
  ///
  /// - Throws: `SafetensorsError`, `PyTorchCheckpointError`, `FileError`.
  public func loadTaskTensors() throws -> [String: Tensor] { try header.load(header.task) }

  /// The file of weights at `path`: itself, or the last checkpoint of a run's folder.
  ///
  /// - Throws: ``WeightsError`` if there is none.
  static func file(at path: String) throws -> String {
    guard fileExists(at: path) else {
      throw WeightsError(path: path, problem: "does not exist: name a run's folder or a checkpoint")
    }
    let file = isFolder(at: path) ? RunFolder(path: path).last : path
    guard fileExists(at: file) else {
      throw WeightsError(
        path: path,
        problem: "is a folder without last.safetensors: name a run's folder or a checkpoint")
    }
    return file
  }

  /// The number of classes of the head; nil if there is none.
  public var classCount: Int? { header.classCount }

  /// The names of the actions that the head tells apart, `class N` if the file has none.
  ///
  /// - Throws: ``WeightsError`` if there is no head for actions.
  public func actionNames() throws -> [String] {
    guard head == .actions, let classCount else {
      throw WeightsError(
        path: path,
        problem: "has no head for actions: fine-tune it first (mosi finetune), or use mosi retrieve"
      )
    }
    return classNames ?? (0..<classCount).map { "class \($0)" }
  }

  /// The network with these weights, in evaluation mode, on the CPU. If the file has no head, its logits mean nothing.
  public func makeModel() -> VideoClassifier {
    let model = self.model.makeModel(head: head, classes: classCount ?? 1, seed: 0)
    do {
      if classCount == nil { try model.loadBackbone(tensors) } else { try model.load(tensors) }
    } catch {
      preconditionFailure("checked when they were read: \(error)")
    }
    model.train(false)
    return model
  }

  /// A network of the same kind with random weights to compare with, in evaluation mode, on the CPU.
  public func makeRandomModel(seed: UInt64) -> VideoClassifier {
    let model = self.model.makeModel(head: head, classes: classCount ?? 1, seed: seed)
    model.train(false)
    return model
  }

  /// The tensors in the network's order, of the backbone alone or with the head, and the names of the normalizations' scales
  /// with those of their running variances.
  func state(backboneOnly: Bool) -> (
    tensors: [(name: String, tensor: Tensor)], scales: [String: String]
  ) {
    let named = description.expectedState(classCount: backboneOnly ? nil : classCount)
      .map { (name: $0.name, tensor: tensors[$0.name]!) }
    let scales = description.metaModel(classCount: classCount).parameters.filter {
      $0.role == .normalization && $0.name.hasSuffix(".weight")
    }.map(\.name)
    return (
      named,
      Dictionary(
        uniqueKeysWithValues: scales.map { ($0, $0.dropLast("weight".count) + "running_var") })
    )
  }
}

/// Weights that cannot be used: one sentence that names the file.
public struct WeightsError: Error, Sendable, CustomStringConvertible {
  public let path: String
  /// The predicate of a sentence whose subject is the path.
  public let problem: String
  public var description: String { "\(path) \(problem)" }
}
