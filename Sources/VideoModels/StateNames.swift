/// The layout of names in a network's state dict.
public enum StateNames: String, CaseIterable, Sendable {
  /// This package's names: `backbone.conv1.a.weight`, `head.out.weight`. For the paper's networks, they are the names in
  /// the authors' released code.
  case mosi
  /// The names of torchvision's VideoResNet: `stem.0.weight`, `layer1.0.conv1.0.weight`, `fc.weight`.
  case torchvision
  /// The names in VCOP's code: `conv3a.weight`, `bn3a.weight`, `linear.weight` in C3D, `conv3.block1.conv1.…` in R3D and
  /// R(2+1)D.
  case vcop
  /// The names in DPC's and MemDPC's code: `layer1.0.conv1.weight`, `layer1.0.downsample.0.weight`. Both store the backbone
  /// as `backbone` of their task; in DPC's, normalizations have no running statistics.
  case dpc
  /// The names in CoCLR's code: `Conv_1a.conv1.weight`, `Mixed_3b.branch1.0.conv.weight`. Its files have each tensor a second
  /// time as `block1.0.conv1.weight`, `block3.1.branch1.0.conv.weight`.
  case coclr
  /// The names in VideoMAE's code: `patch_embed.proj.weight`, `blocks.0.attn.qkv.weight`, `fc_norm.weight`, `head.weight`. A
  /// pre-training's begin with `encoder.`, and there is no `fc_norm`.
  case videomae
  /// The names of VideoMAE in Hugging Face's transformers: `videomae.encoder.layer.0.attention.attention.query.weight`,
  /// `classifier.weight`. Queries, keys and values are three tensors; see ``parts(of:)``.
  case huggingFace = "hugging_face"
}

extension StateNames {
  /// True if there are networks of `architecture` with these names.
  public func supports(_ architecture: Architecture) -> Bool {
    switch self {
    case .mosi: true
    case .torchvision: [.r3d18, .mc318, .torchvisionR2plus1d18].contains(architecture)
    case .vcop: [.c3d, .r3d10, .vcopR2plus1d10].contains(architecture)
    case .dpc: [.r2d3d18, .r2d3d34].contains(architecture)
    case .coclr: architecture == .s3dg
    case .videomae, .huggingFace: architecture.isTransformer
    }
  }

  /// True if files with these names may lack the tensor `name`: batch counters, with DPC's names running statistics, and with
  /// VideoMAE's, if there is no head, the normalization of features, which begins with fine-tuning.
  public func mayLack(_ name: String, hasHead: Bool) -> Bool {
    if self == .videomae || self == .huggingFace { return !hasHead && name.hasPrefix("fc_norm.") }
    let statistics = self == .dpc ? [".running_mean", ".running_var"] : []
    return ([".num_batches_tracked"] + statistics).contains { name.hasSuffix($0) }
  }

  /// The epsilon of normalization in networks with these names. State dicts do not contain it.
  public func epsilon(of architecture: Architecture) -> Double {
    self == .mosi || architecture.isTransformer ? architecture.defaultEpsilon : 1e-5
  }

  /// The positions of tokens in networks with these names, nil for networks without tokens. State dicts do not contain them.
  public func positions(of architecture: Architecture) -> TokenPositions.Scheme? {
    let own = architecture.defaultPositions
    return self == .mosi ? own : own.map { _ in .number }
  }

  /// The name of the tensor that a ``VideoClassifier`` of `architecture` calls `own`; nil for a head that these names do not
  /// have.
  func name(of own: String, in architecture: Architecture) -> String? {
    switch self {
    case .mosi: own
    case .torchvision: torchvisionName(of: own)
    case .vcop: architecture == .c3d ? vcopC3DName(of: own) : vcopResNetName(of: own)
    case .dpc: dpcName(of: own)
    case .coclr: coclrName(of: own)
    case .videomae: videoMAEName(of: own, in: architecture)
    case .huggingFace:
      videoMAEName(of: own, in: architecture).map(huggingFaceName)
    }
  }
}

