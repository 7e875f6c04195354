import Figures
import Media
import OpticalFlow
import VideoData

/// What in a clip speaks for a label, beside what moves in it.
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

  /// Spearman's rank correlation of heat and speed over all pixels of all frames that have a next one; nil where one of
  /// them is the same everywhere.
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
    agreement = rankCorrelation(
      heat.prefix(speed.count).flatMap(\.values), speed.flatMap(\.values))
  }

  /// How many times finer frames for people are: the flow of slow motions in small clips wants it too.
  static func fineness(side: Int) -> Int { max(1, (wantedSide + side - 1) / side) }

  /// The speeds in the pixels of clips of `side` pixels, from frames that are finer by a whole factor.
  static func speeds(_ frames: [Picture], side: Int) throws(OpticalFlowError) -> [HeatMap] {
    var maps: [HeatMap] = []
    for field in try FlowField.fields(of: frames) {
      let factor = field.width / side
      var sums = [Float](repeating: 0, count: side * side)
      for (place, speed) in field.magnitudes.enumerated() {
        let (row, column) = place.quotientAndRemainder(dividingBy: field.width)
        sums[row / factor * side + column / factor] += speed
      }
      // The mean over the block, in pixels that are as much larger.
      let divisor = Float(factor * factor * factor)
      maps.append(HeatMap(width: side, height: side, values: sums.map { $0 / divisor }))
    }
    return maps
  }

  private static let wantedSide = 168
}
