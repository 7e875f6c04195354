import Torch
import VideoModels

/// How well a network's heat maps point at the moving region of masked clips, compared with random weights and chance.
public struct RegionLocalization: Codable, Equatable, Sendable {
  /// The number of sources.
  public let sources: Int
  /// The number of moving clips.
  public let clips: Int
  /// The mean share of the frame's area that the region occupies: the score of a uniform map.
  public let chance: Double
  /// The scores of the network.
  public let network: RegionScores
  /// The scores of the networks with random weights.
  public let random: [RegionScores]
  /// The share of the clips whose motion the network recognizes.
  public let top1: Double

  /// Measures networks.
  ///
  /// - Parameters:
  ///   - model: a network with the task's head, on `device`.
  ///   - random: networks of the same kind with random weights, on `device`.
  ///   - clips: the clips.
  ///   - maps: how heat maps are computed.
  ///   - label: the label to explain, also for networks with random weights.
  ///   - device: the device of the networks.
  ///   - progress: called with the number of finished sources; an error that it throws stops the work.
  /// - Throws: ``DivergedNetwork``, errors of `progress`.
  public init(
    of model: VideoClassifier, random: [VideoClassifier], on clips: MaskedClips,
    by maps: HeatMethod, label: HeatLabel, device: Device, progress: (Int) throws -> Void = { _ in }
  ) throws {
    var scores = [[[RegionScore]]](repeating: [], count: 1 + random.count)
    var correct = 0
    for source in 0..<clips.sourceCount {
      let made = clips.clips(ofSource: source, on: device)
      for (index, network) in ([model] + random).enumerated() {
        let heat = network.heat(
          made.clips, by: maps, labels: label == .target ? clips.labels : nil)
        scores[index].append(
          try zip(heat.values, made.regions).map { map, region in
            RegionScore(
              map: map, frames: heat.maps.shape[1], height: heat.maps.shape[2],
              width: heat.maps.shape[3], region: region)
          })
        if index == 0 {
          let guesses = heat.logits.argmax(1).array(of: Int.self)
          correct += zip(guesses, clips.labels).count { $0 == $1 }
        }
      }
      try progress(source + 1)
    }
    sources = clips.sourceCount
    self.clips = sources * clips.labels.count
    chance =
      SampleStatistics(scores[0].map { $0.map(\.chance).reduce(0, +) / Double($0.count) }).mean
    network = RegionScores(scores[0])
    self.random = scores.dropFirst().map(RegionScores.init)
    top1 = Double(correct) / Double(self.clips)
  }

  /// The mean of a score for each network with random weights.
  public func random(_ score: KeyPath<RegionScores, SampleStatistics>) -> SampleStatistics {
    SampleStatistics(random.map { $0[keyPath: score].mean })
  }
}
