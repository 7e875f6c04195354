/// The result of `mosi clusters`: clusters.json.
public struct ClusterReport: AnalysisResult, Sendable {
  /// The file name of the JSON file.
  public static let fileName = "clusters.json"
  /// The command that writes it.
  public static let command = "clusters"

  /// The names of the pictures.
  public var fileNames: [String] { clusters.map(\.picture) + [embeddingPNG, embeddingSVG] }

  /// The number of clusters.
  public let k: Int
  /// The random seed.
  public let seed: Int
  /// The perplexity of t-SNE.
  public let perplexity: Double
  /// The sum of the squared distances of the features, scaled to length 1, to their centroids.
  public let inertia: Double
  /// The Kullback-Leibler divergence of the embedding, in nats.
  public let divergence: Double
  /// The trustworthiness of the embedding for 5 neighbors; absent for fewer than 11 clips.
  public let trustworthiness: Double?
  /// The agreement for the network.
  public let agreement: Agreement
  /// The agreement for networks with random weights; absent if there are none.
  public let random: RandomAgreement?
  /// Clips below this speed are static.
  public let staticSpeed: Double
  /// The names of the directions in histograms.
  public let directions: [String]
  /// The lower bounds of the ranges of magnitudes in histograms.
  public let magnitudes: [Double]
  /// The clips, in the order of the videos.
  public let clips: [Clip]
  /// The clusters, the largest first. The cluster of a clip is an index into them.
  public let clusters: [Cluster]
  /// The videos that cannot be read or are shorter than a clip.
  public let skipped: [SkippedVideo]
  /// The file name of the embedding as PNG.
  public let embeddingPNG: String
  /// The file name of the embedding as SVG.
  public let embeddingSVG: String

  /// The agreement of clusters with the motion of clips: normalized mutual information, 0...1.
  public struct Agreement: Codable, Equatable, Sendable {
    /// The agreement with the axes: static, horizontal and vertical.
    public let axes: Double
    /// The agreement with the directions: static, right, down, left and up.
    public let directions: Double

    init(_ clusters: [Int], _ motions: [ClipMotion]) {
      axes = normalizedMutualInformation(clusters, motions.map(\.axis))
      directions = normalizedMutualInformation(clusters, motions.map(\.direction))
    }
  }

  /// The agreement for networks with random weights.
  public struct RandomAgreement: Codable, Sendable {
    /// The agreement for each network.
    public let networks: [Agreement]
    /// The statistics of the agreement with the axes.
    public let axes: SampleStatistics
    /// The statistics of the agreement with the directions.
    public let directions: SampleStatistics

    init(_ networks: [Agreement]) {
      self.networks = networks
      axes = SampleStatistics(networks.map(\.axes))
      directions = SampleStatistics(networks.map(\.directions))
    }
  }

  /// A clip with its cluster and its motion.
  public struct Clip: Codable, Sendable {
    /// The name of its video.
    public let video: String
    /// The start in seconds.
    public let start: Double
    /// The index of the crop: 0, or 0...2 along the long side.
    public let crop: Int
    /// The index of its cluster.
    public let cluster: Int
    /// The horizontal position in the embedding.
    public let x: Double
    /// The vertical position in the embedding.
    public let y: Double
    /// The squared distance of its features from the cluster's centroid.
    public let distance: Double
    /// Its motion.
    public let motion: ClipMotion
    /// The direction of its motion.
    public let direction: ClipMotion.Direction
    /// The axis of its motion.
    public let axis: ClipMotion.Axis
  }

  /// A cluster.
  public struct Cluster: Codable, Sendable {
    /// The number of its clips.
    public let size: Int
    /// The mean speed of its clips, as a share of the side per frame.
    public let meanSpeed: Double
    /// The shares of its clips by direction.
    public let directionShares: [String: Double]
    /// The shares of its clips by axis.
    public let axisShares: [String: Double]
    /// The displacements of all pixels of its clips.
    public let histogram: FlowHistogram
    /// The indices of the clips nearest to the centroid, the nearest first, at most one per video.
    public let nearest: [Int]
    /// The file name of its picture.
    public let picture: String

    /// The direction of most of its clips.
    public var dominantDirection: ClipMotion.Direction {
      ClipMotion.Direction.allCases.max {
        directionShares[$0.rawValue] ?? 0 < directionShares[$1.rawValue] ?? 0
      }!
    }
  }
}
