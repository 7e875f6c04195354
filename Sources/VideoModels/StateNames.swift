/// How the tensors of a network's state dict are named.
public enum StateNames: String, CaseIterable, Sendable {
  /// As the authors' released code names them, and this package: `backbone.conv1.a.weight`, `head.out.weight`.
  case released
  /// As torchvision's VideoResNet: `stem.0.weight`, `layer1.0.conv1.0.weight`, `fc.weight`.
  case torchvision

  /// The epsilon of the batch normalizations of networks that come with these names; no state dict holds it.
  public var epsilon: Double {
    switch self {
    case .released: 1e-3
    case .torchvision: 1e-5
    }
  }
}

extension StateNames {
  /// Whether networks of `architecture` come with these names.
  public func exist(for architecture: Architecture) -> Bool {
    self == .released || [.r3d18, .mc318, .torchvisionR2plus1d18].contains(architecture)
  }

  /// The name of the tensor that a ``VideoClassifier`` calls `own`; nil for a head that has none here.
  func name(of own: String) -> String? {
    switch self {
    case .released: own
    case .torchvision: torchvisionName(of: own)
    }
  }
}

extension Architecture {
  /// The names under `names` of the network's tensors, all different, by what a ``VideoClassifier`` calls them, which is
  /// the released name.
  ///
  /// - Parameters:
  ///   - names: whose names are wanted.
  ///   - head: the head, whose names are among them; nil for the backbone alone.
  /// - Returns: nil where there are none: torchvision has three of the architectures, and no head but that of actions.
  public func tensorNames(_ names: StateNames, head: VideoClassifier.Head.Kind?)
    -> [String: String]?
  {
    guard names.exist(for: self) else { return nil }
    let backbone = makeBackbone(width: 1, device: .meta).state.map { "backbone.\($0.name)" }
    var table: [String: String] = [:]
    for own in backbone + (head.map { ["weight", "bias"].map($0.tensorName) } ?? []) {
      guard let name = names.name(of: own) else { return nil }
      table[own] = name
    }
    return table
  }
}

extension VideoClassifier.Head.Kind {
  /// The name of the head's `weight` or `bias`.
  func tensorName(_ tensor: String) -> String { "head.\(rawValue).\(tensor)" }
}

// MARK: - torchvision

/// Where a convolution, or a factor of one, and its normalization lie in torchvision's sequence of layers.
private let placesInStem = [
  "a": "0", "a_bn": "1", "a1": "0", "a1_bn": "1", "a2": "3", "a2_bn": "4",
]
/// The same in a residual block. There the factors and what is between are a sequence of their own.
private let placesInBlock = [
  "a": "conv1.0", "a_bn": "conv1.1",
  "a1": "conv1.0.0", "a1_bn": "conv1.0.1", "a2": "conv1.0.3", "a2_bn": "conv1.1",
  "b": "conv2.0", "b_bn": "conv2.1",
  "b1": "conv2.0.0", "b1_bn": "conv2.0.1", "b2": "conv2.0.3", "b2_bn": "conv2.1",
  "short_cut": "downsample.0", "short_cut_bn": "downsample.1",
]

private func torchvisionName(of own: String) -> String? {
  var parts = own.split(separator: ".").map(String.init)
  let tensor = parts.removeLast()
  switch (parts[0], parts[1]) {
  case ("head", let kind):
    return kind == VideoClassifier.Head.Kind.actions.rawValue ? "fc.\(tensor)" : nil
  case (_, "conv1"):
    return "stem.\(placesInStem[parts[2]]!).\(tensor)"
  case (_, let stage):
    // backbone.conv3.res_1.conv_branch.a is in layer2.0.
    let layer = Int(stage.dropFirst("conv".count))! - 1
    let block = Int(parts[2].dropFirst("res_".count))! - 1
    return "layer\(layer).\(block).\(placesInBlock[parts.last!]!).\(tensor)"
  }
}