extension Architecture {
  /// The names in the layout `names` of the network's tensors, all different, by their names in a ``VideoClassifier``.
  ///
  /// - Parameters:
  ///   - names: the layout of the names.
  ///   - head: the kind of head, if its names are included; nil for the backbone alone.
  /// - Returns: nil if there are no such names: other programs only have some of the architectures, and only heads for
  ///   actions.
  public func tensorNames(_ names: StateNames, head: VideoClassifier.Head.Kind?)
    -> [String: String]?
  {
    guard names.supports(self) else { return nil }
    let backbone = makeBackbone(width: 1, using: .meta).state.map { "backbone.\($0.name)" }
    var table: [String: String] = [:]
    for own in backbone + (head.map { ["weight", "bias"].map($0.tensorName) } ?? []) {
      guard let name = names.name(of: own, in: self) else { return nil }
      table[own] = name
    }
    return table
  }
}

extension VideoClassifier.Head.Kind {
  /// The name of the head's `weight` or `bias`.
  func tensorName(_ tensor: String) -> String { "head.\(rawValue).\(tensor)" }
}

/// Splits `backbone.conv3.res_1.conv_branch.a.weight` into ["backbone", "conv3", "res_1", "conv_branch", "a"] and
/// "weight".
private func split(_ own: String) -> (path: [String], tensor: String) {
  var path = own.split(separator: ".").map(String.init)
  let tensor = path.removeLast()
  return (path, tensor)
}

// MARK: - torchvision

/// The indices of convolutions, or their factors, and normalizations in torchvision's stem.
private let placesInStem = [
  "a": "0", "a_bn": "1", "a1": "0", "a1_bn": "1", "a2": "3", "a2_bn": "4",
]
/// The indices in a residual block, where the factors and the layers between them are a sequence of their own.
private let placesInBlock = [
  "a": "conv1.0", "a_bn": "conv1.1",
  "a1": "conv1.0.0", "a1_bn": "conv1.0.1", "a2": "conv1.0.3", "a2_bn": "conv1.1",
  "b": "conv2.0", "b_bn": "conv2.1",
  "b1": "conv2.0.0", "b1_bn": "conv2.0.1", "b2": "conv2.0.3", "b2_bn": "conv2.1",
  "short_cut": "downsample.0", "short_cut_bn": "downsample.1",
]

private func torchvisionName(of own: String) -> String? {
  let (path, tensor) = split(own)
  switch (path[0], path[1]) {
  case ("head", let kind):
    return kind == VideoClassifier.Head.Kind.actions.rawValue ? "fc.\(tensor)" : nil
  case (_, "conv1"):
    return "stem.\(placesInStem[path[2]]!).\(tensor)"
  case (_, let stage):
    // For example, backbone.conv3.res_1.conv_branch.a is in layer2.0.
    let layer = Int(stage.dropFirst("conv".count))! - 1
    let block = Int(path[2].dropFirst("res_".count))! - 1
    return "layer\(layer).\(block).\(placesInBlock[path.last!]!).\(tensor)"
  }
}

// MARK: - VCOP

/// The name of a tensor of a head.
private func vcopHeadName(_ path: [String], _ tensor: String) -> String? {
  path[1] == VideoClassifier.Head.Kind.actions.rawValue ? "linear.\(tensor)" : nil
}

/// `backbone.conv3.b` and `b_bn` are conv3b and bn3b; conv1 and conv2 have a single convolution without a letter.
private func vcopC3DName(of own: String) -> String? {
  let (path, tensor) = split(own)
  guard path[0] == "backbone" else { return vcopHeadName(path, tensor) }
  let number = path[1].dropFirst("conv".count)
  let letter = ["1", "2"].contains(number) ? "" : path[2].prefix(1)
  return "\(path[2].hasSuffix("_bn") ? "bn" : "conv")\(number)\(letter).\(tensor)"
}

