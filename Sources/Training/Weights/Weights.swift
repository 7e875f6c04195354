import Configuration
import Foundation
import Pretext
import SafeFiles
import Torch
import VideoModels

/// The weights of a video network out of a file, with what the file tells about them.
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

  /// The network that they fit.
  public var model: ModelSettings { description.model }
  /// What the head tells apart.
  public var head: VideoClassifier.Head.Kind { description.head ?? .pretext }
  /// The classes of the head, in the order of its logits; nil where the file does not tell.
  public var classNames: [String]? { description.classNames }
  /// What the network's clips were normalized by; nil where the file does not tell.
  public var normalization: Normalization? { description.normalization }
  /// The clips that the network was trained on; nil where the file does not tell.
  public var clip: ClipSettings? { description.clip }

  /// Reads weights.
  ///
  /// - Parameter path: a run's folder, whose last checkpoint is taken; a checkpoint of a run; what ``write(to:as:backboneOnly:)``
  ///   wrote; or a state dict with the names of the authors' code or of torchvision's. Files are safetensors or what PyTorch
  ///   writes (.pt, .pth, .pyth).
  /// - Throws: ``WeightsError``, `SafetensorsError`, `PyTorchCheckpointError`, `FileError`, ``ConfigurationError``.
  public init(at path: String) throws {
    let file = try TensorFile(at: try Self.file(at: path))
    let tensors = try file.load()
    if file.form == .safetensors,
      let checkpoint = CheckpointFile(metadata: file.metadata, tensors: tensors)
    {
      // The average is what was judged, where there is one.
      let averages = checkpoint.average.compactMap { name, tensor in
        ExponentialMovingAverage.averagedName(name).map { ($0, tensor) }
      }
      try self.init(
        path: path, tensors: checkpoint.model.merging(averages) { $1 },
        description: WeightsDescription(checkpoint, path: file.path))
      return
    }
    let told = try WeightsDescription(metadata: file.metadata, path: path)
    let network: RecognizedNetwork
    do {
      network = try RecognizedNetwork(shapes: tensors.mapValues(\.shape))
    } catch let unrecognized as UnrecognizedNetwork {
      throw WeightsError(path: path, problem: unrecognized.description)
    }
    if let difference = told?.difference(from: network) {
      throw WeightsError(path: path, problem: difference)
    }
    try self.init(
      path: path, tensors: network.ownState(tensors),
      description: told ?? WeightsDescription(network))
  }

  /// The file of weights at `path`: itself, or the last checkpoint of a run's folder.
  ///
  /// - Throws: ``WeightsError`` where there is none.
  static func file(at path: String) throws -> String {
    guard FileManager.default.fileExists(atPath: path) else {
      throw WeightsError(path: path, problem: "does not exist: name a run's folder or a checkpoint")
    }
    let file = isFolder(at: path) ? RunFolder(path: path).last : path
    guard FileManager.default.fileExists(atPath: file) else {
      throw WeightsError(
        path: path,
        problem: "is a folder without last.safetensors: name a run's folder or a checkpoint")
    }
    return file
  }

  private init(path: String, tensors: [String: Tensor], description: WeightsDescription) throws {
    self.path = path
    self.tensors = tensors
    self.description = description
    pretraining = try description.recipe?.pretraining(origin: path)
    finetuning = try description.recipe?.finetuning(origin: path)
    // A file from a stranger may say one thing and hold another.
    if let problem = description.problem(of: TensorSummary.all(tensors)) {
      throw WeightsError(path: path, problem: problem)
    }
  }

  /// The number of classes of the head; nil where there is none.
  public var classCount: Int? { tensors["head.\(head.rawValue).weight"]?.shape.first }

  /// The names of the actions that the head tells apart, `class N` where the file has none.
  ///
  /// - Throws: ``WeightsError`` where there is no head for actions.
  public func actionNames() throws -> [String] {
    guard head == .actions, let classCount else {
      throw WeightsError(
        path: path,
        problem: "has no head for actions: fine-tune it first (mosi finetune), or use mosi retrieve"
      )
    }
    return classNames ?? (0..<classCount).map { "class \($0)" }
  }

  /// The network with these weights, in evaluation mode, on the CPU. Where the file has no head, its logits mean nothing.
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
