import Configuration
import Figures
import Foundation
import Media
import MoSI
import OpticalFlow
import Pretext
import SafeFiles
import Torch
import Training
import VideoData
import VideoModels

/// Explains a network's predictions for videos with Grad-CAM; measures and draws how the heat agrees with the optical
/// flow (figures 4 and 8 of the paper).
public struct GradCAMAnalysis {
  /// The label to explain.
  public enum Label: Equatable, Sendable {
    /// The label with the highest score.
    case predicted
    /// The one of these labels, from 0, with the highest score.
    case likeliest([Int])
    /// The label with this index, from 0.
    case number(Int)

    var displayName: String {
      switch self {
      case .predicted: "predicted"
      case .likeliest: "likeliest"
      case .number: "label"
      }
    }
  }

  /// The settings of the analysis.
  public struct Settings: Sendable {
    /// How heat maps are computed.
    public var maps = HeatMethod.gradCAM(.conv5)
    /// The label to explain.
    public var label = Label.predicted
    /// The number of clips per video, evenly spaced.
    public var clips = 1
    /// The number of clips to draw: those in which heat and flow agree least, with clips without heat last. Nil for all,
    /// in the order of the videos.
    public var worst: Int?
    /// How clips are cut from videos.
    public var clip = ClipSettings()

    /// The defaults.
    public init() {}
  }

  /// A part of the work.
  public enum Phase: Sendable {
    /// Computing the heat and the flow of the clips; counted in videos.
    case explaining
    /// Drawing the clips with the least agreement; counted in videos.
    case drawing
  }

  private let videos: VideoSearch
  private let weights: Weights
  private let settings: Settings
  private let model: VideoClassifier
  private let normalization: Normalization
  private let names: [String]
  private let device: Device
  private let workers: Int

  /// Prepares the analysis.
  ///
  /// - Parameters:
  ///   - videos: the videos from which clips are cut.
  ///   - weights: the network to explain.
  ///   - settings: the settings of the analysis.
  ///   - device: the device of the network.
  ///   - workers: the number of threads that decode videos and compute the flow.
  /// - Throws: ``GradCAMError`` or ``SingleFrames`` if the network or the clips are unsuitable.
  public init(
    _ videos: VideoSearch, weights: Weights, settings: Settings, device: Device, workers: Int
  ) throws {
    guard let classCount = weights.classCount else {
      throw GradCAMError.noHead(path: weights.path)
    }
    let asked =
      switch settings.label {
      case .predicted: [Int]()
      case .likeliest(let labels): labels
      case .number(let label): [label]
      }
    if let label = asked.first(where: { !(0..<classCount).contains($0) }) {
      throw GradCAMError.noSuchLabel(label: label, count: classCount)
    }
    guard settings.clip.frames > 1 else { throw SingleFrames() }
    guard settings.clip.size >= FlowField.shortestSide else {
      throw GradCAMError.tooSmall(side: settings.clip.size, least: FlowField.shortestSide)
    }
    self.videos = videos
    self.weights = weights
    self.settings = settings
    names =
      weights.mosi.map { $0.motion.labels.motions.map(\.displayName) }
      ?? weights.classNames ?? (0..<classCount).map { "class \($0)" }
    normalization = weights.normalization ?? .video
    model = weights.makeModel()
    model.move(to: device)
    self.device = device
    self.workers = workers
  }

  /// Writes gradcam.json and, for each clip that is drawn, a strip (PNG) and an animation (MP4, GIF). The report lists
  /// the videos that were skipped because they cannot be read or are shorter than a clip.
  ///
  /// - Parameters:
  ///   - folder: the folder to write to, which is made if it does not exist.
  ///   - progress: called with the number of finished videos of a phase and their total; an error that it throws stops
  ///     the analysis.
  /// - Throws: `FileError` at the start if the folder cannot be written; ``NoUsableVideo``, `MediaError`, `FigureError`,
  ///   and errors of `progress`.
  public func write(
    to folder: String, progress: (Phase, _ done: Int, _ total: Int) throws -> Void = { _, _, _ in }
  ) throws -> GradCAMReport {
    try makeResultFolder(at: folder)
    let all = Array(videos.videos.indices)
    var clips: [(video: Int, place: Int, clip: GradCAMReport.Clip)] = []
    var skipped: [SkippedVideo] = []
    try explain(all) { done, video, result in
      switch result {
      case .failure(let failure): skipped.append(failure)
      case .success(let explanations):
        for (place, explanation) in explanations.enumerated() {
          var clip = description(of: explanation, video)
          if settings.worst == nil {
            clip.files = try draw(explanation, clip, number: clips.count + 1, to: folder)
          }
          clips.append((video, place, clip))
        }
      }
      try progress(.explaining, done, all.count)
    }
    guard !clips.isEmpty else { throw NoUsableVideo(skipped: skipped) }
    if let worst = settings.worst {
      func rank(_ clip: GradCAMReport.Clip) -> Double {
        guard let agreement = clip.agreement else { return 3 }
        return clip.hasHeat ? agreement : 2
      }
      // A stable sort: clips with equal agreement keep the order of the videos.
      let order = clips.indices.sorted {
        (rank(clips[$0].clip), $0) < (rank(clips[$1].clip), $1)
      }
      clips = order.map { clips[$0] }
      let drawn = clips.prefix(worst)
      let again = Set(drawn.map(\.video)).sorted()
      try explain(again) { done, video, result in
        let explanations = (try? result.get()) ?? []
        for (rank, clip) in drawn.enumerated() where clip.video == video {
          guard explanations.indices.contains(clip.place) else { continue }
          clips[rank].clip.files = try draw(
            explanations[clip.place], clip.clip, number: rank + 1, to: folder)
        }
        try progress(.drawing, done, again.count)
      }
    }
    let report = GradCAMReport(
      weights: weights.path, architecture: weights.model.architecture.rawValue,
      maps: settings.maps, side: settings.clip.size, isRanked: settings.worst != nil,
      clips: clips.map(\.clip), skipped: skipped)
    try report.write(to: folder)
    return report
  }

