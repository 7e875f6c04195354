import VideoModels

extension GradCAM {
  /// The maps as numbers, each [T, H, W].
  ///
  /// - Throws: ``DivergedNetwork``.
  var values: [[Float]] {
    get throws {
      guard maps.isFinite, logits.isFinite else { throw DivergedNetwork() }
      let all = maps.to(.cpu).array(of: Float.self)
      let size = all.count / labels.count
      return labels.indices.map { Array(all[$0 * size..<($0 + 1) * size]) }
    }
  }
}

/// A network whose scores are not numbers.
public struct DivergedNetwork: Error, Hashable, Sendable, CustomStringConvertible {
  public var description: String {
    "the scores of the network are not numbers: its training has diverged"
  }
}
