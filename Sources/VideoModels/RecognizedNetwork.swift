import Torch

/// The network that a state dict holds, told from the names and shapes of its tensors.
public struct RecognizedNetwork: Hashable, Sendable {
  public let names: StateNames
  public let architecture: Architecture
  public let width: Int
  /// The head and its number of classes; nil where there is a backbone alone.
  public let head: Head?
  /// What stood before every name, as wrappers of modules put it there: `module.`, say; mostly empty.
  public let prefix: String

  public struct Head: Hashable, Sendable {
    public let kind: VideoClassifier.Head.Kind
    public let classes: Int
  }

  /// The epsilon of the batch normalizations, which follows from where the names come from.
  public var epsilon: Double { names.epsilon }

  /// - Parameter shapes: the shapes of all tensors of the state dict by name. Counts of the batches that normalizations
  ///   have seen (`num_batches_tracked`) may be missing, as in files of other programs and of old versions of PyTorch.
  /// - Throws: ``UnrecognizedNetwork`` where a tensor is missing, left over or of another shape.
  public init(shapes: [String: [Int]]) throws {
    let prefix = Self.commonPrefix(of: shapes.keys)
    let shapes = Dictionary(
      uniqueKeysWithValues: shapes.map { (String($0.key.dropFirst(prefix.count)), $0.value) })
    var nearest: (network: RecognizedNetwork, mismatch: StateMismatch)?
    for names in StateNames.allCases {
      for architecture in Architecture.allCases where names.exist(for: architecture) {
        guard
          let network = RecognizedNetwork(
            shapes, names: names, architecture: architecture, prefix: prefix)
        else { continue }
        let mismatch = network.mismatch(shapes)
        if mismatch.isEmpty {
          self = network
          return
        }
        if mismatch.count < nearest?.mismatch.count ?? .max { nearest = (network, mismatch) }
      }
    }
    throw UnrecognizedNetwork(nearest: nearest?.network, mismatch: nearest?.mismatch)
  }

  /// Nil where there is no stem that would tell the width.
  private init?(
    _ shapes: [String: [Int]], names: StateNames, architecture: Architecture, prefix: String
  ) {
    func channels(_ own: String) -> Int? { names.name(of: own).flatMap { shapes[$0]?.first } }
    // The last convolution of the stem, factored or not, has as many channels as the network is wide.
    guard
      let width = channels("backbone.conv1.a2.weight") ?? channels("backbone.conv1.a.weight"),
      (1...1024).contains(width)
    else { return nil }
    self.names = names
    self.architecture = architecture
    self.width = width
    self.prefix = prefix
    head =
      [VideoClassifier.Head.Kind.pretext, .actions].lazy.compactMap { kind in
        channels(kind.tensorName("weight")).flatMap { $0 > 0 ? Head(kind: kind, classes: $0) : nil }
      }.first
  }

  private func mismatch(_ shapes: [String: [Int]]) -> StateMismatch {
    let backbone = architecture.makeBackbone(width: width, device: .meta)
    var expected = backbone.state.map { ("backbone.\($0.name)", $0.tensor.shape) }
    if let head {
      expected.append((head.kind.tensorName("weight"), [head.classes, backbone.featureCount]))
      expected.append((head.kind.tensorName("bias"), [head.classes]))
    }
    return StateMismatch(
      expected: expected.map { (names.name(of: $0.0)!, $0.1) }
        .filter { !Self.mayBeMissing($0.0) || shapes[$0.0] != nil },
      found: shapes)
  }

  private static func mayBeMissing(_ name: String) -> Bool {
    name.hasSuffix(".num_batches_tracked")
  }

  /// What wrappers put before all names: PyTorch's data parallelism and compilation, and the attribute of many a trainer.
  private static func commonPrefix(of names: some Collection<String>) -> String {
    var prefix = ""
    // A few times at most: names of a stranger may be long.
    for _ in 0..<4 where !names.isEmpty {
      let next = ["module.", "model.", "_orig_mod."].first { next in
        names.allSatisfy { $0.hasPrefix(prefix + next) }
      }
      prefix += next ?? ""
    }
    return prefix
  }
}

extension RecognizedNetwork {
  /// The tensors of the state dict that this was told from under the names of a ``VideoClassifier``, complete: counts of
  /// batches that were missing are zero.
  public func ownState(_ state: [String: Tensor]) -> [String: Tensor] {
    architecture.tensorNames(names, head: head?.kind)!.mapValues {
      state[prefix + $0] ?? .zeros([], dtype: .int64)
    }
  }

  /// The same of tensors that are not loaded.
  public func ownSummaries(_ tensors: [TensorSummary]) -> [TensorSummary] {
    let found = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0) })
    return architecture.tensorNames(names, head: head?.kind)!.map { own, name in
      TensorSummary(
        name: own, dtype: found[prefix + name]?.dtype ?? .int64,
        shape: found[prefix + name]?.shape ?? [])
    }
  }
}

/// A state dict that no known network fits.
public struct UnrecognizedNetwork: Error, Sendable, CustomStringConvertible {
  /// The network that has the most in common with it, and how it differs; nil where nothing is known.
  public let nearest: RecognizedNetwork?
  public let mismatch: StateMismatch?

  /// The predicate of a sentence whose subject is the file.
  public var description: String {
    guard let nearest, let mismatch else {
      return "holds no network that mosi knows: there is no tensor backbone.conv1.a.weight, "
        + "backbone.conv1.a2.weight, stem.0.weight or stem.3.weight"
    }
    let names = nearest.names == .torchvision ? " with torchvision's names" : ""
    return
      "comes closest to \(nearest.architecture.rawValue) of width \(nearest.width)\(names), but "
      + "\(mismatch)"
  }
}
