import Foundation
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
  public var normalization: NormalizationSettings? { description.normalization }
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
    let network: RecognizedNetwork
    do {
      network = try RecognizedNetwork(shapes: tensors.mapValues(\.shape))
    } catch let unrecognized as UnrecognizedNetwork {
      throw WeightsError(path: path, problem: unrecognized.description)
    }
    let told = try WeightsDescription(metadata: file.metadata, path: path)
    if let told, let difference = told.difference(from: network) {
      throw WeightsError(path: path, problem: "cannot be used: \(difference)")
    }
    try self.init(
      path: path, tensors: network.ownState(tensors),
      description: told ?? WeightsDescription(network))
  }

  /// The file of weights at `path`: itself, or the last checkpoint of a run's folder.
  ///
  /// - Throws: ``WeightsError`` where there is none.
  static func file(at path: String) throws -> String {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw WeightsError(path: path, problem: "does not exist: name a run's folder or a checkpoint")
    }
    let file = isFolder.boolValue ? RunFolder(path: path).last : path
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
    if let names = description.classNames {
      guard names.count == classCount, Set(names).count == classCount else {
        throw WeightsError(
          path: path,
          problem: "names \(Set(names).count) classes for a head of \(classCount ?? 0)")
      }
    }
    try checkTensors()
  }

  /// - Throws: ``WeightsError`` that names the tensors that differ from the network that the file claims. Nothing is
  ///   allocated for a claim before it is known to hold.
  private func checkTensors() throws {
    let expected = expectedState
    let mismatch = StateMismatch(
      expected: expected.map { ($0.name, $0.tensor.shape) }, found: tensors.mapValues(\.shape))
    guard mismatch.isEmpty else {
      throw WeightsError(path: path, problem: "cannot be used: \(mismatch)")
    }
    let foreign = expected.first {
      $0.tensor.dtype.isFloatingPoint != tensors[$0.name]!.dtype.isFloatingPoint
    }
    if let (name, _) = foreign {
      throw WeightsError(
        path: path, problem: "cannot be used: \(name) holds numbers as \(tensors[name]!.dtype)")
    }
  }

  /// The tensors that the network has, in its order and without memory.
  private var expectedState: [(name: String, tensor: Tensor)] {
    let model = metaModel
    return classCount == nil
      ? model.backbone.state.map { ("backbone.\($0.name)", $0.tensor) } : model.state
  }

  private var metaModel: VideoClassifier {
    VideoClassifier(
      model.architecture, width: model.width, head: head, classes: classCount ?? 1, device: .meta)
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

  /// The tensors in the network's order, of the backbone alone or with the head, and the names of the normalizations' scales
  /// with those of their running variances.
  func state(backboneOnly: Bool) -> (
    tensors: [(name: String, tensor: Tensor)], scales: [String: String]
  ) {
    let named = expectedState.filter { !backboneOnly || $0.name.hasPrefix("backbone.") }
      .map { (name: $0.name, tensor: tensors[$0.name]!) }
    let scales = metaModel.parameters.filter {
      $0.role == .normalization && $0.name.hasSuffix(".weight")
    }.map(\.name)
    return (
      named,
      Dictionary(
        uniqueKeysWithValues: scales.map {
          ($0, $0.dropLast("weight".count) + "running_var")
        })
    )
  }
}

extension WeightsDescription {
  /// What the file says otherwise than its tensors; nil where they agree.
  fileprivate func difference(from network: RecognizedNetwork) -> String? {
    if model.architecture != network.architecture || model.width != network.width {
      return
        "its metadata says \(model.architecture.rawValue) of width \(model.width), its tensors "
        + "are those of \(network.architecture.rawValue) of width \(network.width)"
    }
    if head != network.head?.kind {
      func words(_ head: VideoClassifier.Head.Kind?) -> String { head?.rawValue ?? "no head" }
      return "its metadata says \(words(head)), its tensors have \(words(network.head?.kind))"
    }
    return nil
  }
}

/// Weights that cannot be used: one sentence that names the file.
public struct WeightsError: Error, Sendable, CustomStringConvertible {
  public let path: String
  /// The predicate of a sentence whose subject is the path.
  public let problem: String
  public var description: String { "\(path) \(problem)" }
}
