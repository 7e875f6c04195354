import Figures
import KeyedRandom
import Media
import MoSI
import Pretext
import SafeFiles
import Torch

/// The clips that one source gives, drawn for a person: as a contact sheet and as animations.
public struct MotionPreview {
  /// A label's clip.
  private struct Clip {
    let motion: Motion
    let pixelsPerFrame: Double
    let frames: [Picture]
    let region: StaticMask.Region?

    var title: String {
      motion.speed == 0 ? "static" : "\(motion.direction), speed \(motion.speed)"
    }

    var subtitle: String {
      let speed = (pixelsPerFrame * 10).rounded() / 10
      return "\(motion) · \(speed) px/frame"
    }

    var arrow: Vector? {
      motion.speed == 0 ? nil : Vector(Double(motion.x), Double(motion.y))
    }

    var outline: [Point]? { region?.corners.map { Point($0.x, $0.y) } }
  }

  private let clips: [Clip]
  private let fastest: Double

  /// The clips of `still`, a picture of the task's source size, as the end of a training draws them.
  public init(task: MotionFromStaticImages, still: Picture, seed: UInt64) {
    var generator = KeyedGenerator(seed, 0x0F0E_71E3)
    let draws = task.draw(using: &generator, purpose: .training(progress: 1))
    let frames = (withoutGradients { task.frames(of: .stills([still]), draws: [draws]) } * 255)
      .round().to(.uint8).permuted([0, 1, 3, 4, 2]).contiguous()
    let geometry = task.motion.geometry
    clips = task.motion.labels.motions.enumerated().map { label, motion in
      Clip(
        motion: motion, pixelsPerFrame: task.motion.pixelsPerFrame(label: label),
        frames: (0..<geometry.frames).map { frame in
          Picture(
            width: geometry.width, height: geometry.height,
            pixels: frames.selected(0, label).selected(0, frame).array())
        },
        region: draws[label].region)
    }
    fastest = Double(task.motion.labels.granularity)
  }

  /// A row a label: its arrow, speed and frames, the moving region outlined.
  public var sheet: ContactSheet {
    ContactSheet(
      title: "What the network is trained on: a window moves over one still picture "
        + "(arrows show the window; the content moves the other way)",
      rows: clips.map {
        .init(
          title: $0.title, subtitle: $0.subtitle, motion: $0.arrow, frames: $0.frames,
          outline: $0.outline)
      })
  }

  /// Writes an animation for each label, as GIF and as MP4.
  ///
  /// - Returns: the paths.
  /// - Throws: `MediaError`, `FigureError`.
  public func writeAnimations(to folder: String, framesPerSecond: Double = 8) throws -> [String] {
    try clips.enumerated().flatMap { label, clip in
      let name = clip.motion.speed == 0 ? "static" : "\(clip.motion.direction)-\(clip.motion.speed)"
      let frames = try clip.frames.map {
        try CaptionedFrame(
          $0, caption: "\(clip.title)  \(clip.subtitle)", motion: clip.arrow, fastest: fastest,
          outline: clip.outline
        ).picture()
      }
      let path = "\(folder)/label-\(label)-\(name)"
      try GIF.write(frames, to: "\(path).gif", framesPerSecond: framesPerSecond)
      // Shown a few times over: players stop at the end.
      try MP4Writer.write(
        (0..<4).flatMap { _ in frames }, to: "\(path).mp4", framesPerSecond: framesPerSecond)
      return ["\(path).gif", "\(path).mp4"]
    }
  }
}
