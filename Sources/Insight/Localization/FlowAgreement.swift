import Configuration
import Media
import MoSI
import Pretext
import Torch
import Training
import VideoData
import VideoModels
import VideoSamples

/// Measures whether a network's Grad-CAM is hot where real videos move: for each clip, the rank correlation between the
/// heat and the magnitude of the optical flow, over all pixels of all frames except the last, which has no flow.
///
/// The true motions are unknown. The maps explain the label with the highest score; for a pre-trained network, the moving
/// label with the highest score, because the heat of the static label is elsewhere.
public struct FlowAgreement: Codable, Equatable, Sendable {
  /// The number of videos.
  public let videos: Int
  /// The number of clips.
  public let clips: Int
  /// Spearman's rank correlation for the network: the mean over the clips. A map without heat counts as 0.
  public let network: SampleStatistics
  /// The mean for each network with random weights.
  public let random: SampleStatistics
  /// The videos that cannot be read, are shorter than a clip, or do not move at all.
  public let skipped: [SkippedVideo]

  /// How clips are cut and passed to the network.
  public struct ShownClips {
    /// How clips are cut from videos.
    public var clip: ClipSettings
    /// The number of clips per video.
    public var clips: Int
    /// The number of crops per clip, 1 or 3.
    public var crops: Int
    /// The number of clips that pass through a network at once.
    public var batch: Int
    /// The normalization of the network's input.
    public var normalization: Normalization
    /// The labels from which that with the highest score is explained; nil for all.
    public var labels: [Int]?

    /// Settings with these values.
    public init(
      clip: ClipSettings, clips: Int, crops: Int, batch: Int, normalization: Normalization,
      labels: [Int]? = nil
    ) {
      self.clip = clip
      self.clips = clips
      self.crops = crops
      self.batch = batch
      self.normalization = normalization
      self.labels = labels
    }
  }

  /// Measures networks.
  ///
  /// - Parameters:
  ///   - model: a network on `device`, in evaluation mode.
  ///   - random: networks of the same kind with random weights, also on `device`; at least one.
  ///   - footage: the videos.
  ///   - settings: how clips are cut and passed to the network.
  ///   - maps: how heat maps are computed.
  ///   - device: the device of the networks.
  ///   - workers: the number of threads that decode videos and compute the flow.
  ///   - progress: called with the number of finished videos; an error that it throws stops the work.
  /// - Throws: ``NoUsableVideo`` if no clip is left, ``SingleFrames``, ``DivergedNetwork``, errors of `progress`.
  public init(
    of model: VideoClassifier, random: [VideoClassifier], on footage: [VideoSource],
    shown settings: ShownClips, by maps: HeatMethod, device: Device, workers: Int,
    progress: (Int) throws -> Void = { _ in }
  ) throws {
    guard settings.clip.frames > 1 else { throw SingleFrames() }
    guard !footage.isEmpty else { throw NoUsableVideo(skipped: []) }
    let side = settings.clip.size
    let loader = DecodedClipLoader(
      footage, clip: settings.clip, clips: settings.clips, crops: settings.crops)
    let prefetcher = Prefetcher(count: footage.count, workers: workers, ahead: workers + 1) {
      index -> Result<[MovingClip], SkippedVideo> in
      do {
        let seen = try loader.load(index)
        let moving = try zip(seen.clips, seen.frames).map { clip, frames in
          MovingClip(
            pixels: clip, magnitudes: try ClipFlow.speeds(frames, side: side).flatMap(\.values))
        }.filter(\.moves)
        return moving.isEmpty
          ? .failure(SkippedVideo(video: footage[index].path, reason: "does not move"))
          : .success(moving)
      } catch {
        return .failure(SkippedVideo(footage[index].path, error))
      }
    }
    var skipped: [SkippedVideo] = []
    // For each network, the mean over the clips of each video.
    var means = [[Double]](repeating: [], count: 1 + random.count)
    var clipCount = 0
    for index in footage.indices {
      switch try prefetcher.next()! {
      case .failure(let failure): skipped.append(failure)
      case .success(let moving):
        clipCount += moving.count
        for (place, network) in ([model] + random).enumerated() {
          let all = try Self.correlations(of: network, moving, settings, maps, device)
          means[place].append(all.reduce(0, +) / Double(all.count))
        }
      }
      try progress(index + 1)
    }
    guard clipCount > 0 else { throw NoUsableVideo(skipped: skipped) }
    videos = means[0].count
    self.clips = clipCount
    network = SampleStatistics(means[0], keepsValues: false)
    self.random = SampleStatistics(means.dropFirst().map { SampleStatistics($0).mean })
    self.skipped = skipped
  }

  private static func correlations(
    of network: VideoClassifier, _ clips: [MovingClip], _ settings: ShownClips, _ maps: HeatMethod,
    _ device: Device
  ) throws -> [Double] {
    try stride(from: 0, to: clips.count, by: settings.batch).flatMap { first in
      let batch = clips[first..<min(first + settings.batch, clips.count)]
      let frames = Tensor.clips(batch.map(\.pixels)).to(device).unitRange
      let heat = network.heat(
        settings.normalization.clips(from: frames), by: maps, among: settings.labels)
      return zip(try heat.values, batch).map { map, clip in
        flowAgreement(Array(map.prefix(clip.magnitudes.count)), clip.magnitudes)!
      }
    }
  }
}

/// A clip and the speed of each of its pixels.
private struct MovingClip: Sendable {
  let pixels: ClipPixels
  /// The speeds, [frames - 1, height, width], in pixels per frame.
  let magnitudes: [Float]

  /// False if all frames are equal.
  var moves: Bool { magnitudes.contains { $0 != magnitudes[0] } }
}
