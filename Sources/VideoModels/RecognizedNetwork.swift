import Torch

/// The network that a state dict holds, told from the names and shapes of its tensors.
public struct RecognizedNetwork: Hashable, Sendable {
  public let names: StateNames
  public let architecture: Architecture
  public let width: Int
  /// The head and its number of classes; nil for a backbone alone.
  public let head: Head?
  /// What stands before the network's names, as wrappers of modules put it there: `module.`, say; mostly empty.
  public let prefix: String
  /// The names of tensors beside the network, which are a pretext task's: mostly none.
  public let others: [String]

  public struct Head: Hashable, Sendable {
    public let kind: VideoClassifier.Head.Kind
    public let classes: Int
  }

  /// The epsilon of the batch normalizations, which follows from where the names come from.
  public var epsilon: Double { names.epsilon(of: architecture) }

  /// - Parameter shapes: the shapes of all tensors of the state dict by name. Counts of the batches that normalizations
  ///   have seen (`num_batches_tracked`) may be missing, as in files of other programs and of old versions of PyTorch.
  /// - Throws: ``UnrecognizedNetwork`` if a tensor is missing, left over or of another shape.
  public init(shapes: [String: [Int]]) throws {
    let prefix = Self.prefix(of: shapes.keys)
    let others = shapes.keys.filter { !$0.hasPrefix(prefix) }.sorted()
    let shapes = Dictionary(
      uniqueKeysWithValues: shapes.filter { $0.key.hasPrefix(prefix) }
        .map { (String($0.key.dropFirst(prefix.count)), $0.value) })
    var nearest: (network: RecognizedNetwork, mismatch: StateMismatch)?
    for fingerprint in Fingerprint.all {
      guard let width = shapes[fingerprint.tensor]?.first, (1...1024).contains(width) else {
        continue
      }
      for architecture in fingerprint.architectures {
        let network = RecognizedNetwork(
          names: fingerprint.names, architecture: architecture, width: width,
          head: Self.head(in: shapes, names: fingerprint.names), prefix: prefix, others: others)
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

  private init(
    names: StateNames, architecture: Architecture, width: Int, head: Head?, prefix: String,
    others: [String]
  ) {
    self.names = names
    self.architecture = architecture
    self.width = width
    self.head = head
    self.prefix = prefix
    self.others = others
  }

  private static func head(in shapes: [String: [Int]], names: StateNames) -> Head? {
    [VideoClassifier.Head.Kind.pretext, .actions].lazy.compactMap { kind in
      guard let name = names.name(of: kind.tensorName("weight")), let classes = shapes[name]?.first,
        classes > 0
      else { return nil }
      return Head(kind: kind, classes: classes)
    }.first
  }

  private func mismatch(_ shapes: [String: [Int]]) -> StateMismatch {
    let backbone = architecture.makeBackbone(width: width, using: .meta)
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

  /// What stands before the names of the network: what wrappers put before all names (PyTorch's data parallelism and
  /// compilation, and the attribute of many a trainer), then the attribute in which VCOP's task holds its network.
  private static func prefix(of names: some Collection<String>) -> String {
    var prefix = ""
    // A few times at most: names of a stranger may be long.
    for _ in 0..<4 where !names.isEmpty {
      let next = ["module.", "model.", "_orig_mod."].first { next in
        names.allSatisfy { $0.hasPrefix(prefix + next) }
      }
      prefix += next ?? ""
    }
    let tower = prefix + "base_network."
    return names.contains { $0.hasPrefix(tower) } ? tower : prefix
  }
}

/// A tensor by which a family of networks is told.
private struct Fingerprint {
  /// The last convolution of conv1 or of its factors: its first extent is the network's width.
  let tensor: String
  let names: StateNames
  /// The networks that have such a tensor; which of them it is, all tensors together tell.
  let architectures: [Architecture]

  static let all = [
    Fingerprint(
      tensor: "backbone.conv1.a2.weight", names: .mosi,
      architectures: [.r2plus1d10, .r2plus1d18, .torchvisionR2plus1d18]),
    Fingerprint(
      tensor: "backbone.conv1.a.weight", names: .mosi,
      architectures: [.r2d3d18, .r2d3d34, .r3d18, .mc318, .c3d]),
    Fingerprint(
      tensor: "stem.3.weight", names: .torchvision, architectures: [.torchvisionR2plus1d18]),
    Fingerprint(tensor: "stem.0.weight", names: .torchvision, architectures: [.r3d18, .mc318]),
    Fingerprint(tensor: "conv1.weight", names: .vcop, architectures: [.c3d]),
  ]
}

extension RecognizedNetwork {
  /// The names in the file of all tensors that the network has, by those of a ``VideoClassifier``. Counts of batches may be
  /// missing in the file.
  public var namesInFile: [String: String] {
    architecture.tensorNames(names, head: head?.kind)!.mapValues { prefix + $0 }
  }

  /// The tensors of the state dict that this was told from under the names of a ``VideoClassifier``, complete: counts of
  /// batches that were missing are zero.
  public func ownState(_ state: [String: Tensor]) -> [String: Tensor] {
    namesInFile.mapValues { state[$0] ?? .zeros([], dtype: .int64) }
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
      let tensors = Fingerprint.all.map(\.tensor)
      return "holds no network that mosi knows: there is no tensor "
        + tensors.dropLast().joined(separator: ", ") + " or \(tensors.last!)"
    }
    let names =
      switch nearest.names {
      case .mosi: ""
      case .torchvision: " with torchvision's names"
      case .vcop: " with VCOP's names"
      }
    return
      "comes closest to \(nearest.architecture.rawValue) of width \(nearest.width)\(names), but "
      + "\(mismatch)"
  }
}
