import Configuration
import Foundation
import Pretext
import SafeFiles
import Torch
import VideoModels

/// The weights of a video network from a file, and what the file says about them.
public struct Weights {
  /// The path that they were read from: a run's folder or a file.
  public let path: String
  /// The tensors by the names of a `VideoClassifier`: `backbone.…` and `head.…`, in the shapes of its parameters and
  /// buffers.
  public let tensors: [String: Tensor]
  /// The file's description of the weights.
  public let description: WeightsDescription
  /// The configuration of the pre-training that produced them; nil if there is none.
  public let pretraining: PretrainingConfiguration?
  /// The configuration of the fine-tuning that produced them; nil if there is none.
  public let finetuning: FinetuningConfiguration?

  /// True if the file has no running statistics of batch normalization, like DPC's: ``tensors`` has those of a new network,
  /// means of 0 and variances of 1. Features are then of no use before a fine-tuning.
  public let lacksStatistics: Bool

  private let header: WeightsHeader

  /// The network that they fit.
  public var model: ModelSettings { description.model }
  /// The kind of head, with its classes if it has any.
  public var head: VideoClassifier.Head.Kind { description.head ?? .pretext }
  /// The names of the classes in the order of the logits; nil if the file does not contain them.
  public var classNames: [String]? { description.classNames }
  /// The normalization of the network's input; nil if the file does not contain it.
  public var normalization: Normalization? { description.normalization }
  /// The frames, interval, size and preset of the clips that the network was trained on; nil if the file does not contain
  /// them.
  public var clip: ClipSettings? { description.clip }

  /// Reads weights. From a checkpoint, reads only the network, and its moving average in place of the weights if there is
  /// one.
  ///
  /// - Parameter path: a run's folder, whose last checkpoint is read; a checkpoint; a file written by
  ///   ``write(to:as:backboneOnly:)``; or a state dict with the names of mosi, torchvision, VCOP, DPC, CoCLR, VideoMAE or
  ///   Hugging Face's VideoMAE. Files are safetensors or PyTorch files (.pt, .pth, .pyth).
  /// - Throws: ``WeightsError``, also for NaN, infinity and negative running variances; `SafetensorsError`,
  ///   `PyTorchCheckpointError`, `FileError`, `ConfigurationError`.
  public init(at path: String) throws {
    let header = try WeightsHeader(at: path)
    guard let description = header.description, header.problem == nil else {
      // If the file has no tensors, reading it throws an error that explains why.
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
    // Files of other programs may lack batch counters, and DPC's running statistics.
    let missing = header.missingState()
    lacksStatistics = missing.keys.contains { $0.hasSuffix(".running_var") }
    tensors = loaded.merging(missing) { own, _ in own }
  }

  /// The names in the file of the network's tensors, by their names in a `VideoClassifier`.
  var fileNames: [String: [String]] { header.namesInFile(header.network) }

  /// The names in the file of ``taskTensors``, by their names there.
  var taskFileNames: [String: [String]] { header.namesInFile(header.task) }

  /// The names of the file's tensors of weights: not of an optimizer's state.
  var allFileNames: [String] { header.weightNames }

  /// The tensors of a pretext task's own layers, such as a decoder, by the names of the task's network: `decoder.…`,
  /// `aggregator.…`. Those of other programs' tasks that do not exist here have their names in the file. Most tasks have none.
  public var taskTensors: [TensorSummary] { header.taskTensors }

  /// Loads ``taskTensors`` to the CPU, by name, in the shapes listed there.
  ///
  /// - Throws: `SafetensorsError`, `PyTorchCheckpointError`, `FileError`.
  public func loadTaskTensors() throws -> [String: Tensor] { try header.load(header.task) }

  /// The file of weights at `path`: the file itself, or the last checkpoint of a run's folder.
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

  /// The number of classes of the head; nil if there is no head.
  public var classCount: Int? { header.classCount }

  /// The names of the actions that the head distinguishes; `class N` if the file has no names.
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

  /// The network with these weights on the CPU, in evaluation mode. If the file has no head, the logits are meaningless.
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

  /// A network of the same kind with random weights, for comparison, on the CPU and in evaluation mode.
  public func makeRandomModel(seed: UInt64) -> VideoClassifier {
    let model = self.model.makeModel(head: head, classes: classCount ?? 1, seed: seed)
    model.train(false)
    return model
  }

  /// The tensors in the network's order, with the head or of the backbone alone, and a map from the names of the batch
  /// normalizations' scales to those of their running variances.
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

/// The error for weights that cannot be used. Its text is one sentence that names the file.
public struct WeightsError: Error, Sendable, CustomStringConvertible {
  /// The path of the file or folder.
  public let path: String
  /// The problem, as the predicate of a sentence whose subject is the path.
  public let problem: String
  public var description: String { "\(path) \(problem)" }
}
