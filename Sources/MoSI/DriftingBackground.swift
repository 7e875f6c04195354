// A background that moves slowly behind the foreground, so that such motion does not distract the network: the paper's
// section 4.4 (B) and Fig. 8b

import KeyedRandom

/// Makes the background of masked clips drift: a second window, which moves slowly over the same source, fills the area
/// outside the region. The label is that of the foreground's window.
///
/// - At frame q of eq. 3, both windows are at the same position, so that the region has no visible outline.
/// - The direction is uniform. The speed is uniform up to the given share of the slowest label's speed, or less if q is
///   so close to the clip's start or end that the background of some label would leave the source. Direction, speed and q
///   are drawn before the label's start, with limits that hold for all labels: they reveal nothing about the label.
/// - The start of the foreground is uniform over those for which both windows stay inside.
public struct DriftingBackground: Sendable {
  private let motion: PseudoMotion
  /// The maximum speed in pixels per frame.
  private let fastest: Double
  /// For each frame q, the maximum distance in pixels between a background and its position at q, in either direction,
  /// for which every label has a start.
  private let margins: [(x: Int, y: Int)]

  /// A drifting background.
  ///
  /// - Parameters:
  ///   - motion: the motion of the foreground. It needs at least 3 frames: in the first and the last frame, the fastest
  ///     windows are at the edge of the source.
  ///   - speed: the maximum speed as a share, in 0 ..< 1, of the speed of the slowest moving label in pixels per frame.
  public init(under motion: PseudoMotion, speed: Double) {
    precondition(
      motion.geometry.frames > 2 && (0..<1).contains(speed),
      "no background of \(motion.geometry.frames) frames drifts at \(speed) of the foreground's speed"
    )
    self.motion = motion
    fastest =
      speed * (motion.labels.movingLabels.map { motion.pixelsPerFrame(label: $0) }.min() ?? 0)
    let geometry = motion.geometry
    func margin(_ paths: [ClipGeometry.Path], room: Int, frame: Int) -> Int {
      paths.reduce(room / 2) { least, path in
        // The possible positions of the window at frame q.
        let (first, last) = (
          path.starts.lowerBound + path.offsets[frame], path.starts.upperBound + path.offsets[frame]
        )
        return min(least, last, room - first)
      }
    }
    margins = (0..<geometry.frames).map { frame in
      (
        margin(
          motion.paths.map(\.x), room: geometry.sourceWidth - geometry.width, frame: frame),
        margin(
          motion.paths.map(\.y), room: geometry.sourceHeight - geometry.height, frame: frame)
      )
    }
  }

  /// The frames from which q is drawn. In the first and the last, no background could move.
  var backgroundFrames: Range<Int> { 1..<motion.geometry.frames - 1 }

  /// The motion of a background.
  public struct Drift: Hashable, Sendable {
    /// The horizontal offset in pixels of each frame's window from that of frame q. The exact path is rounded for each
    /// frame, with halves away from q.
    public let x: [Int]
    /// The vertical offset, computed in the same way.
    public let y: [Int]
  }

  /// A random drift.
  public func draw(backgroundFrame: Int, using generator: inout KeyedGenerator) -> Drift {
    let margin = margins[backgroundFrame]
    let reach = Double(max(backgroundFrame, motion.geometry.frames - 1 - backgroundFrame))
    let direction = generator.direction()
    let limit = min(
      fastest, Double(margin.x) / reach / abs(direction.x),
      Double(margin.y) / reach / abs(direction.y))
    let velocity = direction * generator.uniform(in: 0...limit)
    func offsets(_ speed: Double) -> [Int] {
      (0..<motion.geometry.frames).map {
        Int((speed * Double($0 - backgroundFrame)).rounded(.toNearestOrAwayFromZero))
      }
    }
    return Drift(x: offsets(velocity.x), y: offsets(velocity.y))
  }

  /// A random start of the foreground, uniform over those for which both windows stay inside.
  func randomStart(
    label: Int, _ drift: Drift, backgroundFrame: Int, using generator: inout KeyedGenerator
  ) -> PseudoMotion.Start {
    let (x, y) = starts(label: label, drift, backgroundFrame: backgroundFrame)
    return PseudoMotion.Start(
      x: x.lowerBound + generator.integer(below: x.count),
      y: y.lowerBound + generator.integer(below: y.count))
  }

  /// The start nearest to the centered path for which both windows stay inside; for validation.
  func centeredStart(label: Int, _ drift: Drift, backgroundFrame: Int) -> PseudoMotion.Start {
    let (x, y) = starts(label: label, drift, backgroundFrame: backgroundFrame)
    let center = motion.centeredStarts[label]
    return PseudoMotion.Start(
      x: min(max(center.x, x.lowerBound), x.upperBound),
      y: min(max(center.y, y.lowerBound), y.upperBound))
  }

  /// The positions of the background's windows in pixels from the source's left and top edges.
  public func positions(
    label: Int, start: PseudoMotion.Start, _ drift: Drift, backgroundFrame: Int
  ) -> [PseudoMotion.Start] {
    let (x, y) = (motion.paths[label].x.offsets, motion.paths[label].y.offsets)
    return zip(drift.x, drift.y).map {
      PseudoMotion.Start(
        x: start.x + x[backgroundFrame] + $0, y: start.y + y[backgroundFrame] + $1)
    }
  }

  private func starts(label: Int, _ drift: Drift, backgroundFrame: Int) -> (
    x: ClosedRange<Int>, y: ClosedRange<Int>
  ) {
    /// The margins guarantee that there is at least one.
    func starts(_ path: ClipGeometry.Path, _ offsets: [Int], room: Int) -> ClosedRange<Int> {
      let offset = path.offsets[backgroundFrame]
      let inside = (-offsets.min()! - offset)...(room - offsets.max()! - offset)
      return max(
        path.starts.lowerBound, inside.lowerBound)...min(
          path.starts.upperBound, inside.upperBound)
    }
    let (geometry, paths) = (motion.geometry, motion.paths[label])
    return (
      starts(paths.x, drift.x, room: geometry.sourceWidth - geometry.width),
      starts(paths.y, drift.y, room: geometry.sourceHeight - geometry.height)
    )
  }
}
