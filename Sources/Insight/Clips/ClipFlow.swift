import Figures
import Media
import OpticalFlow

/// The optical flow of clips of a network's size. It is computed from the same frames at a higher resolution, because
/// slow motion disappears in a small number of pixels.
enum ClipFlow {
  /// The ratio of the resolutions of these frames and of clips of `side` pixels.
  static func fineness(side: Int) -> Int { max(1, (flowSide + side - 1) / side) }

  /// The speed from each frame to the next in the clip's pixels per frame, averaged over each pixel of the clip.
  ///
  /// - Parameters:
  ///   - frames: square frames, larger than the clip by an integer factor.
  ///   - side: the side of the clip in pixels.
  static func speeds(_ frames: [Picture], side: Int) throws(OpticalFlowError) -> [HeatMap] {
    var maps: [HeatMap] = []
    for field in try FlowField.fields(of: frames) {
      let factor = field.width / side
      var sums = [Float](repeating: 0, count: side * side)
      for (place, speed) in field.magnitudes.enumerated() {
        let (row, column) = place.quotientAndRemainder(dividingBy: field.width)
        sums[row / factor * side + column / factor] += speed
      }
      // The mean over the block, divided by the size of its pixels.
      let divisor = Float(factor * factor * factor)
      maps.append(HeatMap(width: side, height: side, values: sums.map { $0 / divisor }))
    }
    return maps
  }

  private static let flowSide = 168
}
