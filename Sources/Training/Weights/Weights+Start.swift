import Configuration
import Pretext
import Torch
import VideoModels

// Trainings that start from weights.

extension Weights {
  /// Copies the backbone into `network`, whose head and other layers stay as they are.
  ///
  /// - Parameter model: the settings of the network, for the message.
  /// - Throws: ``WeightsError`` if it is another backbone, before anything is copied.
  func loadBackbone(into network: some PretextNetwork, of model: ModelSettings) throws {
    func isOfBackbone(_ name: String) -> Bool { name.hasPrefix("backbone.") }
    let kept = network.state.filter { !isOfBackbone($0.name) }.map { ($0.name, $0.tensor) }
    do {
      try network.load(tensors.filter { isOfBackbone($0.key) }.merging(kept) { own, _ in own })
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
  /// - Throws: `ConfigurationError`.
  public init(
    file: String? = nil, settings: [String] = [], startingFrom weights: Weights?
  ) throws {
    var base = Self()
    if let weights {
      base.start.weights = weights.path
      base.model = weights.model
      if let normalization = weights.normalization { base.normalization = normalization }
      if let clip = weights.clip { base.clip = clip }
    }
    try self.init(file: file, settings: settings, over: base)
  }
}
