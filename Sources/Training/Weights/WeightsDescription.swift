import Configuration
import Foundation
import Pretext
import SafeFiles
import Torch
import VideoData
import VideoModels
import VideoSamples

/// What a file of weights says of itself: the network, what it tells apart, what it wants to be shown, where it comes from.
public struct WeightsDescription {
  /// The network; of its dropout files tell only where mosi wrote them.
  public var model: ModelSettings
  /// What the head tells apart; nil for a backbone alone.
  public var head: VideoClassifier.Head.Kind?
  /// The classes of the head, in the order of its logits; nil where the file does not tell.
  public var classNames: [String]?
  /// The pool of pseudo-motions that the network was pre-trained on; nil where it was not, or the file does not tell.
  public var labels: LabelSettings?
  /// What the network's clips were normalized by; nil where the file does not tell.
  public var normalization: Normalization?
  /// The clips that the network was trained on; nil where the file does not tell. Of a pre-training its frames and size.
  public var clip: ClipSettings?
  /// The training that they come from; nil where the file does not tell.
  public var recipe: TrainingRecipe?
  /// The version of mosi that wrote the file; nil where it was not mosi, or the first version.
  public var version: String?
}

/// The training that weights come from.
public struct TrainingRecipe: Equatable, Sendable {
  public let phase: TrainingPhase
  /// Its whole configuration as YAML.
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

// MARK: - As metadata of a file

extension WeightsDescription {
  private static let format = "mosi-weights-1"

  /// Text by key; what is no plain text is JSON.
  ///
  /// - Parameter layout: whose names the tensors have.
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
    // Of the clips of a pre-training only frames and size are known.
    let isPretraining = labels != nil || recipe?.phase == .pretraining
    texts["clip"] = try clip.map {
      isPretraining ? try json(["frames": $0.frames, "size": $0.size]) : try json($0)
    }
    texts["phase"] = recipe?.phase.rawValue
    texts["configuration"] = recipe?.configuration
    return texts
  }

  /// Nil where the file says nothing of itself.
  ///
  /// - Throws: ``WeightsError`` where it says what cannot be.
  init?(metadata: [String: String], path: String) throws {
    guard let format = metadata["format"], format.hasPrefix("mosi-") else { return nil }
    guard format == Self.format else {
      throw WeightsError(
        path: path,
        problem:
          "has the form \(format.prefix(40)), which mosi \(Version.text) does not know: is it from a newer version?"
      )
    }
    func value<Value: Decodable>(_ key: String, _: Value.Type) throws -> Value? {
      guard let text = metadata[key] else { return nil }
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      guard let value = try? decoder.decode(Value.self, from: Data(text.utf8)) else {
        throw WeightsError(path: path, problem: "cannot be used: its metadata “\(key)” is unsound")
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
            path: path, problem: "cannot be used: its metadata “phase” is unsound")
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

  /// What a checkpoint of a run says.
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

  /// What the names and shapes of a state dict tell.
  init(_ network: RecognizedNetwork) {
    var model = ModelSettings()
    model.architecture = network.architecture
    model.width = network.width
    model.batchNormEpsilon = network.epsilon
    self.init(
      model: model, head: network.head?.kind, classNames: nil, labels: nil,
      normalization: network.names.normalization, clip: nil, recipe: nil, version: nil)
  }
}

extension StateNames {
  /// What the programs of these names normalize clips by; nil if they leave it to the training.
  fileprivate var normalization: Normalization? {
    switch self {
    case .mosi: nil
    case .torchvision: .kinetics
    case .vcop: Normalization(mean: [0, 0, 0], std: [1, 1, 1])
    }
  }
}
