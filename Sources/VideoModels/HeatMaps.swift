import Torch

/// How heat maps are computed.
public enum HeatMethod: Hashable, Sendable {
  /// Grad-CAM of the output of a stage.
  case gradCAM(StageName)
  /// The attention of all blocks of a transformer, weighted by its gradients. It locates far better than Grad-CAM there: the
  /// tokens of a transformer exchange what they know, so that any of them can be evidence for anything.
  case attention

  /// Attention for transformers, the Grad-CAM of `stage` for other networks.
  public static func usual(for architecture: Architecture, at stage: StageName) -> HeatMethod {
    architecture.isTransformer ? .attention : .gradCAM(stage)
  }

  /// "Grad-CAM" or "attention".
  public var name: String {
    switch self {
    case .gradCAM: "Grad-CAM"
    case .attention: "attention"
    }
  }

  /// "Grad-CAM at conv4" or "attention".
  public var description: String {
    switch self {
    case .gradCAM(let stage): "\(name) at \(stage.rawValue)"
    case .attention: name
    }
  }

  /// "conv4" or "attention".
  public var code: String {
    switch self {
    case .gradCAM(let stage): stage.rawValue
    case .attention: name
    }
  }
}

/// In files, the ``code``.
extension HeatMethod: Codable {
  public init(from decoder: any Decoder) throws {
    let code = try decoder.singleValueContainer().decode(String.self)
    if code == HeatMethod.attention.code {
      self = .attention
    } else if let stage = StageName(rawValue: code) {
      self = .gradCAM(stage)
    } else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "\(code) is not a kind of heat map")
      )
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(code)
  }
}

/// The places and times in clips that support a label.
public struct HeatMaps {
  /// The maps at the resolution of the network, float32 [B, t, h, w], not negative.
  public let coarse: Tensor
  /// The maps at the size of the clips, float32 [B, T, H, W] in 0...1: enlarged trilinearly and divided by each map's
  /// maximum. If nothing in a clip supports its label, its map is 0.
  public let maps: Tensor
  /// The label of each map.
  public let labels: [Int]
  /// The network's logits, float32 [B, classes].
  public let logits: Tensor

  /// Enlarges `coarse` maps [B, 1, t, h, w] for clips of this shape.
  init(coarse: Tensor, for clips: [Int], labels: [Int], logits: Tensor) {
    let extents = clips.suffix(3).map { $0 }
    let enlarged = coarse.resizedTrilinearly(to: Extent3(extents[0], extents[1], extents[2]))
    let greatest = enlarged.max([1, 2, 3, 4], keepingAxes: true)
    let divisor = greatest.equal(to: 0).choose(greatest + 1, greatest)
    self.coarse = coarse.squeezed(1)
    maps = (enlarged / divisor).squeezed(1)
    self.labels = labels
    self.logits = logits
  }
}

extension VideoClassifier {
  /// Computes heat maps of clips.
  ///
  /// The network is used in evaluation mode. Its mode, its parameters' gradients and its running statistics do not
  /// change. The maps of a clip do not depend on the other clips of the batch, up to rounding.
  ///
  /// - Parameters:
  ///   - clips: float32 [B, 3, T, H, W], normalized, on the network's device.
  ///   - method: how they are computed; ``HeatMethod/attention`` only for transformers.
  ///   - labels: a label for each clip; nil for the label with the highest logit.
  ///   - candidates: the labels from which that with the highest logit is chosen; nil for all.
  public func heat(
    _ clips: Tensor, by method: HeatMethod, labels: [Int]? = nil, among candidates: [Int]? = nil
  ) -> HeatMaps {
    switch method {
    case .gradCAM(let stage): gradCAM(clips, at: stage, labels: labels, among: candidates)
    case .attention: attentionHeat(clips, labels: labels, among: candidates)
    }
  }

  /// Checks that there is a label for each clip, and begins evaluation mode.
  ///
  /// - Returns: the mode before.
  func beginExplaining(_ clips: Int, _ labels: [Int]?) -> Bool {
    precondition(
      labels.map { $0.count == clips } ?? true, "\(labels!.count) labels, \(clips) clips")
    defer { train(false) }
    return isTraining
  }

  /// The label with the highest logit for each clip; the first of several equal ones.
  static func likeliest(_ logits: Tensor, among labels: [Int]?) -> [Int] {
    guard let labels else { return logits.argmax(1).array(of: Int.self) }
    return logits.to(.cpu).selected(1, indices: Tensor(labels)).argmax(1).array(of: Int.self)
      .map { labels[$0] }
  }
}
