import Configuration
import Foundation
import Insight
import SafeFiles
import Torch
import Training
import VideoData
import VideoModels
import VideoSamples

/// A look into a pre-trained network that nobody has fine-tuned: figures 4, 5 and 8.
public enum AnalysisKind: String, CaseIterable, Sendable {
  /// Where Grad-CAM's heat lies, in masked clips whose square is known and in videos whose flow is; with strips of some
  /// videos.
  case localization
  /// Clusters of the features of videos, and what they have to do with motion.
  case clusters
  /// The videos in which heat and flow agree least.
  case failures

  var title: String {
    switch self {
    case .localization: "where it looks"
    case .clusters: "clusters of clips"
    case .failures: "failures"
    }
  }

  /// The last file that it leaves.
  func result(in run: RunFolder) -> String {
    switch self {
    case .localization: "\(run.insight("localize"))/\(LocalizationReport.fileName)"
    case .clusters: "\(run.insight("clusters"))/\(ClusterReport.fileName)"
    case .failures: "\(run.insight("failures"))/\(GradCAMReport.fileName)"
    }
  }

  /// The videos that a look into `run`, which is over, could not use.
  ///
  /// - Throws: `FileError`.
  func skipped(in run: RunFolder) throws -> [SkippedVideo] {
    switch self {
    case .localization:
      try LocalizationReport(folder: run.insight("localize")).videos?.skipped ?? []
    case .clusters: try ClusterReport(folder: run.insight("clusters")).skipped
    case .failures: try GradCAMReport(folder: run.insight("failures")).skipped
    }
  }

  /// At most so many videos are looked at.
  private static let videoLimit = 300
  /// Networks with random weights to compare with.
  private static let randomNetworks = 5
  static let drawnVideos = 6

  /// How many times a clip goes forwards through a network; a way back to the stage looked at counts as one more.
  /// Optical flow is not counted.
  ///
  /// - Parameters:
  ///   - videos: the number of videos there are.
  ///   - maskedClips: the number of clips with a known square.
  func forwards(videos: Int, maskedClips: Int) -> Int {
    let videos = min(videos, Self.videoLimit)
    let networks = 1 + Self.randomNetworks
    return switch self {
    case .localization: 2 * (networks * (videos + maskedClips) + min(videos, Self.drawnVideos))
    case .clusters: networks * videos
    case .failures: 2 * videos
    }
  }

  /// Looks into the network of `run` and leaves what `mosi gradcam`, `localize` or `clusters` would leave in its folder.
  ///
  /// - Parameters:
  ///   - footage: the videos.
  ///   - clip: how clips are cut from them.
  ///   - progress: told what is done of what; where it throws, the look ends as soon as it can.
  /// - Throws: what the analyses throw.
  func run(
    in run: RunFolder, footage: [VideoSource], clip: ClipSettings, options: ExecutionOptions,
    progress: (_ what: String, _ done: Int, _ total: Int) throws -> Void
  ) throws {
    let weights = try Weights(at: run.path)
    let paths = spread(footage.map(\.path), over: Self.videoLimit)
    // At 56 pixels conv5 has two cells a side: too few to point at anything.
    let stage: StageName = clip.size < 112 ? .conv4 : .conv5
    switch self {
    case .localization:
      try drawStrips(
        run.insight("gradcam"), spread(paths, over: Self.drawnVideos), weights, clip, stage,
        worst: nil, options, progress)
      try localize(run, paths, weights, clip, stage, options, progress)
    case .clusters:
      var settings = ClusterAnalysis.Settings()
      settings.randomNetworks = Self.randomNetworks
      // Each seed has random networks of its own, or their deviation over seeds would be none.
      settings.seed = weights.pretraining?.seed ?? 0
      let analysis = try ClusterAnalysis(
        VideoSearch(at: paths, frameRate: 25), weights: weights,
        inference: inference(weights, clip, options), settings: settings)
      _ = try analysis.write(to: run.insight("clusters")) { try progress("clusters", $1, $2) }
    case .failures:
      try drawStrips(
        run.insight("failures"), paths, weights, clip, stage, worst: Self.drawnVideos, options,
        progress)
    }
  }

