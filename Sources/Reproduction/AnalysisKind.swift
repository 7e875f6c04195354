import Configuration
import Insight
import KeyedRandom
import SafeFiles
import Training
import VideoData
import VideoModels
import VideoSamples

/// The analyses of a pre-trained network, before any fine-tuning: figures 4, 5 and 8, and retrieval.
public enum AnalysisKind: String, CaseIterable, Sendable {
  /// Where Grad-CAM's heat is in masked clips, whose moving region is known, and in videos, compared with the optical
  /// flow; with strips of some videos.
  case localization
  /// Clusters of the features of videos, and their agreement with motion.
  case clusters
  /// The videos in which heat and flow agree least.
  case failures
  /// Retrieval of training videos of the same class by nearest neighbors.
  case retrieval

  var title: String {
    switch self {
    case .localization: "localization of motion"
    case .clusters: "clusters of clips"
    case .failures: "failures"
    case .retrieval: "retrieval"
    }
  }

  /// The last file that the analysis writes.
  func result(in run: RunFolder) -> String {
    switch self {
    case .localization: "\(run.insight(.localize))/\(LocalizationReport.fileName)"
    case .clusters: "\(run.insight(.clusters))/\(ClusterReport.fileName)"
    case .failures: "\(run.insight(.failures))/\(GradCAMReport.fileName)"
    case .retrieval: "\(run.insight(.retrieval))/retrieval.json"
    }
  }

  /// The videos that a finished analysis of `run` skipped.
  ///
  /// - Throws: `FileError`.
  func skippedVideos(in run: RunFolder) throws -> [SkippedVideo] {
    switch self {
    case .localization:
      try LocalizationReport(folder: run.insight(.localize)).videos?.skipped ?? []
    case .clusters: try ClusterReport(folder: run.insight(.clusters)).skipped
    case .failures: try GradCAMReport(folder: run.insight(.failures)).skipped
    // They are counted in its result.
    case .retrieval: []
    }
  }

  /// The maximum number of videos, and of stills, to analyze.
  private static let limit = 300
  /// The number of networks with random weights for comparison.
  private static let randomNetworks = 5
  /// The number of clips per video for retrieval.
  private static let retrievalClips = 3
  /// The number of videos to draw.
  static let drawnVideos = 6
  /// The frame rate of folders of frames, in frames per second.
  private static let frameRate = 25.0

  /// The number of forward passes per clip, where a backward pass to the analyzed stage counts as another one. Optical
  /// flow is not counted.
  ///
  /// - Parameters:
  ///   - videos: the number of test videos.
  ///   - trainingVideos: the number of training videos.
  ///   - maskedClips: the number of clips with a known moving region.
  func forwards(videos: Int, trainingVideos: Int, maskedClips: Int) -> Int {
    let analyzed = min(videos, Self.limit)
    let networks = 1 + Self.randomNetworks
    return switch self {
    case .localization:
      2 * (networks * (analyzed + maskedClips) + min(analyzed, Self.drawnVideos))
    case .clusters: networks * analyzed
    case .failures: 2 * analyzed
    case .retrieval: 2 * Self.retrievalClips * (videos + trainingVideos)
    }
  }

  /// Analyzes the network of `run`, and writes the files of `mosi gradcam`, `localize` or `clusters` to the run's folder.
  ///
  /// - Parameters:
  ///   - data: the videos.
  ///   - clip: how clips are cut from the videos.
  ///   - progress: called with the number of finished items and their total; an error that it throws stops the analysis.
  /// - Throws: errors of the analysis.
  func run(
    in run: RunFolder, data: BenchmarkData, clip: ClipSettings, options: ExecutionOptions,
    progress: (_ what: String, _ done: Int, _ total: Int) throws -> Void
  ) throws {
    let weights = try Weights(at: run.path)
    let footage = data.testFootage
    let paths = evenlySpaced(Self.limit, of: footage.count).map { footage[$0].path }
    // At 56 pixels, conv5 has two cells per side, too few to locate anything.
    let maps = HeatMethod.usual(
      for: weights.model.architecture, at: clip.size < 112 ? .conv4 : .conv5)
    func drawStrips(_ analysis: RunFolder.Analysis, _ paths: [String], worst: Int?) throws {
      var settings = GradCAMAnalysis.Settings()
      settings.maps = maps
      // The heat of the static label is not where something moves.
      settings.label =
        weights.mosi.map { .likeliest($0.motion.labels.movingLabels) }
        ?? .predicted
      settings.worst = worst
      settings.clip = clip
      let strips = try GradCAMAnalysis(
        VideoSearch(at: paths, frameRate: Self.frameRate), weights: weights, settings: settings,
        device: options.device, workers: options.workers)
      _ = try strips.write(to: run.insight(analysis)) { try progress("Grad-CAM", $1, $2) }
    }
    switch self {
    case .localization:
      let drawn = evenlySpaced(Self.drawnVideos, of: paths.count).map { paths[$0] }
      try drawStrips(.gradcam, drawn, worst: nil)
      guard let pretraining = weights.pretraining else { return }
      var settings = LocalizationAnalysis.Settings()
      settings.maps = maps
      settings.clip = clip
      settings.limit = Self.limit
      // Without masks, there is no region to find.
      settings.stills = pretraining.masksClips ? .heldOut : .none
      // Use different random networks for each seed: otherwise, their deviation over seeds would be zero.
      let first = UInt64(pretraining.seed) * UInt64(Self.randomNetworks) + 1
      settings.randomSeeds = (0..<UInt64(Self.randomNetworks)).map { first + $0 }
      let analysis = try LocalizationAnalysis(
        VideoSearch(at: paths, frameRate: Self.frameRate), weights: weights, settings: settings,
        options: options)
      _ = try analysis.run(
        writingTo: run.insight(.localize),
        progress: { try progress($0 == .videos ? "heat and flow" : "heat and regions", $1, $2) })
    case .clusters:
      var settings = ClusterAnalysis.Settings()
      settings.randomNetworks = Self.randomNetworks
      // Use different seeds, as above.
      settings.seed = weights.pretraining?.seed ?? 0
      let analysis = try ClusterAnalysis(
        VideoSearch(at: paths, frameRate: Self.frameRate), weights: weights,
        inference: weights.makeInference(clip: clip, clips: 1, options: options),
        settings: settings)
      _ = try analysis.write(to: run.insight(.clusters)) { try progress("clusters", $1, $2) }
    case .failures:
      try drawStrips(.failures, paths, worst: Self.drawnVideos)
    case .retrieval:
      let inference = weights.makeInference(
        clip: clip, clips: Self.retrievalClips, options: options)
      // A different random network for each seed, as above.
      let random = weights.makeRandomModel(seed: UInt64(weights.pretraining?.seed ?? 0))
      random.move(to: options.device)
      let scores = try RetrievalScores(
        network: data.retrieval(with: inference) { try progress("retrieval", $0, $1) },
        random: data.retrieval(with: inference.with(random)) {
          try progress("retrieval by random weights", $0, $1)
        })
      try makeFolder(at: run.insight(.retrieval))
      try replaceFile(at: result(in: run), with: JSON.data(scores))
    }
  }
}

extension PretrainingConfiguration {
  /// True if a part of each clip is static, so that there is a region to find.
  var masksClips: Bool { task.kind == .mosi && task.mosi.mask.enabled }
}
