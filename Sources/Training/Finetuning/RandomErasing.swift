// Zhong et al., "Random Erasing Data Augmentation" (AAAI 2020), with the ranges that VideoMAE uses.

import Foundation
import KeyedRandom
import Torch

/// Replaces a rectangle of some clips by standard normal noise, the same rectangle in all frames.
package struct RandomErasing {
  /// The probability that a clip has a rectangle.
  package let probability: Double

  /// Erasing with this probability.
  package init(probability: Double) { self.probability = probability }

  /// The area of the rectangle as a share of the frame's.
  package static let area = 0.02...1.0 / 3
  /// The ratio of its height to its width, evenly in its logarithm.
  package static let ratio = 0.3...3.3

  /// A rectangle in pixels, with the seed of its noise.
  package struct Draw: Equatable {
    package let rows: Range<Int>
    package let columns: Range<Int>
    package let seed: UInt64
  }

  /// Draws a rectangle in frames of `height` x `width` pixels; nil for none. Of ten, the first that fits is taken.
  package func draw(height: Int, width: Int, using generator: inout KeyedGenerator) -> Draw? {
    guard generator.chance(probability) else { return nil }
    for _ in 0..<10 {
      let area = generator.uniform(in: Self.area) * Double(height * width)
      let ratio = exp(
        generator.uniform(in: log(Self.ratio.lowerBound)...log(Self.ratio.upperBound)))
      let rows = Int((area * ratio).squareRoot().rounded())
      let columns = Int((area / ratio).squareRoot().rounded())
      guard (1..<height).contains(rows), (1..<width).contains(columns) else { continue }
      let top = generator.integer(below: height - rows + 1)
      let left = generator.integer(below: width - columns + 1)
      return Draw(
        rows: top..<top + rows, columns: left..<left + columns, seed: generator.next())
    }
    return nil
  }

  /// Erases in place.
  ///
  /// - Parameters:
  ///   - draws: a rectangle for each clip; nil for none.
  ///   - clips: normalized, float32 [B, 3, N, H, W].
  package static func apply(_ draws: [Draw?], to clips: Tensor) {
    for (index, draw) in draws.enumerated() {
      guard let draw else { continue }
      let part = clips.selected(0, index).sliced(2, draw.rows).sliced(3, draw.columns)
      part.copy(
        from: .normal(part.shape, using: Generator(seed: draw.seed, device: clips.device)))
    }
  }
}