  private func drawStrips(
    _ folder: String, _ paths: [String], _ weights: Weights, _ clip: ClipSettings,
    _ stage: StageName, worst: Int?, _ options: ExecutionOptions,
    _ progress: (_ what: String, _ done: Int, _ total: Int) throws -> Void
  ) throws {
    var settings = GradCAMAnalysis.Settings()
    settings.stage = stage
    // What speaks for stillness is elsewhere than what moves.
    settings.label =
      weights.pretraining.map { .likeliest($0.motionTask.motion.labels.movingLabels) } ?? .predicted
    settings.worst = worst
    settings.clip = clip
    let analysis = try GradCAMAnalysis(
      VideoSearch(at: paths, frameRate: 25), weights: weights, settings: settings,
      device: options.device, workers: options.workers)
    _ = try analysis.write(to: folder) { try progress("Grad-CAM", $1, $2) }
  }

  private func localize(
    _ run: RunFolder, _ paths: [String], _ weights: Weights, _ clip: ClipSettings,
    _ stage: StageName, _ options: ExecutionOptions,
    _ progress: (_ what: String, _ done: Int, _ total: Int) throws -> Void
  ) throws {
    guard let configuration = weights.pretraining else { return }
    let folder = run.insight("localize")
    try makeResultFolder(at: folder)
    let device = options.device
    let model = weights.makeModel()
    model.move(to: device)
    let random = (1...Self.randomNetworks).map { number in
      let seed = UInt64(configuration.seed) * UInt64(Self.randomNetworks) + UInt64(number)
      let network = weights.makeRandomModel(seed: seed)
      network.move(to: device)
      return network
    }
    let found = try VideoSearch(at: paths, frameRate: 25)
    let agreement = try FlowAgreement(
      of: model, random: random, on: found.videos.map(\.footage),
      shown: .init(
        clip: clip, clips: 1, crops: 1, batch: VideoInference.defaultBatch,
        normalization: configuration.normalization,
        labels: configuration.motionTask.motion.labels.movingLabels),
      at: stage, device: device, workers: options.workers
    ) { try progress("heat and flow", $0, found.videos.count) }
    // Without masks there is no square to be found.
    var regions: RegionLocalization?
    var sheet: String?
    if configuration.task.mosi.mask.enabled {
      let stills = try HeldOutStills.load(
        for: configuration, from: [], limit: Self.videoLimit, workers: options.workers
      ) { _ in }
      let clips = MaskedClips(configuration.motionTask, stills: stills)
      regions = try RegionLocalization(
        of: model, random: random, on: clips, at: stage, label: .target, device: device
      ) { try progress("heat and squares", $0, clips.sourceCount) }
      sheet = "localization.png"
      try clips.sheet(of: model, at: stage, label: .target, device: device)
        .write(to: "\(folder)/\(sheet!)")
    }
    try LocalizationReport(
      weights: weights.path, stage: stage, label: .target, regions: regions, videos: agreement,
      sheet: sheet
    ).write(to: folder)
  }

  private func inference(_ weights: Weights, _ clip: ClipSettings, _ options: ExecutionOptions)
    -> VideoInference
  {
    let model = weights.makeModel()
    model.move(to: options.device)
    return VideoInference(
      model: model, normalization: weights.normalization ?? .video,
      clip: clip, clips: 1, crops: 1, batch: VideoInference.defaultBatch, device: options.device,
      precision: .float32, workers: options.workers)
  }

  private func spread(_ paths: [String], over count: Int) -> [String] {
    paths.count <= count ? paths : (0..<count).map { paths[$0 * paths.count / count] }
  }
}