/// The names of a unit's layers below its convolution, which are a module of their own; the last normalization is beside
/// it.
private let placesInVCOPUnit = [
  "": "temporal_spatial_conv", "1": "spatial_conv", "1_bn": "bn", "2": "temporal_conv",
]

/// `backbone.conv3.res_1.conv_branch.a` and `a_bn` are `conv3.block1.conv1.temporal_spatial_conv` and `conv3.block1.bn1`; the
/// factors `a1`, `a1_bn`, `a2` and `a2_bn` are `conv1.spatial_conv`, `conv1.bn`, `conv1.temporal_conv` and `bn1`.
private func vcopResNetName(of own: String) -> String? {
  let (path, tensor) = split(own)
  guard path[0] == "backbone" else { return vcopHeadName(path, tensor) }
  let units = [
    ("short_cut", "downsampleconv", "downsamplebn"), ("a", "conv1", "bn1"), ("b", "conv2", "bn2"),
  ]
  let (unit, convolution, normalization) = units.first { path.last!.hasPrefix($0.0) }!
  let layer = String(path.last!.dropFirst(unit.count))
  let block = path[1] == "conv1" ? "" : "\(path[1]).block\(path[2].dropFirst("res_".count))."
  let place = placesInVCOPUnit[layer].map { "\(convolution).\($0)" } ?? normalization
  return "\(block)\(place).\(tensor)"
}

// MARK: - DPC

/// `backbone.conv3.res_1.conv_branch.a` and `a_bn` are `layer2.0.conv1` and `layer2.0.bn1`. The heads of its classifiers work
/// on an aggregator, so that there are none for a backbone.
private func dpcName(of own: String) -> String? {
  let (path, tensor) = split(own)
  let places = [
    "a": "conv1", "a_bn": "bn1", "b": "conv2", "b_bn": "bn2", "short_cut": "downsample.0",
    "short_cut_bn": "downsample.1",
  ]
  guard path[0] == "backbone", let place = places[path.last!] else { return nil }
  guard path[1] != "conv1" else { return "\(place).\(tensor)" }
  let layer = Int(path[1].dropFirst("conv".count))! - 1
  let block = Int(path[2].dropFirst("res_".count))! - 1
  return "layer\(layer).\(block).\(place).\(tensor)"
}

extension StateNames {
  /// The name of a tensor of a pretext task's own layers, as the task's network here calls it, or nil if it has no such name
  /// here: `aggregator.forward.reset_gate.weight` for DPC's `agg.ConvGRUCell_00.reset_gate.weight`, which is `agg_f` in MemDPC,
  /// whose `agg_b` goes backward; and `encoder_norm.weight` for VideoMAE's `encoder.norm.weight`.
  ///
  /// - Parameter name: the name in the file, without what wrappers add.
  func taskName(of name: some StringProtocol) -> String? {
    switch self {
    case .mosi, .torchvision, .vcop, .coclr: nil
    case .dpc: aggregatorName(of: name)
    case .videomae, .huggingFace: maskedName(of: String(name))
    }
  }

  private func aggregatorName(of name: some StringProtocol) -> String? {
    let directions = ["agg": "forward", "agg_f": "forward", "agg_b": "backward"]
    let path = name.split(separator: ".")
    guard path.count == 4, path[1] == "ConvGRUCell_00", let direction = directions[String(path[0])]
    else { return nil }
    return "aggregator.\(direction).\(path[2]).\(path[3])"
  }
}

// MARK: - CoCLR

