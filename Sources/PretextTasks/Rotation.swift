// 3D-RotNet: Jing et al., "Self-Supervised Spatiotemporal Feature Learning via Video Rotation Prediction" (2018).

import Foundation
import KeyedRandom
import Pretext
import Torch
import VideoModels
import VideoSamples

/// Recognizes the number of quarter turns by which a clip is rotated. The network learns what is up, and how things move
/// under gravity.
///
/// All four rotations of a clip are in one batch. They are exact transpositions, so that no border reveals the class.
/// Clips are first tilted by a small random angle and mirrored at random: a mirrored clip has the same class.
public struct Rotation: PretextTask {
  /// A backbone with a linear head for four classes.
  public typealias Network = VideoClassifier

  /// The number of frames N of a clip.
  public let frames: Int
  /// The distance between the clip's frames, in frames of the video: 2 takes every second one.
  public let interval: Int
  /// The height and width of a clip in pixels.
  public let side: Int
  /// The short side to which frames are scaled before a clip is cropped.
  public let sourceSide: Int
  /// The maximum random tilt in degrees; 0 for none.
  public let tilt: Double
  /// The color jitter, the same for all frames of a clip.
  public let jitter: ColorJitter
  /// The normalization of the network's input.
  public let normalization: Normalization

  /// The task with these settings.
  public init(
    frames: Int = 16, interval: Int = 2, side: Int = 112, sourceSide: Int = 136,
    tilt: Double = 10, jitter: ColorJitter = .none, normalization: Normalization = .video
  ) {
    self.frames = frames
    self.interval = interval
    self.side = side
    self.sourceSide = sourceSide
    self.tilt = tilt
    self.jitter = jitter
    self.normalization = normalization
  }

  /// The angles counterclockwise.
  public var classNames: [String]? { ["0°", "90°", "180°", "270°"] }
  /// The number of frames, and `side` twice.
  public var clipExtent: Extent3 { Extent3(frames, side, side) }
  /// 4, one for each rotation.
  public var clipsPerSample: Int { 4 }
  /// True.
  public var needsMotion: Bool { true }

  /// The side of the crop, which has room for the corners of a tilted clip.
  private func windowSide(_ purpose: Purpose) -> Int {
    guard purpose.isTraining, tilt > 0 else { return side }
    let angle = tilt * .pi / 180
    return min(sourceSide, Int((Double(side) * (cos(angle) + sin(angle))).rounded(.up)))
  }

  /// The number of frames of a video from the first to the last of a clip, inclusive.
  private var span: Int { (frames - 1) * interval + 1 }

  /// Clips at a uniformly random time in training, the middle clip in validation. Shorter videos are skipped.
  public func rule(for purpose: Purpose) -> SampleRule {
    let window = windowSide(purpose)
    return SampleRule(readsClips: true, span: span) { source, generator in
      let first = source.firstFrame(
        ofSpan: span, using: &generator, atRandom: purpose.isTraining)
      return SampleRequest(
        .clips([source.times(ofFrames: first, count: frames, interval: interval)]),
        crop: purpose.isTraining
          ? .randomWindow(height: window, width: window, shortSide: sourceSide)
          : .centerWindow(height: window, width: window, shortSide: sourceSide))
    }
  }

  /// The four rotations of each sample's clip with their labels.
  public func batch(_ samples: [Sample], for purpose: Purpose, on device: Device) -> LabeledClips {
    withoutGradients {
      let frames = self.frames(samples, for: purpose, on: device)
      let turns = (0..<4).map { Self.turned(frames, quarters: $0) }
      let clips = Tensor.stacked(turns, axis: 1).flattened(from: 0, through: 1)
      let labels = samples.flatMap { _ in 0..<4 }
      return LabeledClips(
        clips: normalization.clips(from: clips), labels: Tensor(labels).to(device))
    }
  }

  /// The clips before rotation and normalization, float32 [B, N, 3, side, side] in 0...1.
  private func frames(_ samples: [Sample], for purpose: Purpose, on device: Device) -> Tensor {
    let clips = Tensor.clips(samples.map { $0.clips[0] }).to(device).unitRange
    guard purpose.isTraining else { return clips }
    var maps: [[Float]] = []
    let jitters = samples.map { sample in
      var generator = sample.id.generator(.augmentation)
      let angle = generator.uniform(in: -tilt...tilt) * .pi / 180
      let scale = Double(side) / Double(clips.shape[4])
      let mirror = generator.chance(0.5) ? -1.0 : 1.0
      let (x, y) = (Float(cos(angle) * scale), Float(sin(angle) * scale))
      maps.append([x * Float(mirror), -y, 0, y * Float(mirror), x, 0])
      return jitter.drawClipWise(frames: frames, using: &generator)
    }
    // Treat all frames of a clip as channels, so that they are transformed together.
    let (shape, size) = (clips.shape, clips.shape[4])
    let tilted = clips.reshaped([shape[0], -1, size, size])
      .sampled(by: maps, height: side, width: side)
      .reshaped([shape[0], shape[1], 3, side, side])
    return jitter == .none ? tilted : ColorJitter.apply(jitters, to: tilted)
  }

  /// Pictures [..., H, W] rotated counterclockwise by 0 to 3 quarter turns, exactly.
  static func turned(_ pictures: Tensor, quarters: Int) -> Tensor {
    let (rows, columns) = (pictures.rank - 2, pictures.rank - 1)
    let transposed = pictures.permuted(Array(0..<rows) + [columns, rows])
    return switch quarters {
    case 1: transposed.flipped([rows])
    case 2: pictures.flipped([rows, columns])
    case 3: transposed.flipped([columns])
    default: pictures
    }
  }

  /// The four rotations of a sample.
  public func preview(_ sample: Sample) -> TaskPreview {
    let frames = frames([sample], for: .training(progress: 1), on: .cpu).selected(0, 0)
    return TaskPreview(
      title: "What the network is trained on: by what angle is the clip rotated?",
      rows: (0..<4).map { quarters in
        TaskPreview.Row(
          name: "\(90 * quarters)", title: "\(90 * quarters)°",
          subtitle: quarters == 0 ? "as it is" : "counterclockwise",
          frames: Self.turned(frames, quarters: quarters).frameBytes)
      })
  }
}
