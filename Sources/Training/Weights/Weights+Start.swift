import Configuration
import Pretext
import Torch
import VideoData
import VideoModels

// Trainings that start from weights

extension Weights {
  /// Copies the backbone into `network`, and leaves its head and other layers unchanged.
  ///
  /// - Parameter model: the settings of the network, for the error message.
  /// - Throws: ``WeightsError`` if the backbone differs; nothing is copied then.
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

extension Weights {
  /// Copies the aggregator that a pretext task or a fine-tuning trained.
  ///
  /// - Throws: ``WeightsError`` if there is none of this form; nothing is copied then.
  func loadAggregator(into aggregator: FeatureAggregator) throws {
    let prefix = "aggregator."
    let all = try tensors.merging(loadTaskTensors()) { own, _ in own }
    let found = all.filter { $0.key.hasPrefix(prefix) }
      .map { (String($0.key.dropFirst(prefix.count)), $0.value) }
    do {
      try aggregator.load(Dictionary(uniqueKeysWithValues: found))
    } catch {
      throw WeightsError(
        path: path, problem: "has no aggregator as model.aggregator asks for: \(error)")
    }
  }
}

extension PretrainingConfiguration {
  /// The default settings with the network, normalization and clips of `weights`, if there are any, and with the task and
  /// the size of sources if they are pre-trained. A YAML file and then `key=value` settings override them.
  ///
  /// - Throws: `ConfigurationError`.
  public init(
    file: String? = nil, settings: [String] = [], startingFrom weights: Weights?
  ) throws {
    var base = Self()
    if let weights {
      base.start.weights = weights.path
      base.model = weights.model
      base.model.aggregator = nil
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
  /// The default settings with the network, normalization and clips of `weights`, if there are any. A YAML file and then
  /// `key=value`
  /// settings override them.
  ///
  /// Whether clips are mirrored depends on the dataset and not on the weights: if the classes distinguish left from
  /// right, clips are not mirrored unless the file or the settings request it.
  ///
  /// - Parameters:
  ///   - file: the path of a file or the name of a preset; nil for none.
  ///   - settings: the settings; later ones override earlier ones and the file.
  ///   - kind: the kind of the dataset; nil for the kind in the file or the settings.
  ///   - weights: the weights to start from; nil for random weights.
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
