import Figures
import Media

/// The evidence for a label in a clip, beside the clip's motion.
struct ClipExplanation {
  /// When the clip begins in its video, in seconds.
  let start: Double
  /// The label that is explained, and what the network gives it: the softmax of the logits.
  let label: Int
  let probability: Double
  /// The frames in finer pixels than the network's, for people.
  let frames: [Picture]
  /// The Grad-CAM of each frame, 0...1, in the network's pixels.
  let heat: [HeatMap]
  /// The speed from each frame to the next, in the network's pixels a frame; one fewer than frames.
  let speed: [HeatMap]

  /// False if the heat is 0 everywhere.
  let hasHeat: Bool
  /// ``flowAgreement(_:_:)`` over all frames that have a next one.
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