/// `backbone.conv2.b1` and `b1_bn` are `Conv_2c.conv1` and `Conv_2c.bn1`; `backbone.conv3.mixed_1.branch_1.b1` is
/// `Mixed_3b.branch1.1.conv1`, and its `gate` is `Mixed_3b.gating_b1.fc`.
private func coclrName(of own: String) -> String? {
  let (path, tensor) = split(own)
  guard path[0] == "backbone" else { return nil }
  let number = path[1].dropFirst("conv".count)
  let layer = path.last!
  // "a1_bn" is the normalization of the first factor of the unit a.
  let factor = layer.dropFirst().prefix { $0.isNumber }
  let place = "\(layer.hasSuffix("_bn") ? "bn" : "conv")\(factor).\(tensor)"
  guard path[2].hasPrefix("mixed_") else {
    let letter = path[1] == "conv1" ? "a" : layer.hasPrefix("a") ? "b" : "c"
    return "Conv_\(number)\(letter).\(place)"
  }
  let letter = Array("bcdef")[Int(path[2].dropFirst("mixed_".count))! - 1]
  let branch = path[3].dropFirst("branch_".count)
  if layer == "gate" { return "Mixed_\(number)\(letter).gating_b\(branch).fc.\(tensor)" }
  // The last branch begins with a pooling.
  let index = layer.hasPrefix("b") || branch == "3" ? 1 : 0
  return "Mixed_\(number)\(letter).branch\(branch).\(index).\(place)"
}

// MARK: - VideoMAE

/// `backbone.conv3.block_2.attn.qkv.weight` is `blocks.N.attn.qkv.weight`, where N counts the blocks of all stages.
private func videoMAEName(of own: String, in architecture: Architecture) -> String? {
  var path = own.split(separator: ".").map(String.init)
  switch (path.removeFirst(), path[0]) {
  case ("head", VideoClassifier.Head.Kind.actions.rawValue): return "head.\(path[1])"
  case ("backbone", "conv1"): return "patch_embed.\(path.dropFirst().joined(separator: "."))"
  case ("backbone", "fc_norm"): return path.joined(separator: ".")
  case ("backbone", let stage):
    let blocks = architecture.transformer(width: 1)!.blocks
    let before = blocks * (Int(stage.dropFirst("conv".count))! - 2) / 4
    let block = before + Int(path[1].dropFirst("block_".count))! - 1
    return "blocks.\(block).\(path.dropFirst(2).joined(separator: "."))"
  default: return nil
  }
}

/// Hugging Face's name of what VideoMAE's code calls `name`.
private func huggingFaceName(of name: String) -> String {
  let path = name.split(separator: ".").map(String.init)
  switch path[0] {
  case "head": return "classifier.\(path[1])"
  case "fc_norm": return name
  case "patch_embed": return "videomae.embeddings.patch_embeddings.projection.\(path[2])"
  default:
    let tensor = path.dropFirst(2).joined(separator: ".")
    return "videomae.encoder.layer.\(path[1]).\(huggingFaceBlockName(of: tensor))"
  }
}

/// Hugging Face's name of a tensor of a block, which VideoMAE's code calls `tensor`: `norm1.weight`.
private func huggingFaceBlockName(of tensor: String) -> String {
  let places = [
    "norm1": "layernorm_before", "norm2": "layernorm_after", "mlp.fc1": "intermediate.dense",
    "mlp.fc2": "output.dense", "attn.proj": "attention.output.dense",
  ]
  let path = tensor.split(separator: ".")
  if let found = places[path.dropLast().joined(separator: ".")] { return "\(found).\(path.last!)" }
  // attn.q_bias, attn.v_bias and attn.qkv.weight
  return "attention.attention.\(path.dropFirst().joined(separator: "."))"
}

extension StateNames {
  private static let joint = ".attention.attention.qkv.weight"

  /// The names under which Hugging Face's files have the parts of a tensor, along its first axis: queries, keys and values;
  /// the name itself for tensors that are not divided.
  public static func parts(of name: String) -> [String] {
    guard name.hasSuffix(joint) else { return [name] }
    let layer = name.dropLast("qkv.weight".count)
    return ["query", "key", "value"].map { "\(layer)\($0).weight" }
  }

