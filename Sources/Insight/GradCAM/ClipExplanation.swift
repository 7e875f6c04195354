import Figures
import Media

/// The evidence for a label in a clip, with the clip's motion.
struct ClipExplanation {
  /// The start of the clip in its video, in seconds.
  let start: Double
  /// The explained label and its probability: the softmax of the logits.
  let label: Int
  let probability: Double
  /// The frames at a higher resolution than the network's, for display.
  let frames: [Picture]
  /// The Grad-CAM of each frame, 0...1, at the network's resolution.
  let heat: [HeatMap]
  /// The speed from each frame to the next in the network's pixels per frame; one fewer than frames.
  let speed: [HeatMap]

  /// False if the heat is 0 everywhere.
  let hasHeat: Bool
  /// ``flowAgreement(_:_:)`` over all frames except the last.
  let agreement: Double?

  init(
    start: Double, label: Int, probability: Double, frames: [Picture], heat: [HeatMap],
    speed: [HeatMap]
  ) {
    self.start = start
    self.label = label
    self.probability = probability
    self.frames = frames
    self.heat = heat
    self.speed = speed
    hasHeat = heat.contains { $0.values.contains { $0 > 0 } }
    agreement = flowAgreement(
      heat.prefix(speed.count).flatMap(\.values), speed.flatMap(\.values))
  }
}
