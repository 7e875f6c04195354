import Torch

/// The network in a state dict, recognized by the names and shapes of its tensors.
public struct RecognizedNetwork: Hashable, Sendable {
  /// The layout of the names.
  public let names: StateNames
  /// The architecture.
  public let architecture: Architecture
  /// The number of channels of conv1, or of a transformer's heads.
  public let width: Int
  /// The head and its number of classes; nil for a backbone alone.
  public let head: Head?
  /// The prefix of all names, added by wrappers of modules, such as `module.`; usually empty.
  public let prefix: String
  private let wrapper: String
  /// The names of other tensors, which belong to a pretext task; usually none.
  public let others: [String]

  /// The head of the network.
  public struct Head: Hashable, Sendable {
    /// The kind of head.
    public let kind: VideoClassifier.Head.Kind
    /// The number of classes.
    public let classes: Int
  }

  /// The epsilon of normalization, which follows from the layout of the names.
  public var epsilon: Double { names.epsilon(of: architecture) }
  /// The positions of a transformer's tokens, which follow from the layout of the names, too; nil for other networks.
  public var positions: TokenPositions.Scheme? { names.positions(of: architecture) }

  /// Recognizes a network.
  ///
  /// - Parameters:
  ///   - expected: the architecture that the file names, which is preferred if another one has the same tensors.
  ///   - shapes: the shapes of all tensors of the state dict by name. Batch counters of normalizations
  ///   (`num_batches_tracked`) may be missing, as in files of other programs and of old versions of PyTorch, and with DPC's
  ///   names also their running statistics.
  /// - Throws: ``UnrecognizedNetwork`` if tensors are missing or left over, or have another shape.
  public init(shapes: [String: [Int]], expecting expected: Architecture? = nil) throws {
    let shapes = StateNames.joined(shapes) { StateNames.joinedShape($1) }
    let (wrapper, tower) = Self.prefixes(of: shapes.keys)
    let prefix = wrapper + tower
    // CoCLR's files have each tensor of the network a second time.
    let hasSecondNames = shapes.keys.contains(prefix + "Conv_1a.conv1.weight")
    func isSecondName(_ name: String) -> Bool { hasSecondNames && name.hasPrefix(prefix + "block") }
    let videoMAE = Fingerprint.all.first {
      [.videomae, .huggingFace].contains($0.names) && shapes[prefix + $0.tensor] != nil
    }
    func isNetworks(_ name: String) -> Bool {
      // Every other tensor of VideoMAE's pre-training is known.
      if let videoMAE { return videoMAE.names.taskName(of: name.dropFirst(wrapper.count)) == nil }
      return name.hasPrefix(prefix) && !isSecondName(name)
    }
    let others = shapes.keys.filter { !isNetworks($0) && !isSecondName($0) }.sorted()
    // Names may be made up so that two become equal. Both are then no network's, and one in the error is enough.
    let own = Dictionary(
      shapes.filter { isNetworks($0.key) }.map { name, shape in
        let isStrange = !name.hasPrefix(prefix)
        return (
          isStrange ? "\(name) (outside of \(prefix))" : String(name.dropFirst(prefix.count)), shape
        )
      }, uniquingKeysWith: { first, _ in first })
    var nearest: (network: RecognizedNetwork, mismatch: StateMismatch)?
    for fingerprint in Fingerprint.all {
      guard let channels = own[fingerprint.tensor]?.first else { continue }
      for (architecture, width) in fingerprint.candidates(channels: channels, expecting: expected) {
        let network = RecognizedNetwork(
          names: fingerprint.names, architecture: architecture, width: width,
          head: Self.head(in: own, of: architecture, names: fingerprint.names), prefix: prefix,
          wrapper: wrapper, others: others)
        let mismatch = network.mismatch(own)
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
    wrapper: String, others: [String]
  ) {
    self.names = names
    self.architecture = architecture
    self.width = width
    self.head = head
    self.prefix = prefix
    self.wrapper = wrapper
    self.others = others
  }

  private static func head(
    in shapes: [String: [Int]], of architecture: Architecture, names: StateNames
  ) -> Head? {
    [VideoClassifier.Head.Kind.pretext, .actions].lazy.compactMap { kind in
      guard let name = names.name(of: kind.tensorName("weight"), in: architecture),
        let classes = shapes[name]?.first, classes > 0
      else { return nil }
      return Head(kind: kind, classes: classes)
    }.first
  }

  /// The name of one of ``others`` as the network of the pretext task here calls it, if that has such a tensor; else the name in
  /// the file.
  public func taskName(of other: String) -> String {
    names.taskName(of: other.dropFirst(wrapper.count)) ?? other
  }

  private func mismatch(_ shapes: [String: [Int]]) -> StateMismatch {
    let backbone = architecture.makeBackbone(width: width, using: .meta)
    var expected = backbone.state.map { ("backbone.\($0.name)", $0.tensor.shape) }
    if let head {
      expected.append((head.kind.tensorName("weight"), [head.classes, backbone.featureCount]))
      expected.append((head.kind.tensorName("bias"), [head.classes]))
    }
    return StateMismatch(
      expected: expected.map { (names.name(of: $0.0, in: architecture)!, $0.1) }
        .filter { !names.mayLack($0.0, hasHead: head != nil) || shapes[$0.0] != nil },
      found: shapes)
  }

  /// The prefix of the network's names: what wrappers add (PyTorch's data parallelism and compilation, and many training
  /// programs), followed by the attribute in which VCOP's, DPC's, CoCLR's or VideoMAE's task stores its network.
  private static func prefixes(of names: some Collection<String>) -> (
    wrapper: String, tower: String
  ) {
    var prefix = ""
    // Repeat only a few times: names in foreign files may be long.
    for _ in 0..<4 where !names.isEmpty {
      let next = ["module.", "model.", "_orig_mod."].first { next in
        names.allSatisfy { $0.hasPrefix(prefix + next) }
      }
      prefix += next ?? ""
    }
    let towers = [
      ("base_network.", ""), ("backbone.", "layer1."), ("encoder_q.0.", "Conv_1a."),
      ("backbone.", "Conv_1a."), ("encoder.", "patch_embed."),
    ]
    let tower = towers.first { tower, layer in
      names.contains { $0.hasPrefix(prefix + tower + layer) }
    }
    return (prefix, tower?.0 ?? "")
  }
}

/// A tensor by which a family of networks is recognized.
private struct Fingerprint {
  /// The last convolution of conv1, or of its factors. The size of its first axis is that of conv1's output.
  let tensor: String
  let names: StateNames
  /// The networks that have such a tensor; all tensors together distinguish them.
  let architectures: [Architecture]

  static let all = [
    Fingerprint(
      tensor: "backbone.conv1.a2.weight", names: .mosi,
      architectures: [
        .r2plus1d10, .r2plus1d18, .vcopR2plus1d10, .torchvisionR2plus1d18, .s3dg, .speednetS3dg,
      ]),
    Fingerprint(
      tensor: "backbone.conv1.a.weight", names: .mosi,
      architectures: [.r2d3d18, .r2d3d34, .r3d18, .r3d10, .haraR3d18, .mc318, .c3d, .opn]),
    Fingerprint(
      tensor: "stem.3.weight", names: .torchvision, architectures: [.torchvisionR2plus1d18]),
    Fingerprint(tensor: "stem.0.weight", names: .torchvision, architectures: [.r3d18, .mc318]),
    Fingerprint(tensor: "conv1.weight", names: .vcop, architectures: [.c3d]),
    Fingerprint(tensor: "conv1.weight", names: .dpc, architectures: [.r2d3d18, .r2d3d34]),
    Fingerprint(tensor: "Conv_1a.conv2.weight", names: .coclr, architectures: [.s3dg]),
    Fingerprint(
      tensor: "conv1.temporal_spatial_conv.weight", names: .vcop, architectures: [.r3d10]),
    Fingerprint(
      tensor: "conv1.temporal_conv.weight", names: .vcop, architectures: [.vcopR2plus1d10]),
    Fingerprint(
      tensor: "backbone.conv1.proj.weight", names: .mosi, architectures: transformers),
    Fingerprint(tensor: "patch_embed.proj.weight", names: .videomae, architectures: transformers),
    Fingerprint(
      tensor: "videomae.embeddings.patch_embeddings.projection.weight", names: .huggingFace,
      architectures: transformers),
  ]

  private static let transformers = Architecture.allCases.filter(\.isTransformer)

  /// The networks to compare with, each with the width at which conv1 has this number of channels: first that which the file
  /// names, then those of the papers' width.
  ///
  /// Tensors do not tell the number of a transformer's heads. Other programs' files are taken for the papers' networks.
  func candidates(channels: Int, expecting expected: Architecture?) -> [(Architecture, Int)] {
    let all = architectures.compactMap { architecture in
      architecture.width(ofChannels: channels).map { (architecture, $0) }
    }
    let preferred = all.filter { $0.0 == expected }
    let usual = all.filter { $0.1 == 64 }
    let areHeadsKnown = names == .mosi || !architectures.contains(where: \.isTransformer)
    return preferred + usual + (areHeadsKnown ? all : [])
  }
}

extension Architecture {
  /// The width, in 1...1024, of the network whose conv1 has this number of channels; nil if there is none.
  fileprivate func width(ofChannels channels: Int) -> Int? {
    guard (1...1 << 15).contains(channels) else { return nil }
    guard let unit = transformer(width: 1) else { return channels <= 1024 ? channels : nil }
    // ViT-H's heads are a fourth wider than its width.
    let inner = channels / unit.heads
    let width = self == .vitHuge ? inner - inner / 5 : inner
    guard (1...1024).contains(width), transformer(width: width)?.width == channels else {
      return nil
    }
    return width
  }
}

extension RecognizedNetwork {
  /// The names in the file of all tensors of the network, by their names in a ``VideoClassifier``. The file may lack
  /// batch counters.
  public var namesInFile: [String: String] {
    architecture.tensorNames(names, head: head?.kind)!.mapValues { prefix + $0 }
  }

  /// The tensors of the recognized state dict under their names in a ``VideoClassifier``, each in its own shape. Missing
  /// batch counters, running statistics and the normalization of a transformer's features are added as they are in a new
  /// network.
  public func ownState(_ state: [String: Tensor]) -> [String: Tensor] {
    let names = namesInFile
    let found = names.compactMapValues { name -> Tensor? in
      let parts = StateNames.parts(of: name).compactMap { state[$0] }
      return parts.count > 1 ? .concatenated(parts) : parts.first
    }
    guard found.count < names.count else { return found }
    if let plan = architecture.transformer(width: width) {
      let norm = [
        "backbone.fc_norm.weight": Tensor.ones([plan.width]),
        "backbone.fc_norm.bias": .zeros([plan.width]),
      ]
      return found.merging(norm) { given, _ in given }
    }
    let new = architecture.makeBackbone(width: width, using: Generator(seed: 0)).buffers
    return found.merging(new.map { ("backbone.\($0.name)", $0.tensor) }) { given, _ in given }
  }
}

/// The error if a state dict does not fit any known network.
public struct UnrecognizedNetwork: Error, Sendable, CustomStringConvertible {
  /// The network that has the most in common with the state dict; nil if there is none.
  public let nearest: RecognizedNetwork?
  /// The differences from that network; nil if there is none.
  public let mismatch: StateMismatch?

  /// The problem, as the predicate of a sentence whose subject is the file.
  public var description: String {
    guard let nearest, let mismatch else {
      let tensors = Fingerprint.all.map(\.tensor)
      return "does not contain a network that mosi knows: there is no tensor "
        + tensors.dropLast().joined(separator: ", ") + " or \(tensors.last!)"
    }
    let names =
      switch nearest.names {
      case .mosi: ""
      case .torchvision: " with torchvision's names"
      case .vcop: " with VCOP's names"
      case .dpc: " with DPC's names"
      case .coclr: " with CoCLR's names"
      case .videomae: " with VideoMAE's names"
      case .huggingFace: " with Hugging Face's names"
      }
    return
      "is most similar to \(nearest.architecture.rawValue) of width \(nearest.width)\(names), but "
      + "\(mismatch)"
  }
}
