import Foundation
import KeyedRandom
import Media
import OpticalFlow
import SafeFiles
import Torch
import Training
import VideoData
import VideoSamples

/// Clusters a network's features of clips, and measures how well the clusters agree with the motion of the clips (Fig. 5
/// of the paper), in comparison with networks with random weights.
///
/// Features are first scaled to length 1, as for retrieval: only their direction matters. The flow is computed from the
/// frames of the clips at a higher resolution.
public struct ClusterAnalysis {
  /// The settings of the analysis.
  public struct Settings: Sendable {
    /// The number of clusters.
    public var clusters = 5
    /// The perplexity of t-SNE; nil for 30, or for the maximum that the number of clips allows.
    public var perplexity: Double?
    /// The random seed.
    public var seed = 0
    /// The number of networks with random weights for comparison.
    public var randomNetworks = 5
    /// The number of clips drawn for each cluster.
    public var nearest = 6

    /// The defaults.
    public init() {}
  }

  /// A part of the work.
  public enum Phase: Hashable, Sendable {
    /// Checking the lengths of the videos.
    case checking
    /// Computing the features.
    case features
    /// Computing the features with the random network of this index, from 0.
    case randomFeatures(Int)
    /// Computing the optical flow.
    case flow
    /// Computing the embedding.
    case embedding
  }

  private let settings: Settings
  private let videos: VideoSearch
  private let weights: Weights
  private let inference: VideoInference

  /// Prepares the analysis.
  ///
  /// - Parameters:
  ///   - videos: the videos from which clips are cut.
  ///   - weights: the network.
  ///   - inference: runs this network.
  ///   - settings: the settings of the analysis.
  /// - Throws: ``ClusteringError`` or ``SingleFrames`` if the number of videos or the clips are unsuitable.
  public init(
    _ videos: VideoSearch, weights: Weights, inference: VideoInference, settings: Settings
  ) throws {
    (self.videos, self.weights) = (videos, weights)
    (self.inference, self.settings) = (inference, settings)
    let most = videos.videos.count * inference.clips * inference.crops
    guard inference.clip.frames > 1 else { throw SingleFrames() }
    guard most >= settings.clusters else {
      throw ClusteringError.tooFewPoints(points: most, clusters: settings.clusters)
    }
    guard most <= TSNE.mostPoints else {
      throw ClusteringError.tooManyPoints(points: most, most: TSNE.mostPoints)
    }
    guard most >= TSNE.fewestPoints else {
      throw ClusteringError.tooFewToEmbed(points: most, least: TSNE.fewestPoints)
    }
    let perplexity = settings.perplexity ?? 1
    guard perplexity <= TSNE.largestPerplexity(points: most) else {
      throw ClusteringError.perplexityTooLarge(perplexity: perplexity, points: most)
    }
  }

