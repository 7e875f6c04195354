import VideoModels

extension HeatMaps {
  /// The maps as numbers, [T, H, W] each.
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

/// The error for a network whose scores are infinite or NaN.
public struct DivergedNetwork: Error, Hashable, Sendable, CustomStringConvertible {
  public var description: String {
    "the scores of the network are not finite: its training has diverged"
  }
}