  // --- Explaining --------------------------------------------------------------------------------

  /// The clips of a video, and their speeds.
  private struct Loaded: Sendable {
    let clips: DecodedClips
    let speeds: [[HeatMap]]
  }

  /// The number of clips that pass through the network at once.
  private static let batch = 8

  /// Explains the clips of the videos at `indices`. `body` receives the number of finished videos, including the current
  /// one.
  private func explain(
    _ indices: [Int],
    _ body: (_ done: Int, _ video: Int, Result<[ClipExplanation], SkippedVideo>) throws -> Void
  ) throws {
    guard !indices.isEmpty else { return }
    let (all, side) = (videos.videos, settings.clip.size)
    let loader = DecodedClipLoader(
      all.map(\.footage), clip: settings.clip, clips: settings.clips, crops: 1)
    let prefetcher = Prefetcher(count: indices.count, workers: workers, ahead: workers + 1) {
      item -> Result<Loaded, SkippedVideo> in
      do {
        let clips = try loader.load(indices[item])
        return .success(
          Loaded(clips: clips, speeds: try clips.frames.map { try ClipFlow.speeds($0, side: side) })
        )
      } catch {
        return .failure(SkippedVideo(all[indices[item]].name, error))
      }
    }
    for (done, video) in indices.enumerated() {
      guard let loaded = try prefetcher.next() else { return }
      try body(done + 1, video, loaded.flatMap { explain($0, all[video].name) })
    }
  }

  private func explain(_ loaded: Loaded, _ video: String)
    -> Result<[ClipExplanation], SkippedVideo>
  {
    let seen = loaded.clips
    var explanations: [ClipExplanation] = []
    for first in stride(from: 0, to: seen.clips.count, by: Self.batch) {
      let batch = first..<min(first + Self.batch, seen.clips.count)
      let tensor = withoutGradients {
        normalization.clips(
          from: Tensor.clips(Array(seen.clips[batch])).to(device).unitRange)
      }
      let heat =
        switch settings.label {
        case .predicted: model.heat(tensor, by: settings.maps)
        case .likeliest(let labels): model.heat(tensor, by: settings.maps, among: labels)
        case .number(let label):
          model.heat(tensor, by: settings.maps, labels: batch.map { _ in label })
        }
      let probabilities = withoutGradients { heat.logits.softmax(1).to(.cpu) }
        .array(of: Float.self)
      let maps = heat.maps.to(.cpu).array(of: Float.self)
      guard probabilities.allSatisfy(\.isFinite), maps.allSatisfy(\.isFinite) else {
        return .failure(
          SkippedVideo(
            video: video, reason: "has scores that are not finite: the network has diverged"))
      }
      let (frames, side) = (settings.clip.frames, settings.clip.size)
      for (place, clip) in batch.enumerated() {
        explanations.append(
          ClipExplanation(
            start: seen.starts[clip], label: heat.labels[place],
            probability: Double(probabilities[place * names.count + heat.labels[place]]),
            frames: seen.frames[clip],
            heat: (0..<frames).map { frame in
              let start = (place * frames + frame) * side * side
              return HeatMap(
                width: side, height: side, values: Array(maps[start..<start + side * side]))
            }, speed: loaded.speeds[clip]))
      }
    }
    return .success(explanations)
  }

  private func description(of explanation: ClipExplanation, _ video: Int) -> GradCAMReport.Clip {
    .init(
      video: videos.videos[video].name, start: explanation.start,
      step: settings.clip.sampling.step, frames: settings.clip.frames, label: explanation.label,
      labelName: names[explanation.label], probability: explanation.probability,
      hasHeat: explanation.hasHeat, agreement: explanation.agreement)
  }

  // --- Drawing -----------------------------------------------------------------------------------

  private func draw(
    _ explanation: ClipExplanation, _ clip: GradCAMReport.Clip, number: Int, to folder: String
  ) throws -> GradCAMReport.Files {
    let share = Format.percent(clip.probability)
    let picture = ClipPicture(
      explanation: explanation, video: clip.video,
      label: "\(settings.label.displayName): \(clip.labelName), \(share)",
      network: weights.model.architecture.rawValue, maps: settings.maps, step: clip.step)
    let files = GradCAMReport.Files(Self.stem(number, clip.video))
    try picture.strip().writePNG(to: "\(folder)/\(files.png)")
    let frames = try picture.animation()
    // As fast as the video, within limits that eyes can follow.
    let rate = min(max(1 / clip.step, 2), 25)
    try GIF.write(frames, to: "\(folder)/\(files.gif)", framesPerSecond: rate)
    // Repeat the clip, because players stop at the end.
    try MP4Writer.write(
      (0..<3).flatMap { _ in frames }, to: "\(folder)/\(files.mp4)", framesPerSecond: rate)
    return files
  }

  /// A file name without extension, such as "003-wave": only plain letters, valid on every system and page.
  private static func stem(_ number: Int, _ video: String) -> String {
    let name = PathParts(video).stem
    let plain = name.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") ? $0 : "-" }
    return String(format: "%03d-", number) + String(plain.prefix(60))
  }
}
