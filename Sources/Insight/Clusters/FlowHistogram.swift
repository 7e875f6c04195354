import Foundation
import OpticalFlow

/// A histogram of the displacements of pixels by direction and magnitude.
public struct FlowHistogram: Codable, Equatable, Sendable {
  /// The names of the directions, clockwise on the screen.
  public static let directions = [
    "right", "right down", "down", "left down", "left", "left up", "up", "right up",
  ]
  /// The lower bounds of the ranges of magnitudes, as shares of the clip's side per frame; the last range is unbounded.
  /// Slower pixels have no direction.
  public static let magnitudes = [0.005, 0.01, 0.02, 0.04, 0.08]

  /// The number of displacements: [direction][magnitude].
  public private(set) var counts: [[Int]]
  /// The number of displacements below the first magnitude.
  public private(set) var still = 0

  /// An empty histogram.
  public init() {
    counts = Self.directions.map { _ in Self.magnitudes.map { _ in 0 } }
  }

  /// Counts the displacements of a clip.
  ///
  /// - Parameters:
  ///   - fields: the flow from each frame to the next, in pixels.
  ///   - side: the side of the clip in pixels.
  public init(_ fields: [FlowField], side: Int) {
    self.init()
    let borders = Self.magnitudes.map { Float($0 * Double(side)) }
    for field in fields {
      for (u, v) in zip(field.u, field.v) {
        let length = (u * u + v * v).squareRoot()
        guard length >= borders[0] else {
          still += 1
          continue
        }
        let eighth = Int((atan2(v, u) / (.pi / 4)).rounded()) & 7
        counts[eighth][borders.lastIndex { length >= $0 }!] += 1
      }
    }
  }

  /// Adds the counts of another histogram.
  public static func += (left: inout FlowHistogram, right: FlowHistogram) {
    left.still += right.still
    for (index, row) in right.counts.enumerated() {
      for (magnitude, count) in row.enumerated() { left.counts[index][magnitude] += count }
    }
  }

  /// The number of all displacements.
  public var total: Int { counts.joined().reduce(still, +) }

  /// The shares of all displacements, [direction][magnitude].
  public var shares: [[Double]] {
    let total = Double(max(total, 1))
    return counts.map { $0.map { Double($0) / total } }
  }

  /// The share of displacements below the first magnitude.
  public var stillShare: Double { Double(still) / Double(max(total, 1)) }
}
