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
  /// The configuration of the fine-tuning that they come from, if they do.
  public let finetuning: FinetuningConfiguration?

  /// Reads weights.
  ///
  /// - Parameter path: a run's folder, whose last checkpoint is taken, a checkpoint of a run, or a safetensors file of a
  ///   state dict with the names of the authors' code.
  /// - Throws: ``WeightsError``, `SafetensorsError`, `FileError`, ``ConfigurationError``.
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
    let content = try Safetensors(contentsOf: file)
    guard let checkpoint = CheckpointFile(content) else {
      try self.init(stateDict: content.tensors, path: path)
      return
    }
    let classNames = checkpoint.classNames
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
        classNames: classNames, normalization: configuration.normalization, clip: clip,
        finetuning: nil)
    case .finetuning:
      let configuration = try FinetuningConfiguration(yaml: checkpoint.configuration, origin: file)
      self.init(
        path: path, tensors: tensors, model: configuration.model, head: .actions,
        classNames: classNames, normalization: configuration.normalization,
        clip: configuration.clip,
        finetuning: configuration)
    }
    // A file from a stranger may say one thing and hold another.
    _ = try makeModel()
  }

  private init(
    path: String, tensors: [String: Tensor], model: ModelSettings, head: VideoClassifier.Head.Kind,
    classNames: [String]?, normalization: NormalizationSettings?, clip: ClipSettings?,
    finetuning: FinetuningConfiguration?
  ) {
    self.path = path
    self.tensors = tensors
    self.model = model
    self.head = head
    self.classNames = classNames
    self.normalization = normalization
    self.clip = clip
    self.finetuning = finetuning
  }

  /// A state dict that says nothing about itself: the network is the one whose tensors it has.
  private init(stateDict tensors: [String: Tensor], path: String) throws {
    let found = Dictionary(uniqueKeysWithValues: tensors.map { ($0.key, $0.value.shape) })
    let heads = [VideoClassifier.Head.Kind.pretext, .actions]
    let head = heads.first { found["head.\($0.rawValue).weight"] != nil }
    var candidates: [(settings: ModelSettings, mismatch: StateMismatch)] = []
    for architecture in Architecture.allCases {
      // The stem's first and last convolution have as many channels as the network is wide in one of the two builds.
      for stem in ["backbone.conv1.a.weight", "backbone.conv1.a2.weight"] {
        guard let width = found[stem]?.first, (1...1024).contains(width) else { continue }
        var settings = ModelSettings()
        settings.architecture = architecture
        settings.width = width
        let backbone = VideoResNet(architecture.plan, width: width, device: .meta)
        let expected = backbone.state.map { ("backbone.\($0.name)", $0.tensor.shape) }
        candidates.append(
          (
            settings,
            StateMismatch(
              expected: expected, found: found.filter { !$0.key.hasPrefix("head.") })
          ))
      }
    }
    guard let best = candidates.min(by: { $0.mismatch.count < $1.mismatch.count }) else {
      throw WeightsError(
        path: path,
        problem: "holds no network that mosi knows: there is no tensor backbone.conv1.a.weight or "
          + "backbone.conv1.a2.weight")
    }
    guard best.mismatch.isEmpty else {
      throw WeightsError(
        path: path,
        problem: "comes closest to \(best.settings.architecture.rawValue) of width "
          + "\(best.settings.width), but \(best.mismatch)")
    }
    self.init(
      path: path, tensors: tensors, model: best.settings, head: head ?? .pretext, classNames: nil,
      normalization: nil, clip: nil, finetuning: nil)
  }

  /// The number of classes of the head; nil where there is none.
  public var classCount: Int? { tensors["head.\(head.rawValue).weight"]?.shape.first }

  /// The names of the head's classes, `class N` where the file has none.
  ///
  /// - Throws: ``WeightsError`` where there is no head.
  public func headClasses() throws -> [String] {
    guard let classCount else {
      throw WeightsError(
        path: path, problem: "has a backbone but no head: fine-tune it first (mosi finetune)")
    }
    return classNames ?? (0..<classCount).map { "class \($0)" }
  }

  /// The network with these weights, in evaluation mode, on the CPU. Where the file has no head, its logits mean nothing.
  ///
  /// - Throws: ``WeightsError`` that names the tensors that differ from the network that the file claims.
  public func makeModel() throws -> VideoClassifier {
    let model = self.model.makeModel(head: head, classes: classCount ?? 1, seed: 0)
    do {
      if classCount == nil { try model.loadBackbone(tensors) } else { try model.load(tensors) }
    } catch let mismatch as StateMismatch {
      throw WeightsError(path: path, problem: "cannot be used: \(mismatch)")
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
