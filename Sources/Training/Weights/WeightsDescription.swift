import Configuration
import Foundation
import Pretext
import SafeFiles
import Torch
import VideoData
import VideoModels
import VideoSamples

/// A file's description of its weights: the network, its classes, its input and its origin.
public struct WeightsDescription {
  /// The network. Its dropout rate is known only for files written by mosi.
  public var model: ModelSettings
  /// The kind of head; nil for a backbone alone.
  public var head: VideoClassifier.Head.Kind?
  /// The names of the classes in the order of the logits; nil if the file does not contain them.
  public var classNames: [String]?
  /// The pseudo-motions that the network was pre-trained on; nil for other networks, or if the file does not contain
  /// them.
  public var labels: LabelSettings?
  /// The normalization of the network's input; nil if the file does not contain it.
  public var normalization: Normalization?
  /// The clips that the network was trained on; nil if the file does not contain them. For a pre-training, only frames
  /// and size are known.
  public var clip: ClipSettings?
  /// The training that produced the weights; nil if the file does not contain it.
  public var recipe: TrainingRecipe?
  /// The version of mosi that wrote the file; nil for its first version and for other programs.
  public var version: String?
}

/// The training that produced weights.
public struct TrainingRecipe: Equatable, Sendable {
  /// Pre-training or fine-tuning.
  public let phase: TrainingPhase
  /// The complete configuration as YAML.
  public let configuration: String

  /// The configuration of a pre-training; nil for a fine-tuning.
  ///
  /// - Throws: `ConfigurationError`.
  public func pretraining(origin: String) throws -> PretrainingConfiguration? {
    phase == .pretraining ? try PretrainingConfiguration(yaml: configuration, origin: origin) : nil
  }

  /// The configuration of a fine-tuning; nil for a pre-training.
  ///
  /// - Throws: `ConfigurationError`.
  public func finetuning(origin: String) throws -> FinetuningConfiguration? {
    phase == .finetuning ? try FinetuningConfiguration(yaml: configuration, origin: origin) : nil
  }
}

// MARK: - Metadata of a file

extension WeightsDescription {
  private static let format = "mosi-weights-1"

  /// Text by key. Values that are not plain text are JSON.
  ///
  /// - Parameter layout: the layout of the tensors' names.
  func metadata(_ layout: WeightsLayout) throws -> [String: String] {
    func json(_ value: some Encodable) throws -> String {
      String(decoding: try JSON.lineEncoder.encode(value), as: UTF8.self)
    }
    var texts = [
      "format": Self.format, "mosi_version": Version.text, "names": layout.rawValue,
      "model": try json(model),
    ]
    texts["head"] = head?.rawValue
    texts["class_names"] = try classNames.map(json)
    texts["labels"] = try labels.map(json)
    texts["normalization"] = try normalization.map(json)
    // Only frames and size of a pre-training's clips are known.
    let isPretraining = labels != nil || recipe?.phase == .pretraining
    texts["clip"] = try clip.map {
      isPretraining ? try json(["frames": $0.frames, "size": $0.size]) : try json($0)
    }
    texts["phase"] = recipe?.phase.rawValue
    texts["configuration"] = recipe?.configuration
    return texts
  }

  /// Nil if the metadata does not describe weights.
  ///
  /// - Throws: ``WeightsError`` if the metadata is invalid.
  init?(metadata: [String: String], path: String) throws {
    guard let format = metadata["format"], format.hasPrefix("mosi-") else { return nil }
    guard format == Self.format else {
      throw WeightsError(
        path: path,
        problem:
          "has the format \(format.prefix(40)), which mosi \(Version.text) does not know: is it from a newer version?"
      )
    }
    func value<Value: Decodable>(_ key: String, _: Value.Type) throws -> Value? {
      guard let text = metadata[key] else { return nil }
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      guard let value = try? decoder.decode(Value.self, from: Data(text.utf8)) else {
        throw WeightsError(path: path, problem: "cannot be used: its metadata “\(key)” is invalid")
      }
      return value
    }
    guard let model = try value("model", ModelSettings.self) else {
      throw WeightsError(path: path, problem: "cannot be used: its metadata names no model")
    }
    self.init(
      model: model,
      head: metadata["head"].flatMap(VideoClassifier.Head.Kind.init),
      classNames: try value("class_names", [String].self),
      labels: try value("labels", LabelSettings.self),
      normalization: try value("normalization", Normalization.self),
      clip: try value("clip", ClipSettings.self),
      recipe: try metadata["configuration"].map { configuration in
        guard let phase = metadata["phase"].flatMap(TrainingPhase.init) else {
          throw WeightsError(
            path: path, problem: "cannot be used: its metadata “phase” is invalid")
        }
        return TrainingRecipe(phase: phase, configuration: configuration)
      },
      version: metadata["mosi_version"])
    do {
      try model.check(as: "model")
      try labels?.check(as: "labels")
      try normalization?.check(as: "normalization")
      try clip?.check(as: "clip")
      if let clip { try model.check(frames: clip.frames, size: clip.size) }
    } catch let error as ConfigurationError {
      throw WeightsError(path: path, problem: "cannot be used: its metadata says that \(error)")
    }
  }

  /// The description of a run's checkpoint.
  ///
  /// - Throws: `ConfigurationError`.
  init(_ checkpoint: CheckpointHeader, path: String) throws {
    let recipe = TrainingRecipe(
      phase: checkpoint.phase, configuration: checkpoint.configuration)
    switch checkpoint.phase {
    case .pretraining:
      let configuration = try PretrainingConfiguration(yaml: checkpoint.configuration, origin: path)
      var clip = ClipSettings()
      clip.frames = configuration.clip.frames
      clip.size = configuration.clip.size
      let isMoSI = configuration.task.kind == .mosi
      self.init(
        model: configuration.model, head: .pretext, classNames: checkpoint.classNames,
        labels: isMoSI ? configuration.task.mosi.labels : nil,
        normalization: configuration.normalization,
        clip: clip,
        recipe: recipe, version: checkpoint.version)
    case .finetuning:
      let configuration = try FinetuningConfiguration(yaml: checkpoint.configuration, origin: path)
      self.init(
        model: configuration.model, head: .actions, classNames: checkpoint.classNames, labels: nil,
        normalization: configuration.normalization, clip: configuration.clip, recipe: recipe,
        version: checkpoint.version)
    }
  }

  /// The description that follows from the names and shapes of a state dict.
  init(_ network: RecognizedNetwork) {
    var model = ModelSettings()
    model.architecture = network.architecture
    model.width = network.width
    model.batchNormEpsilon = network.epsilon
    if network.positions != model.tokenPositions { model.positions = network.positions }
    self.init(
      model: model, head: network.head?.kind, classNames: nil, labels: nil,
      normalization: network.names.normalization,
      clip: network.names.clip(of: network.architecture), recipe: nil, version: nil)
  }
}

extension StateNames {
  /// The normalization used by the programs with these names; nil if they leave it to the training.
  fileprivate var normalization: Normalization? {
    switch self {
    case .mosi, .dpc, .coclr: nil
    case .torchvision: .kinetics
    case .vcop: Normalization(mean: [0, 0, 0], std: [1, 1, 1])
    case .videomae, .huggingFace: .imageNet
    }
  }

  /// The clips of the programs with these names; nil if they leave them to the training.
  fileprivate func clip(of architecture: Architecture) -> ClipSettings? {
    guard self == .videomae || self == .huggingFace, architecture != .vitTiny else { return nil }
    var clip = ClipSettings()
    clip.size = 224
    return clip
  }
}