  /// Writes clusters.json, embedding.png, embedding.svg, and cluster-N.png for each cluster.
  ///
  /// - Parameters:
  ///   - folder: the folder to write to, which is made if it does not exist.
  ///   - progress: called with the number of finished items of a phase and their total; an error that it throws stops the
  ///     analysis.
  /// - Throws: `FileError` at the start if the folder cannot be written; ``ClusteringError``, ``NoUsableVideo``,
  ///   `FigureError`, and errors of `progress`.
  public func write(
    to folder: String, progress: (Phase, _ done: Int, _ total: Int) throws -> Void = { _, _, _ in }
  ) throws -> ClusterReport {
    try makeResultFolder(at: folder)
    let short = try shortVideos { try progress(.checking, $0, videos.videos.count) }
    // Videos without footage are skipped.
    let footage = videos.videos.indices.map { short[$0] == nil ? videos.videos[$0].footage : nil }
    let cache = settings.randomNetworks > 0 ? TestClipCache(byteLimit: 1 << 30) : nil
    let outputs = try inference.run(
      footage, cache: cache, progress: { try progress(.features, $0, footage.count) },
      reduce: { $1.withoutLogits })
    let usable = outputs.indices.filter { (try? outputs[$0].get()) != nil }
    let skipped = outputs.indices.compactMap { index -> SkippedVideo? in
      guard case .failure(let failure) = outputs[index] else { return nil }
      return short[index] ?? SkippedVideo(video: videos.videos[index].name, reason: failure.reason)
    }
    guard !usable.isEmpty else { throw NoUsableVideo(skipped: skipped) }
    let features = Self.directions(try usable.flatMap { try outputs[$0].get().features })
    let clusters = try kMeans(features)

    var randomAssignments: [[Int]?] = []
    for network in 0..<settings.randomNetworks {
      randomAssignments.append(
        try randomClusters(network, footage, usable, cache) {
          try progress(.randomFeatures(network), $0, footage.count)
        })
    }
    let clips = try flow(usable) { try progress(.flow, $0, usable.count) }
    let motions = clips.map(\.motion)

    let perplexity =
      settings.perplexity ?? min(30, TSNE.largestPerplexity(points: clips.count))
    let iterations = 1000
    let tsne = try TSNE(
      points: features, perplexity: perplexity, seed: UInt64(bitPattern: Int64(settings.seed)),
      iterations: iterations
    ) { try progress(.embedding, $0, iterations) }

    let places = tsne.embedding.array(of: Double.self)
    let placed = clips.enumerated().map { index, clip in
      ClusterReport.Clip(
        video: videos.videos[clip.video].name, start: clip.start, crop: clip.crop,
        cluster: clusters.assignments[index], x: places[2 * index], y: places[2 * index + 1],
        distance: clusters.squaredDistances[index], motion: clip.motion,
        direction: clip.motion.direction, axis: clip.motion.axis)
    }
    // A network that does not distinguish the clips makes a single cluster.
    let random = randomAssignments.map { assignments in
      ClusterReport.Agreement(assignments ?? motions.map { _ in 0 }, motions)
    }
    let report = ClusterReport(
      k: settings.clusters, seed: settings.seed, perplexity: perplexity, inertia: clusters.inertia,
      divergence: tsne.divergence,
      trustworthiness: clips.count > 10
        ? trustworthiness(of: tsne.embedding, points: features) : nil,
      agreement: .init(clusters.assignments, motions), random: random.isEmpty ? nil : .init(random),
      staticSpeed: ClipMotion.staticSpeed, directions: FlowHistogram.directions,
      magnitudes: FlowHistogram.magnitudes, clips: placed,
      clusters: (0..<settings.clusters).map { cluster($0, clusters, clips) }, skipped: skipped,
      embeddingPNG: "embedding.png", embeddingSVG: "embedding.svg")
    try draw(report, clips, to: folder)
    try report.write(to: folder)
    return report
  }

  /// Loads the clips of the network.
  private var loader: DecodedClipLoader {
    DecodedClipLoader(
      videos.videos.map(\.footage), clip: inference.clip, clips: inference.clips,
      crops: inference.crops)
  }

  /// The videos that are shorter than a clip, by index.
  private func shortVideos(progress: (Int) throws -> Void) throws -> [Int: SkippedVideo] {
    let (loader, videos) = (loader, videos.videos)
    let prefetcher = Prefetcher(
      count: videos.count, workers: inference.workers, ahead: 4 * inference.workers
    ) { video -> SkippedVideo? in
      do {
        try loader.checkLength(of: video)
      } catch let error as ShortVideo {
        return SkippedVideo(videos[video].name, error)
      } catch {
        // Unreadable videos are reported when the network runs.
      }
      return nil
    }
    var short: [Int: SkippedVideo] = [:]
    var done = 0
    while let found = try prefetcher.next() {
      short[done] = found
      done += 1
      try progress(done)
    }
    return short
  }

  private func kMeans(_ features: Tensor) throws(ClusteringError) -> KMeans {
    try KMeans(
      points: features, clusters: settings.clusters,
      seed: UInt64(bitPattern: Int64(settings.seed)))
  }

