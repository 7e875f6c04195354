import Figures
import KeyedRandom
import Media
import MoSI
import Pretext
import Torch
import VideoData
import VideoModels

/// The label that a heat map explains.
public enum HeatLabel: String, Codable, CaseIterable, Sendable {
  /// The clip's own label.
  case target
  /// The label that the network predicts.
  case predicted

  /// Earlier versions wrote "true" for the target.
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let label = text == "true" ? .target : Self(rawValue: text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "\(text) is not a label"))
    }
    self = label
  }
}

/// The clips that a network's localization of motion is measured on: those of the pretext task with the static mask, whose
/// moving region is known.
///
/// Stills are the centers of pictures, paths are centered, colors and orientation are unchanged, and the regions are drawn
/// with a fixed seed. The static label is not used: in its clips no region moves.
public struct MaskedClips {
  public let task: MotionFromStaticImages
  /// The labels that move.
  public let labels: [Int]
  private let stills: [Picture]

  /// The number of sources.
  public var sourceCount: Int { stills.count }

  /// - Parameters:
  ///   - task: the pretext task; without a mask it gets the paper's, so that unmasked networks can be measured.
  ///   - stills: one for each source, of the task's source size.
  public init(_ task: MotionFromStaticImages, stills: [Picture]) {
    self.task = MotionFromStaticImages(
      motion: task.motion, mask: task.mask ?? MaskSchedule(), jitter: .none,
      normalization: task.normalization)
    self.stills = stills
    labels = task.motion.labels.movingLabels
  }

  /// The moving clips of one source, one for each of ``labels``.
  struct Clips {
    /// float32 [labels, N, 3, height, width] in 0...1.
    let frames: Tensor
    /// float32 [labels, 3, N, height, width], normalized.
    let clips: Tensor
    let regions: [StaticMask.Region]
  }

  func clips(ofSource index: Int, on device: Device) -> Clips {
    withoutGradients {
      var generator = KeyedGenerator(Self.key, UInt64(index))
      let draws = task.draw(using: &generator, purpose: .validation)
      let frames = task.frames(of: Tensor.stills([stills[index]]).to(device), draws: [draws])
        .selected(0, indices: Tensor(labels).to(device))
      return Clips(
        frames: frames, clips: task.normalization.clips(from: frames),
        regions: labels.map { draws[$0].region! })
    }
  }

  private static let key: UInt64 = 0x5CA1_AB1E
}

/// How well the Grad-CAM of a network points at the moving region of masked clips, beside random weights and chance.
public struct RegionLocalization: Codable, Equatable, Sendable {
  public let sources: Int
  /// The number of moving clips.
  public let clips: Int
  /// The mean share of the frame's area that the region takes: the score of a uniform map.
  public let chance: Double
  public let network: RegionScores
  /// Networks with random weights.
  public let random: [RegionScores]
  /// The share of the clips whose motion the network recognizes.
  public let top1: Double

  /// - Parameters:
  ///   - model: a network with the task's head, on `device`.
  ///   - random: networks of its kind with random weights, on `device`.
  ///   - clips: the clips.
  ///   - stage: the stage whose Grad-CAM is computed.
  ///   - label: the label that is explained, also for networks with random weights.
  ///   - device: the device of the networks.
  ///   - progress: called with the number of finished sources; an error that it throws ends the work.
  /// - Throws: ``DivergedNetwork``, what `progress` throws.
  public init(
    of model: VideoClassifier, random: [VideoClassifier], on clips: MaskedClips,
    at stage: StageName, label: HeatLabel, device: Device, progress: (Int) throws -> Void = { _ in }
  ) throws {
    var scores = [[[RegionScore]]](repeating: [], count: 1 + random.count)
    var correct = 0
    for source in 0..<clips.sourceCount {
      let made = clips.clips(ofSource: source, on: device)
      for (index, network) in ([model] + random).enumerated() {
        let cam = network.gradCAM(
          made.clips, at: stage, labels: label == .target ? clips.labels : nil)
        scores[index].append(
          try zip(cam.values, made.regions).map { map, region in
            RegionScore(
              map: map, frames: cam.maps.shape[1], height: cam.maps.shape[2],
              width: cam.maps.shape[3], region: region)
          })
        if index == 0 {
          let guesses = cam.logits.argmax(1).array(of: Int.self)
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

  /// The mean of a score for each of the networks with random weights.
  public func random(_ score: KeyPath<RegionScores, SampleStatistics>) -> SampleStatistics {
    SampleStatistics(random.map { $0[keyPath: score].mean })
  }
}

extension MaskedClips {
  /// Some clips with the heat map over each frame and the region outlined: evenly spread sources, each with the next label.
  ///
  /// - Throws: ``DivergedNetwork``.
  public func sheet(
    of model: VideoClassifier, at stage: StageName, label: HeatLabel, device: Device, rows: Int = 8
  ) throws -> ContactSheet {
    let count = min(rows, sourceCount * labels.count)
    let motions = task.motion.labels.motions
    let made = try (0..<count).map { row -> ContactSheet.Row in
      let place = row % labels.count
      let clips = clips(ofSource: row * sourceCount / count, on: device)
      let cam = model.gradCAM(
        clips.clips.sliced(0, place..<place + 1), at: stage,
        labels: label == .target ? [labels[place]] : nil)
      let map = try cam.values[0]
      let region = clips.regions[place]
      let score = RegionScore(
        map: map, frames: cam.maps.shape[1], height: cam.maps.shape[2],
        width: cam.maps.shape[3], region: region)
      let pictures = [Picture](frames: clips.frames.selected(0, place))
      let size = map.count / pictures.count
      let motion = motions[labels[place]]
      let guess = motions[cam.logits.argmax(1).array(of: Int.self)[0]]
      return ContactSheet.Row(
        title: motion.displayName,
        subtitle: "\(Int((100 * score.energyInside).rounded()))% inside, chance "
          + "\(Int((100 * score.chance).rounded()))% · seen as \(guess.displayName)",
        motion: Vector(Double(motion.x), Double(motion.y)),
        frames: pictures.enumerated().map { frame, picture in
          HeatMap(
            width: picture.width, height: picture.height,
            values: Array(map[frame * size..<(frame + 1) * size])
          ).picture(over: picture)
        },
        outline: region.corners.map { Point($0.x, $0.y) })
    }
    return ContactSheet(
      title: "Localization of motion: Grad-CAM at \(stage.rawValue) over unseen clips, "
        + "the moving region outlined",
      note:
        "Labels and arrows show the motion of the window over the picture; the content moves the other way.",
      legend: ColorBar(label: "heat: share of the clip's greatest", range: 0...1), rows: made)
  }
}
