import Training

/// The share of test videos whose nearest training video has their class, for a network and for one with random weights.
public struct RetrievalScores: Codable, Sendable, Equatable {
  /// The share for the pre-trained network, from 0 to 1.
  public let network: Double
  /// The share for a network with random weights.
  public let random: Double
  /// The share for a random training video.
  public let chance: Double

  /// The shares at k = 1.
  init(network: Retrieval, random: Retrieval) {
    func first(_ retrieval: Retrieval) -> Double {
      retrieval.accuracies.first { $0.k == 1 }?.accuracy ?? 0
    }
    self.network = first(network)
    self.random = first(random)
    chance = network.chance
  }
}
