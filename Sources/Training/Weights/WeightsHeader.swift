import Configuration
import SafeFiles
import Torch
import VideoModels

/// The content of a file of weights, known without loading a tensor.
struct WeightsHeader {
  let file: TensorFile
  let kind: WeightsInspection.Kind
  /// The layout of the tensors' names; nil if they are not a network.
  let names: StateNames?
  /// The description of the network; nil if the tensors are not a network.
  let description: WeightsDescription?
  /// Why the tensors are not a network, or not the one that the file describes, as the predicate of a sentence whose
  /// subject is the file; nil if there is no problem.
  let problem: String?
  /// The network's tensors in the file, by the names of a `VideoClassifier`.
  let network: [String: TensorSummary]
  /// The file's tensors of a pretext task's own layers, by the names of the task's network.
  let task: [String: TensorSummary]
  /// The position of the run as JSON; nil if the file is not a checkpoint.
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

  /// Reads a run's checkpoint. If it has a moving average of the weights, that is used, because it was evaluated.
  private init(_ file: TensorFile, _ checkpoint: CheckpointHeader) throws {
    var tensors = file.tensors(below: CheckpointPart.model.rawValue)
    for (name, tensor) in file.tensors(below: CheckpointPart.average.rawValue) {
      if let name = ExponentialMovingAverage.averagedName(name), tensors[name] != nil {
        tensors[name] = tensor
      }
    }
    var description = try WeightsDescription(checkpoint, path: file.path)
    let parts = Self.parts(tensors, aggregates: description.model.aggregator != nil)
    if let head = description.head, parts.network["head.\(head.rawValue).weight"] == nil,
      !parts.task.isEmpty
    {
      // The classes of the task's own layers do not fit a classifier.
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

  /// Reads a file that mosi or another program wrote for use by others.
  private init(_ file: TensorFile, path: String) throws {
    let described = try WeightsDescription(metadata: file.metadata, path: path)
    let all = StateNames.joined(file.tensors(below: "")) { name, parts in
      StateNames.joinedShape(parts.map(\.shape)).map {
        TensorSummary(name: name, dtype: parts[0].dtype, shape: $0)
      }
    }
    // In a file of another program, all tensors must belong to the network: unknown ones could be part of it. Such files
    // have no tensors of a task.
    let isOwn = described != nil && all.keys.contains { $0.hasPrefix("backbone.") }
    let parts = isOwn ? Self.parts(all) : (network: all, task: [:])
    self.file = file
    position = nil
    do {
      let network = try RecognizedNetwork(
        shapes: parts.network.mapValues(\.shape), expecting: described?.model.architecture)
      kind = .weights
      names = network.names
      description = described ?? WeightsDescription(network)
      let tensors = network.namesInFile.compactMapValues { parts.network[$0] }
      self.network = tensors
      let others = Set(network.others)
      let named = Dictionary(
        grouping: parts.network.values.filter { others.contains($0.name) },
        by: { network.taskName(of: $0.name) })
      task = parts.task.merging(named.compactMapValues(\.first)) { own, _ in own }
      problem =
        Self.problem(ofTask: named)
        ?? described.flatMap {
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
    // The head then does not work on the features of the backbone.
    if description.head != nil, task.keys.contains(where: { $0.hasPrefix("aggregator.") }) {
      return "cannot be used: its head works on a trained aggregator, which mosi \(Version.text) "
        + "cannot build"
    }
    return description.problem(of: network)
  }

  /// Why tensors that another program's file has beside the network cannot be kept, in the same form: their names here would
  /// not be theirs alone. Nil if they can.
  ///
  /// - Parameter task: the tensors by their names here.
  private static func problem(ofTask task: [String: [TensorSummary]]) -> String? {
    let problems = task.compactMap { name, tensors -> String? in
      let names = tensors.map(\.name.printable).sorted()
      if names.count > 1 {
        return "cannot be used: \(names[0]) and \(names[1]) are the same part of a task"
      }
      return isNetworks(name)
        ? "cannot be used: \(names[0]) is beside the network, but named like a part of it" : nil
    }
    return problems.min()
  }

  /// The number of classes of the head; nil if there is none.
  var classCount: Int? {
    let head = description?.head ?? .pretext
    return network["head.\(head.rawValue).weight"]?.shape.first
  }

  /// The names of the file's tensors, without an optimizer's state and what a moving average replaces.
  var weightNames: [String] {
    kind == .checkpoint
      ? (Array(network.values) + Array(task.values)).map(\.name) : file.tensors.map(\.name)
  }

  /// See ``Weights/taskTensors``.
  var taskTensors: [TensorSummary] {
    task.map { TensorSummary(name: $0, dtype: $1.dtype, shape: $1.shape) }
      .sorted { $0.name < $1.name }
  }

  /// The batch counters, running statistics and normalization of features that the network has but the file lacks, as they
  /// are in a new network.
  func missingState() -> [String: Tensor] {
    let missing = description?.expectedState(classCount: classCount).filter {
      network[$0.name] == nil
    }
    return Dictionary(
      uniqueKeysWithValues: (missing ?? []).map { name, tensor in
        let isOne = name.hasSuffix(".running_var") || name.hasSuffix(".fc_norm.weight")
        return (name, .full(tensor.shape, isOne ? 1 : 0, dtype: tensor.dtype))
      })
  }

  /// The names in the file of the tensors: three each for those that Hugging Face's files divide, else one.
  func namesInFile(_ tensors: [String: TensorSummary]) -> [String: [String]] {
    // A file may also have under such a name what is not divided.
    let undivided = Set(file.tensors.map(\.name))
    return tensors.mapValues {
      undivided.contains($0.name) ? [$0.name] : StateNames.parts(of: $0.name)
    }
  }

  /// Loads tensors of the file. The keys name them in the result.
  func load(_ tensors: [String: TensorSummary]) throws -> [String: Tensor] {
    let names = namesInFile(tensors)
    let loaded = try file.load(Set(names.values.joined()))
    return Dictionary(
      uniqueKeysWithValues: try tensors.map { name, tensor in
        let parts = names[name, default: []].compactMap { loaded[$0] }
        let isDivided = parts.count > 1
        let shapes = parts.map(\.shape)
        guard tensor.shape == (isDivided ? StateNames.joinedShape(shapes) : shapes.first) else {
          throw WeightsError(path: file.path, problem: "was changed while it was read")
        }
        return (name, isDivided ? Tensor.concatenated(parts) : parts[0])
      })
  }

  /// True for the name of a tensor of a `VideoClassifier`, with an aggregator if `aggregates`.
  private static func isNetworks(_ name: String, aggregates: Bool = false) -> Bool {
    name.hasPrefix("backbone.")
      || aggregates && ["aggregator.", "head.norm."].contains { name.hasPrefix($0) }
      || VideoClassifier.Head.Kind.allCases.contains { kind in
        ["weight", "bias"].contains { name == "head.\(kind.rawValue).\($0)" }
      }
  }

  /// Separates the tensors of a `VideoClassifier`, with an aggregator if `aggregates`, from the others.
  private static func parts(_ tensors: [String: TensorSummary], aggregates: Bool = false) -> (
    network: [String: TensorSummary], task: [String: TensorSummary]
  ) {
    (
      tensors.filter { isNetworks($0.key, aggregates: aggregates) },
      tensors.filter { !isNetworks($0.key, aggregates: aggregates) }
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
