import Configuration
import Torch
import VideoModels

/// What a file of weights holds, told without loading a tensor.
struct WeightsHeader {
  let file: TensorFile
  let kind: WeightsInspection.Kind
  /// Whose names the tensors have; nil if they are not a network.
  let names: StateNames?
  /// What is known of the network; nil if the tensors are not a network.
  let description: WeightsDescription?
  /// Why the tensors are not a network, or not the one that the file says: a predicate of a sentence whose subject is the
  /// file.
  let problem: String?
  /// The network's tensors in the file, by the names of a `VideoClassifier`.
  let network: [String: TensorSummary]
  /// The tensors in the file of a pretext task's own layers, by the names of the task's network.
  let task: [String: TensorSummary]
  /// Where the run stands, as JSON; nil for what is not a checkpoint.
  let position: String?

  /// Opens a file of weights.
  ///
  /// - Parameter path: a file or a run's folder.
  /// - Throws: ``WeightsError``, `SafetensorsError`, `PyTorchCheckpointError`, `FileError`, `ConfigurationError`.
  init(at path: String) throws {
    let file = try TensorFile(at: try Weights.file(at: path))
    if file.form == .safetensors, let checkpoint = CheckpointHeader(metadata: file.metadata) {
      try self.init(file, checkpoint)
    } else {
      try self.init(file, path: path)
    }
  }

  /// A run's checkpoint. What was evaluated is the moving average of the weights if one was kept: it is taken then.
  private init(_ file: TensorFile, _ checkpoint: CheckpointHeader) throws {
    var tensors = file.tensors(below: CheckpointPart.model.rawValue)
    for (name, tensor) in file.tensors(below: CheckpointPart.average.rawValue) {
      if let name = ExponentialMovingAverage.averagedName(name), tensors[name] != nil {
        tensors[name] = tensor
      }
    }
    let parts = Self.parts(tensors)
    var description = try WeightsDescription(checkpoint, path: file.path)
    if let head = description.head, parts.network["head.\(head.rawValue).weight"] == nil,
      !parts.task.isEmpty
    {
      // What the task's own layers tell apart is not for a classifier.
      description.head = nil
      description.classNames = nil
    }
    self.file = file
    kind = .checkpoint
    names = .mosi
    self.description = description
    problem = Self.problem(description, parts.network, parts.task)
    network = parts.network
    task = parts.task
    position = checkpoint.position
  }

  /// What mosi or another program has written for others.
  private init(_ file: TensorFile, path: String) throws {
    let described = try WeightsDescription(metadata: file.metadata, path: path)
    let all = file.tensors(below: "")
    // A stranger's tensors must all be the network's: what else is there could be part of it. Other programs' names have no
    // tensors of a task beside them.
    let isOwn = described != nil && all.keys.contains { $0.hasPrefix("backbone.") }
    let parts = isOwn ? Self.parts(all) : (network: all, task: [:])
    self.file = file
    position = nil
    do {
      let network = try RecognizedNetwork(shapes: parts.network.mapValues(\.shape))
      kind = .weights
      names = network.names
      description = described ?? WeightsDescription(network)
      let tensors = network.namesInFile.compactMapValues { parts.network[$0] }
      self.network = tensors
      task = parts.task.merging(network.others.map { ($0, parts.network[$0]!) }) { own, _ in own }
      problem = described.flatMap {
        $0.difference(from: network) ?? Self.problem($0, tensors, parts.task)
      }
    } catch let unrecognized as UnrecognizedNetwork {
      kind = .tensors
      names = nil
      description = nil
      network = [:]
      task = [:]
      problem = unrecognized.description
    }
  }

  private static func problem(
    _ description: WeightsDescription, _ network: [String: TensorSummary],
    _ task: [String: TensorSummary]
  ) -> String? {
    // The head's features are then not those of the backbone.
    if description.head != nil, task.keys.contains(where: { $0.hasPrefix("aggregator.") }) {
      return "cannot be used: its head works on a trained aggregator, which mosi \(Version.text) "
        + "cannot build"
    }
    return description.problem(of: network)
  }

  /// The number of classes of the head; nil if there is none.
  var classCount: Int? {
    let head = description?.head ?? .pretext
    return network["head.\(head.rawValue).weight"]?.shape.first
  }

  /// See ``Weights/taskTensors``.
  var taskTensors: [TensorSummary] {
    task.map { TensorSummary(name: $0, dtype: $1.dtype, shape: $1.shape) }
      .sorted { $0.name < $1.name }
  }

  /// The counts of batches that the network has and the file lacks.
  var missingCounts: [String] {
    description?.expectedState(classCount: classCount).map(\.name).filter { network[$0] == nil }
      ?? []
  }

  /// Loads tensors of the file by the names that they are given here.
  func load(_ tensors: [String: TensorSummary]) throws -> [String: Tensor] {
    let loaded = try file.load(Set(tensors.values.map(\.name)))
    return try tensors.mapValues { tensor in
      guard let found = loaded[tensor.name], found.shape == tensor.shape else {
        throw WeightsError(path: file.path, problem: "was changed while it was read")
      }
      return found
    }
  }

  /// The tensors of a `VideoClassifier` without an aggregator, and the others.
  private static func parts(_ tensors: [String: TensorSummary]) -> (
    network: [String: TensorSummary], task: [String: TensorSummary]
  ) {
    let heads = VideoClassifier.Head.Kind.allCases.flatMap { kind in
      ["weight", "bias"].map { "head.\(kind.rawValue).\($0)" }
    }
    func isNetworks(_ name: String) -> Bool {
      name.hasPrefix("backbone.") || heads.contains(name)
    }
    return (
      tensors.filter { isNetworks($0.key) }, tensors.filter { !isNetworks($0.key) }
    )
  }
}

extension TensorFile {
  /// The tensors whose names begin with `prefix`, by the rest of their names.
  fileprivate func tensors(below prefix: String) -> [String: TensorSummary] {
    Dictionary(
      uniqueKeysWithValues: tensors.filter { $0.name.hasPrefix(prefix) }
        .map { (String($0.name.dropFirst(prefix.count)), $0) })
  }
}
