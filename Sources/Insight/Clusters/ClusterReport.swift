/// The result of `mosi clusters`: clusters.json.
public struct ClusterReport: AnalysisResult, Sendable {
  public static let fileName = "clusters.json"
  public static let command = "clusters"

  public var fileNames: [String] { clusters.map(\.picture) + [embeddingPNG, embeddingSVG] }

  /// The number of clusters.
  public let k: Int
  public let seed: Int
  public let perplexity: Double
  /// The sum of squared distances of the features, of length 1 each, to their centroids.
  public let inertia: Double
  /// Of the embedding, in nats.
  public let divergence: Double
  /// Of the embedding, for 5 neighbors; absent for fewer than 11 clips.
  public let trustworthiness: Double?
  /// The agreement for the network.
  public let agreement: Agreement
  /// The agreement for networks with random weights; absent if there are none.
  public let random: RandomAgreement?
  /// Clips below this speed are static.
  public let staticSpeed: Double
  /// Names of the directions of histograms.
  public let directions: [String]
  /// Where the ranges of magnitudes of histograms begin.
  public let magnitudes: [Double]
  public let clips: [Clip]
  /// The largest first; the cluster of a clip is an index into them.
  public let clusters: [Cluster]
  /// Videos that cannot be read or are shorter than a clip.
  public let skipped: [SkippedVideo]
  /// File names beside this file.
  public let embeddingPNG: String
  public let embeddingSVG: String

  /// The agreement of clusters with the motion of clips: normalized mutual information, 0...1.
  public struct Agreement: Codable, Equatable, Sendable {
    /// With static, horizontal and vertical.
    public let axes: Double
    /// With static, right, down, left and up.
    public let directions: Double

    init(_ clusters: [Int], _ motions: [ClipMotion]) {
      axes = normalizedMutualInformation(clusters, motions.map(\.axis))
      directions = normalizedMutualInformation(clusters, motions.map(\.direction))
    }
  }

  public struct RandomAgreement: Codable, Sendable {
    /// The agreement for each network.
    public let networks: [Agreement]
    public let axes: SampleStatistics
    public let directions: SampleStatistics

    init(_ networks: [Agreement]) {
      self.networks = networks
      axes = SampleStatistics(networks.map(\.axes))
      directions = SampleStatistics(networks.map(\.directions))
    }
  }

  public struct Clip: Codable, Sendable {
    public let video: String
    /// In seconds.
    public let start: Double
    /// 0, or 0...2 along the long side.
    public let crop: Int
    public let cluster: Int
    /// The place in the embedding.
    public let x: Double
    public let y: Double
    /// The squared distance of the features to the cluster's centroid.
    public let distance: Double
    public let motion: ClipMotion
    public let direction: ClipMotion.Direction
    public let axis: ClipMotion.Axis
  }

  public struct Cluster: Codable, Sendable {
    public let size: Int
    /// The mean of its clips' speeds, in shares of the side per frame.
    public let meanSpeed: Double
    /// The shares of its clips.
    public let directionShares: [String: Double]
    public let axisShares: [String: Double]
    public let histogram: FlowHistogram
    /// Indices of the clips nearest to the centroid, the nearest first, one a video.
    public let nearest: [Int]
    /// The name of its picture beside this file.
    public let picture: String

    /// The direction of most of its clips.
    public var dominantDirection: ClipMotion.Direction {
      ClipMotion.Direction.allCases.max {
        directionShares[$0.rawValue] ?? 0 < directionShares[$1.rawValue] ?? 0
      }!
    }
  }
}