  /// Puts together what Hugging Face's files divide.
  ///
  /// - Parameters:
  ///   - tensors: the tensors of a file by name.
  ///   - join: makes one of parts, which are one after another along the first axis.
  /// - Returns: the tensors, in which one takes the place of three.
  public static func joined<Value>(
    _ tensors: [String: Value], _ join: (_ name: String, _ parts: [Value]) -> Value?
  ) -> [String: Value] {
    var result = tensors
    for name in tensors.keys where name.hasSuffix(".attention.attention.query.weight") {
      let whole = "\(name.dropLast("query.weight".count))qkv.weight"
      let names = parts(of: whole)
      let parts = names.compactMap { tensors[$0] }
      guard parts.count == names.count, tensors[whole] == nil, let value = join(whole, parts) else {
        continue
      }
      for name in names { result[name] = nil }
      result[whole] = value
    }
    return result
  }

  /// The shape of parts of these shapes, one after another along the first axis; nil if they do not fit.
  public static func joinedShape(_ shapes: [[Int]]) -> [Int]? {
    guard let first = shapes.first, first.count == 2, shapes.allSatisfy({ $0 == first }),
      (1...1 << 20).contains(first[0])
    else { return nil }
    return [shapes.count * first[0], first[1]]
  }
}

// MARK: - VideoMAE's pre-training

extension StateNames {
  /// The name of a tensor that VideoMAE's pre-training has besides the network for clips, in its code or in Hugging Face's, as
  /// masked modeling's network here calls it: of the encoder's last normalization, the decoder, and what is between them. Nil
  /// for other tensors, and for those that only the other code has.
  ///
  /// Masked modeling's network has VideoMAE's names, except that `encoder.norm` is `encoder_norm`.
  private func maskedName(of name: String) -> String? {
    if ["mask_token", "encoder_to_decoder.weight"].contains(name) { return name }
    let isOfficial = self == .videomae
    let layers = [
      isOfficial ? "encoder.norm" : "videomae.layernorm": "encoder_norm",
      "decoder.norm": "decoder.norm", "decoder.head": "decoder.head",
    ]
    for ending in [".weight", ".bias"] where name.hasSuffix(ending) {
      if let layer = layers[String(name.dropLast(ending.count))] { return layer + ending }
    }
    let path = name.split(separator: ".", maxSplits: 3, omittingEmptySubsequences: false)
      .map(String.init)
    // A number in another spelling would be a second tensor of the same block.
    guard path.count == 4, path[0] == "decoder",
      path[1] == (isOfficial ? "blocks" : "decoder_layers"),
      let block = UInt(path[2]), String(block) == path[2]
    else { return nil }
    let tensors = isOfficial ? Self.blockTensors : Self.huggingFaceBlockTensors
    return tensors[path[3]].map { "decoder.blocks.\(block).\($0)" }
  }

  /// The name in the state of VideoMAE's pre-training, in its code, of what masked modeling's network here calls `own`; nil
  /// for tensors that VideoMAE does not have, and for those of the backbone.
  public static func videoMAEPretrainingName(of own: String) -> String? {
    let norm = "encoder_norm."
    let name = own.hasPrefix(norm) ? "encoder.norm.\(own.dropFirst(norm.count))" : own
    return StateNames.videomae.maskedName(of: name) == own ? name : nil
  }

  /// The tensors of a block by their names in VideoMAE's code, which are ours.
  private static let blockTensors = Dictionary(
    uniqueKeysWithValues: (["attn.q_bias", "attn.v_bias", "attn.qkv.weight"]
      + ["norm1", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2"].flatMap {
        ["\($0).weight", "\($0).bias"]
      }).map { ($0, $0) })
  /// The same by Hugging Face's names.
  private static let huggingFaceBlockTensors = Dictionary(
    uniqueKeysWithValues: blockTensors.keys.map { (huggingFaceBlockName(of: $0), $0) })
}
