import Configuration
import Media
import Pretext
import SafeFiles
import Torch
import Training
import VideoData
import VideoModels

/// Measures how well a network locates motion without fine-tuning: in masked clips, whose moving region is known, and in
/// videos, by the optical flow. Networks of the same kind with random weights are measured in the same way.
///
/// Masked clips require that the network was pre-trained by motion from static images; other networks are measured only
/// on videos.
public struct LocalizationAnalysis {
  /// The stills of which masked clips are made.
  public enum Stills: Equatable, Sendable {
    /// Do not measure masked clips.
    case none
    /// The validation sources of the pre-training.
    case heldOut
    /// The validation sources if they can be loaded; otherwise warn, and measure only the videos.
    case heldOutIfAvailable
    /// The sources at these paths, except those on which the network was trained.
    case sources([String])
  }

  /// The settings of the analysis.
  public struct Settings: Sendable {
    /// How the heat maps that are measured are computed.
    public var maps = HeatMethod.gradCAM(.conv4)
    /// The label that the maps of masked clips explain.
    public var label = HeatLabel.target
    /// The seed of each random network.
    public var randomSeeds: [UInt64] = [1, 2, 3, 4, 5]
    /// The stills of which masked clips are made.
    public var stills = Stills.heldOut
    /// The maximum number of stills.
    public var limit = 1000
    /// How clips are cut from videos.
    public var clip = ClipSettings()
    /// The number of clips per video.
    public var clips = 1
    /// The number of crops per clip, 1 or 3.
    public var crops = 1
    /// The number of clips that pass through a network at once.
    public var batch = VideoInference.defaultBatch

    /// The defaults.
    public init() {}
  }

  /// A part of the work.
  public enum Phase: Sendable {
    /// Measuring videos; counted in videos.
    case videos
    /// Measuring masked clips; counted in stills.
    case stills
  }

  private let videos: VideoSearch?
  private let weights: Weights
  private let settings: Settings
  private let options: ExecutionOptions

  /// Prepares the analysis.
  ///
  /// - Parameters:
  ///   - videos: the videos to measure; nil for none.
  ///   - weights: the network.
  ///   - settings: the settings of the analysis.
  ///   - options: the device, and the number of threads that decode videos.
  /// - Throws: ``GradCAMError`` if the network has no head, ``LocalizationError`` if there is nothing to measure.
  public init(
    _ videos: VideoSearch?, weights: Weights, settings: Settings, options: ExecutionOptions
  ) throws {
    guard weights.classCount != nil else { throw GradCAMError.noHead(path: weights.path) }
    guard weights.mosi != nil || videos != nil else {
      throw LocalizationError.noPretextTask(path: weights.path)
    }
    self.videos = videos
    self.weights = weights
    self.settings = settings
    self.options = options
  }

  /// Runs the analysis, and writes localization.json and, for masked clips, localization.png.
  ///
  /// - Parameters:
  ///   - folder: the folder to write to, which is made if it does not exist; nil to write nothing.
  ///   - warn: receives a warning for each source that cannot be used.
  ///   - progress: called with the number of finished items of a phase and their total; an error that it throws stops the
  ///     analysis.
  /// - Throws: `FileError` at the start if the folder cannot be written; ``NothingUnseen``, ``NoUsableVideo``,
  ///   ``SingleFrames``, ``DivergedNetwork``, errors of sources, and errors of `progress`.
  public func run(
    writingTo folder: String?, warn: @escaping @Sendable (String) -> Void = { _ in },
    progress: (Phase, _ done: Int, _ total: Int) throws -> Void = { _, _, _ in }
  ) throws -> LocalizationReport {
    let model = weights.makeModel()
    let random = settings.randomSeeds.map(weights.makeRandomModel)
    for network in [model] + random { network.move(to: options.device) }
    let clips = try maskedClips(warn: warn)
    if let folder { try makeResultFolder(at: folder) }

    let agreement = try videos.map { videos in
      let footage = videos.videos.map(\.footage)
      return try FlowAgreement(
        of: model, random: random, on: footage, shown: shownClips, by: settings.maps,
        device: options.device, workers: options.workers
      ) { try progress(.videos, $0, footage.count) }
    }
    let regions = try clips.map { clips in
      try RegionLocalization(
        of: model, random: random, on: clips, by: settings.maps, label: settings.label,
        device: options.device
      ) { try progress(.stills, $0, clips.sourceCount) }
    }

    let sheet = folder != nil && clips != nil ? "localization.png" : nil
    let report = LocalizationReport(
      weights: weights.path, maps: settings.maps, label: settings.label, regions: regions,
      videos: agreement, sheet: sheet)
    if let folder {
      if let sheet, let clips {
        try clips.sheet(
          of: model, by: settings.maps, label: settings.label, device: options.device
        ).write(to: "\(folder)/\(sheet)")
      }
      try report.write(to: folder)
    }
    return report
  }

  private var shownClips: FlowAgreement.ShownClips {
    .init(
      clip: settings.clip, clips: settings.clips, crops: settings.crops, batch: settings.batch,
      normalization: weights.normalization ?? .video,
      labels: weights.mosi?.motion.labels.movingLabels)
  }

  private func maskedClips(warn: @escaping @Sendable (String) -> Void) throws -> MaskedClips? {
    guard let pretraining = weights.pretraining, let task = weights.mosi else { return nil }
    func load(_ paths: [String]) throws -> MaskedClips {
      MaskedClips(
        task,
        stills: try HeldOutStills.load(
          for: pretraining, from: paths, limit: settings.limit, workers: options.workers,
          warn: warn))
    }
    switch settings.stills {
    case .none: return nil
    case .heldOut: return try load([])
    case .sources(let paths): return try load(paths)
    case .heldOutIfAvailable:
      do {
        return try load([])
      } catch {
        warn("no pictures are measured: \(error)")
        return nil
      }
    }
  }
}

/// Why a network's localization of motion cannot be measured.
public enum LocalizationError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The network was not pre-trained by motion from static images.
  case noPretextTask(path: String)

  public var description: String {
    switch self {
    case .noPretextTask(let path):
      "\(path) was not pre-trained by motion from static images, so there is no moving region to find: name videos"
    }
  }
}