  /// The clusters of a network with random weights; nil if it does not distinguish the clips.
  private func randomClusters(
    _ network: Int, _ footage: [VideoSource?], _ usable: [Int], _ cache: TestClipCache?,
    progress: (Int) throws -> Void
  ) throws -> [Int]? {
    var generator = KeyedGenerator(
      seed: UInt64(bitPattern: Int64(settings.seed)), .randomNetwork, UInt64(network))
    let model = weights.makeRandomModel(seed: generator.next())
    model.move(to: inference.device)
    let outputs = try inference.with(model).run(footage, cache: cache, progress: progress) {
      $1.withoutLogits
    }
    let rows = usable.compactMap { try? outputs[$0].get().features }
    guard rows.count == usable.count else { return nil }
    return try? kMeans(Self.directions(rows.flatMap { $0 })).assignments
  }

  /// A clip with its motion.
  struct Clip: Sendable {
    /// The index of its video.
    let video: Int
    let start: Double
    let crop: Int
    /// The index of the clip among the clips and crops of its video.
    let place: Int
    let motion: ClipMotion
    let histogram: FlowHistogram
  }

  /// The clips of the videos in `usable`, in the order of their features.
  private func flow(_ usable: [Int], progress: (Int) throws -> Void) throws -> [Clip] {
    let loader = loader
    let (crops, side) = (inference.crops, loader.fineSide)
    let prefetcher = Prefetcher(
      count: usable.count, workers: inference.workers, ahead: inference.workers + 1
    ) { item in
      let video = usable[item]
      let starts = try loader.starts(of: video)
      return try loader.frames(of: video).enumerated().map { place, frames in
        let fields = try FlowField.fields(of: frames)
        return Clip(
          video: video, start: starts[place], crop: place % crops, place: place,
          motion: ClipMotion(fields, side: side), histogram: FlowHistogram(fields, side: side))
      }
    }
    var result: [Clip] = []
    while let clips = try prefetcher.next() {
      result += clips
      try progress(result.count / (self.inference.clips * crops))
    }
    return result
  }

  private func cluster(_ index: Int, _ clusters: KMeans, _ clips: [Clip]) -> ClusterReport.Cluster {
    let members = clips.indices.filter { clusters.assignments[$0] == index }
    var histogram = FlowHistogram()
    var directions: [String: Int] = [:]
    var axes: [String: Int] = [:]
    for member in members {
      histogram += clips[member].histogram
      directions[clips[member].motion.direction.rawValue, default: 0] += 1
      axes[clips[member].motion.axis.rawValue, default: 0] += 1
    }
    var nearest: [Int] = []
    for member in members.sorted(by: {
      (clusters.squaredDistances[$0], $0) < (clusters.squaredDistances[$1], $1)
    }) where nearest.count < settings.nearest {
      if !nearest.contains(where: { clips[$0].video == clips[member].video }) {
        nearest.append(member)
      }
    }
    let size = Double(members.count)
    return .init(
      size: members.count,
      meanSpeed: members.reduce(0) { $0 + clips[$1].motion.speed } / size,
      directionShares: directions.mapValues { Double($0) / size },
      axisShares: axes.mapValues { Double($0) / size }, histogram: histogram, nearest: nearest,
      picture: "cluster-\(index + 1).png")
  }

  private func draw(_ report: ClusterReport, _ clips: [Clip], to folder: String) throws {
    let embedding = report.embeddingFigure
    try embedding.write(to: "\(folder)/\(report.embeddingPNG)", scale: 2)
    try embedding.write(to: "\(folder)/\(report.embeddingSVG)")
    let loader = loader
    let largest = report.clusters.flatMap { $0.histogram.shares.map { $0.reduce(0, +) } }.max()
    for (index, cluster) in report.clusters.enumerated() {
      let strips = try cluster.nearest.map { member in
        let clip = clips[member]
        return ClusterPicture.Strip(
          clip: report.clips[member], frames: try loader.frames(of: clip.video)[clip.place])
      }
      try ClusterPicture(
        cluster, number: index + 1, magnitudes: report.magnitudes, largestShare: largest,
        strips: strips
      ).write(to: "\(folder)/\(cluster.picture)", scale: 1.5)
    }
  }

  /// The rows scaled to length 1, float32 [n, d]. Zero rows stay zero.
  static func directions(_ rows: [[Float]]) -> Tensor {
    let scaled = rows.flatMap { row in
      let length = row.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      return length > 0 ? row.map { Float(Double($0) / length) } : row
    }
    return Tensor(scaled, shape: [rows.count, rows[0].count])
  }
}
