import Configuration
import Pretext
import Torch
import VideoData
import VideoModels

// Trainings that start from weights.

extension Weights {
  /// Copies the backbone into `network`, whose head and other layers stay as they are.
  ///
  /// - Parameter model: the settings of the network, for the message.
  /// - Throws: ``WeightsError`` if it is another backbone, before anything is copied.
  func loadBackbone(into network: some PretextNetwork, of model: ModelSettings) throws {
    do {
      try network.load(tensors) { !$0.hasPrefix("backbone.") }
    } catch {
      throw WeightsError(
        path: path,
        problem: "has another backbone than the configuration's model "
          + "(\(model.architecture.rawValue), width \(model.width)): \(error)")
    }
  }
}

extension PretrainingConfiguration {
  /// The defaults, with the network, normalization and clips of `weights` if there are any, and the task and the size of sources
  /// if they were pre-trained; changed by a YAML file and then by settings `key=value`.
  ///
  /// - Throws: `ConfigurationError`.
  public init(
    file: String? = nil, settings: [String] = [], startingFrom weights: Weights?
  ) throws {
    var base = Self()
    if let weights {
      base.start.weights = weights.path
      base.model = weights.model
      if let normalization = weights.normalization { base.normalization = normalization }
      if let clip = weights.clip { (base.clip.frames, base.clip.size) = (clip.frames, clip.size) }
      if let pretraining = weights.pretraining {
        base.task = pretraining.task
        base.sources.size = pretraining.sources.size
      }
    }
    try self.init(file: file, settings: settings, over: base)
  }
}

extension FinetuningConfiguration {
  /// The defaults, with the network, normalization and clips of `weights` if there are any, changed by a YAML file and then by
  /// settings `key=value`.
  ///
  /// Whether clips are mirrored is not up to the weights but to the dataset: unless the file or the settings say it, clips of
  /// classes that distinguish left from right are not.
  ///
  /// - Parameters:
  ///   - file: a file, or the name of a preset.
  ///   - settings: later ones override earlier ones and the file.
  ///   - kind: the kind of the dataset; nil for that of the file and the settings.
  ///   - weights: nil for random ones.
  /// - Throws: `ConfigurationError`.
  public init(
    file: String? = nil, settings: [String] = [], dataset kind: DatasetKind? = nil,
    startingFrom weights: Weights?
  ) throws {
    var base = Self()
    if let weights {
      base.start.weights = weights.path
      base.model = weights.model
      if let normalization = weights.normalization { base.normalization = normalization }
      if let clip = weights.clip { base.clip = clip }
      if weights.finetuning?.dataset.kind.distinguishesLeftFromRight == true {
        base.clip.flipProbability = ClipSettings().flipProbability
      }
    }
    try self.init(file: file, settings: settings, over: base)
    guard (kind ?? dataset.kind).distinguishesLeftFromRight else { return }
    base.clip.flipProbability = 0
    try self.init(file: file, settings: settings, over: base)
  }
}
