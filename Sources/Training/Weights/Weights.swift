import Foundation
import SafeFiles
import Torch
import VideoModels

/// The weights of a video network out of a file, with what the file tells about them.
public struct Weights {
  /// Where they come from: a run's folder or a file.
  public let path: String
  /// By the names of a `VideoClassifier`: `backbone.…` and `head.…`.
  public let tensors: [String: Tensor]
  /// The network that they fit; of its dropout files tell only where mosi wrote them.
  public let model: ModelSettings
  public let head: VideoClassifier.Head.Kind
  /// The classes of the head, in the order of its logits; nil where the file does not tell.
  public let classNames: [String]?
  /// What the network's clips were normalized by; nil where the file does not tell.
  public let normalization: NormalizationSettings?
  /// The clips that the network was trained on; nil where the file does not tell. Of a pre-training its frames and size.
  public let clip: ClipSettings?
  /// The configuration of the pre-training that they come from, if they do.
  public let pretraining: PretrainingConfiguration?
  /// The configuration of the fine-tuning that they come from, if they do.
  public let finetuning: FinetuningConfiguration?

  /// Reads weights.
  ///
  /// - Parameter path: a run's folder, whose last checkpoint is taken; a checkpoint of a run; or a state dict with the
  ///   names of the authors' code or of torchvision's, as safetensors or as PyTorch writes it (.pt, .pth, .pyth).
  /// - Throws: ``WeightsError``, `SafetensorsError`, `PyTorchCheckpointError`, `FileError`, ``ConfigurationError``.
  public init(at path: String) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw WeightsError(path: path, problem: "does not exist: name a run's folder or a checkpoint")
    }
    let file = isFolder.boolValue ? RunFolder(path: path).last : path
    guard !isFolder.boolValue || FileManager.default.fileExists(atPath: file) else {
      throw WeightsError(
        path: path,
        problem: "is a folder without last.safetensors: name a run's folder or a checkpoint")
    }
    if Self.beginsLikeZip(file) {
      let state = try PyTorchCheckpoint(contentsOf: file).loadStateDict()
      try self.init(
        stateDict: Dictionary(state.map { ($0.name, $0.tensor) }) { first, _ in first }, path: path)
      return
    }
    let content = try Safetensors(contentsOf: file)
    if let checkpoint = CheckpointFile(content) {
      try self.init(checkpoint, path: path, file: file)
    } else {
      try self.init(stateDict: content.tensors, path: path)
    }
  }

  private static func beginsLikeZip(_ path: String) -> Bool {
    guard let file = FileHandle(forReadingAtPath: path) else { return false }
    defer { try? file.close() }
    return (try? file.read(upToCount: 2)) == Data("PK".utf8)
  }

  /// A checkpoint of a run.
  private init(_ checkpoint: CheckpointFile, path: String, file: String) throws {
    // The average is what was judged, where there is one.
    let averages = checkpoint.average.compactMap { name, tensor in
      ExponentialMovingAverage.averagedName(name).map { ($0, tensor) }
    }
    let tensors = checkpoint.model.merging(averages) { $1 }
    switch checkpoint.phase {
    case .pretraining:
      let configuration = try PretrainingConfiguration(yaml: checkpoint.configuration, origin: file)
      var clip = ClipSettings()
      clip.frames = configuration.clip.frames
      clip.size = configuration.clip.size
      self.init(
        path: path, tensors: tensors, model: configuration.model, head: .pretext,
        classNames: checkpoint.classNames, normalization: configuration.normalization, clip: clip,
        pretraining: configuration)
    case .finetuning:
      let configuration = try FinetuningConfiguration(yaml: checkpoint.configuration, origin: file)
      self.init(
        path: path, tensors: tensors, model: configuration.model, head: .actions,
        classNames: checkpoint.classNames, normalization: configuration.normalization,
        clip: configuration.clip, finetuning: configuration)
    }
    // A file from a stranger may say one thing and hold another.
    guard checkpoint.classNames.count == classCount, Set(checkpoint.classNames).count == classCount
    else {
      throw WeightsError(
        path: path,
        problem:
          "names \(Set(checkpoint.classNames).count) classes for a head of \(classCount ?? 0)")
    }
    try checkTensors()
  }

  private init(
    path: String, tensors: [String: Tensor], model: ModelSettings, head: VideoClassifier.Head.Kind,
    classNames: [String]?, normalization: NormalizationSettings?, clip: ClipSettings?,
    pretraining: PretrainingConfiguration? = nil, finetuning: FinetuningConfiguration? = nil
  ) {
    self.path = path
    self.tensors = tensors
    self.model = model
    self.head = head
    self.classNames = classNames
    self.normalization = normalization
    self.clip = clip
    self.pretraining = pretraining
    self.finetuning = finetuning
  }

  /// A state dict that says nothing about itself: the network is the one whose tensors it has.
  private init(stateDict tensors: [String: Tensor], path: String) throws {
    let network: RecognizedNetwork
    do {
      network = try RecognizedNetwork(shapes: tensors.mapValues(\.shape))
    } catch let unrecognized as UnrecognizedNetwork {
      throw WeightsError(path: path, problem: unrecognized.description)
    }
    var settings = ModelSettings()
    settings.architecture = network.architecture
    settings.width = network.width
    settings.batchNormEpsilon = network.epsilon
    self.init(
      path: path, tensors: network.ownState(tensors), model: settings,
      head: network.head?.kind ?? .pretext, classNames: nil,
      normalization: network.names == .torchvision ? .kinetics : nil, clip: nil)
    try checkTensors()
  }

  /// - Throws: ``WeightsError`` that names the tensors that differ from the network that the file claims. Nothing is
  ///   allocated for a claim before it is known to hold.
  private func checkTensors() throws {
    let claimed = VideoClassifier(
      model.architecture, width: model.width, head: head, classes: classCount ?? 1, device: .meta)
    let expected =
      classCount == nil
      ? claimed.backbone.state.map { ("backbone.\($0.name)", $0.tensor) }
      : claimed.state.map { ($0.name, $0.tensor) }
    let mismatch = StateMismatch(
      expected: expected.map { ($0.0, $0.1.shape) }, found: tensors.mapValues(\.shape))
    guard mismatch.isEmpty else {
      throw WeightsError(path: path, problem: "cannot be used: \(mismatch)")
    }
    let foreign = expected.filter {
      $0.1.dtype.isFloatingPoint != tensors[$0.0]!.dtype.isFloatingPoint
    }
    if let (name, _) = foreign.first {
      throw WeightsError(
        path: path, problem: "cannot be used: \(name) holds numbers as \(tensors[name]!.dtype)")
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
}

/// Weights that cannot be used: one sentence that names the file.
public struct WeightsError: Error, Sendable, CustomStringConvertible {
  public let path: String
  /// The predicate of a sentence whose subject is the path.
  public let problem: String
  public var description: String { "\(path) \(problem)" }
}
