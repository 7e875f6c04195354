import Configuration
import Pretext
import Torch
import VideoData
import VideoModels

// Trainings that start from weights

extension Weights {
  /// What a training takes of a file of weights.
  public struct Loading: Equatable, Sendable {
    /// The names of the network's tensors that come from the file.
    public let taken: [String]
    /// The names of the file's tensors that are left out on purpose, as the file has them.
    public let dropped: [String]
    /// The names of the network's tensors that are not in the file.
    public let new: [String]

    /// One line for the user.
    public var description: String {
      func words(_ names: [String]) -> String {
        // mask_token, decoder (52)
        let groups = Dictionary(grouping: names) {
          $0.split(separator: ".").prefix(2).joined(separator: ".")
        }
        let all = groups.sorted { $0.key < $1.key }
          .map { $1.count == 1 ? $1[0] : "\($0) (\($1.count))" }
        return all.isEmpty
          ? "none" : all.prefix(8).joined(separator: ", ") + (all.count > 8 ? ", …" : "")
      }
      let ofAggregator = taken.count { $0.hasPrefix(aggregatorPrefix) }
      let parts =
        "\(taken.count - ofAggregator) tensors of the backbone"
        + (ofAggregator > 0 ? ", \(ofAggregator) of the aggregator" : "")
      return "taken: \(parts); left out: \(words(dropped)); new: \(words(new))"
    }
  }

  /// What ``loadBackbone(into:of:)``, and ``loadAggregator(into:)`` if `withAggregator`, do with this file.
  func loading(into network: Module, withAggregator: Bool = false) -> Loading {
    let names = fileNames.merging(taskFileNames) { own, _ in own }
    let prefixes = ["backbone."] + (withAggregator ? [aggregatorPrefix] : [])
    let taken = names.keys.filter { name in prefixes.contains { name.hasPrefix($0) } }
    let used = Set(taken.flatMap { names[$0]! })
    return Loading(
      taken: taken.sorted(), dropped: allFileNames.filter { !used.contains($0) }.sorted(),
      new: network.state.map(\.name).filter { !taken.contains($0) })
  }

  /// Copies the backbone into `network`, and leaves its head and other layers unchanged.
  ///
  /// - Parameter model: the settings of the network.
  /// - Throws: ``WeightsError`` if the backbone differs, in what is not in its tensors as well; nothing is copied then.
  func loadBackbone(into network: some PretextNetwork, of model: ModelSettings) throws {
    // Names and shapes tell neither.
    if model.architecture.isTransformer, model.architecture == self.model.architecture {
      for (key, own, other) in [
        (
          "positions", self.model.tokenPositions?.rawValue ?? "null",
          model.tokenPositions?.rawValue ?? "null"
        ),
        (
          "batch_norm_epsilon", "\(self.model.batchNormEpsilon)", "\(model.batchNormEpsilon)"
        ),
      ] where own != other {
        throw WeightsError(
          path: path,
          problem:
            "was trained with model.\(key)=\(own), but the configuration has \(other): set model.\(key)=\(own)"
        )
      }
    }
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

/// The beginning of the names of an aggregator's tensors.
private let aggregatorPrefix = "aggregator."

extension Weights {
  /// Copies the aggregator that a pretext task or a fine-tuning trained.
  ///
  /// - Throws: ``WeightsError`` if there is none of this form; nothing is copied then.
  func loadAggregator(into aggregator: FeatureAggregator) throws {
    let shapes = Dictionary(
      uniqueKeysWithValues: aggregator.state.map { ($0.name, $0.tensor.shape) })
    let all = try tensors.merging(loadTaskTensors()) { own, _ in own }
    let found = all.filter { $0.key.hasPrefix(aggregatorPrefix) }.map { key, tensor in
      let name = String(key.dropFirst(aggregatorPrefix.count))
      // Kernels of 1 x 1 have one axis fewer in DPC's code.
      let shape = shapes[name].flatMap { $0 == tensor.shape + [1] ? $0 : nil }
      return (name, shape.map(tensor.reshaped) ?? tensor)
    }
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
      (base.model.aggregator, base.model.aggregatorBlocks) = (nil, 1)
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
