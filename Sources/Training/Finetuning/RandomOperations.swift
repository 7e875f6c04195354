// After Cubuk et al., "RandAugment: Practical automated data augmentation with a reduced search space" (2020), with the strengths
// that VideoMAE takes from timm.

import Foundation
import KeyedRandom
import Pretext
import Torch

/// Operations on colors and geometry that are drawn for a clip, the same for all of its frames.
///
/// What a geometric operation leaves uncovered is the mirror image, not gray; histograms are not equalized.
package struct RandomOperations {
  /// The operations that can be drawn.
  package enum Kind: CaseIterable {
    case autocontrast, invert, posterize, solarize, saturation, contrast, brightness, sharpness
    case rotate, shearX, shearY, shiftX, shiftY
  }

  /// An operation and its strength.
  package struct Operation: Equatable {
    package let kind: Kind
    /// The strength from 0 to 1; negative for the opposite direction.
    package let strength: Double

    /// An operation.
    package init(kind: Kind, strength: Double) { (self.kind, self.strength) = (kind, strength) }
  }

  /// The number of operations that are drawn for a clip.
  package let count: Int
  /// The probability that a drawn operation is done.
  package let probability: Double
  /// The mean strength, from 0 to 10.
  package let magnitude: Double
  /// Its standard deviation.
  package let deviation: Double

  /// Operations with these values.
  package init(count: Int, probability: Double, magnitude: Double, deviation: Double) {
    (self.count, self.probability) = (count, probability)
    (self.magnitude, self.deviation) = (magnitude, deviation)
  }

  /// Draws the operations on a clip, in order; the same kind may come again.
  package func draw(using generator: inout KeyedGenerator) -> [Operation] {
    (0..<count).compactMap { _ in
      let kind = Kind.allCases[generator.integer(below: Kind.allCases.count)]
      let drawn = magnitude + deviation * generator.normal()
      let sign = generator.chance(0.5) ? 1.0 : -1.0
      guard generator.chance(probability) else { return nil }
      return Operation(kind: kind, strength: sign * min(max(drawn / 10, 0), 1))
    }
  }

  /// The frames after operations in order, float32 [N, 3, H, W] in 0...1.
  package static func apply(_ operations: [Operation], to frames: Tensor) -> Tensor {
    operations.reduce(frames) { $1.applied(to: $0) }
  }
}

extension RandomOperations.Operation {
  fileprivate func applied(to frames: Tensor) -> Tensor {
    let (height, width) = (frames.shape[2], frames.shape[3])
    let size = abs(strength)
    /// One factor for all frames, from 0.1 to 1.9.
    func factors() -> Tensor {
      .full([frames.shape[0], 1, 1, 1], 1 + 0.9 * strength, device: frames.device)
    }
    func moved(_ map: [Double]) -> Tensor {
      frames.sampled(
        by: Array(repeating: map.map(Float.init), count: frames.shape[0]), height: height,
        width: width, isMirrored: true)
    }
    switch kind {
    case .autocontrast:
      // Over all frames, so that brightness does not flicker.
      let least = frames.min([0, 2, 3], keepingAxes: true)
      let range = frames.max([0, 2, 3], keepingAxes: true) - least
      let isFlat = range.equal(to: 0)
      return isFlat.choose(frames, (frames - least) / (range + isFlat.to(.float32)))
    case .invert: return 1 - frames
    case .posterize:
      // From 4 bits to 1.
      let levels = pow(2, Double(max(4 - Int(4 * size), 1)))
      return (frames * 255 * (levels / 256)).floor() * (256 / levels / 255)
    case .solarize:
      return frames.less(than: .full([], 1 - size, device: frames.device))
        .choose(frames, 1 - frames)
    case .saturation: return ColorOperators.saturation(frames, factors())
    case .contrast: return ColorOperators.contrast(frames, factors())
    case .brightness: return ColorOperators.brightness(frames, factors())
    case .sharpness: return sharpened(frames)
    case .rotate:
      let angle = strength * 30 * .pi / 180
      // Positions are in half sides, which differ between the axes.
      let ratio = Double(height) / Double(width)
      return moved([cos(angle), -sin(angle) * ratio, 0, sin(angle) / ratio, cos(angle), 0])
    case .shearX: return moved([1, 0.3 * strength, 0, 0, 1, 0])
    case .shearY: return moved([1, 0, 0, 0.3 * strength, 1, 0])
    case .shiftX: return moved([1, 0, 0.9 * strength, 0, 1, 0])
    case .shiftY: return moved([1, 0, 0, 0, 1, 0.9 * strength])
    }
  }

  /// Frames mixed with smoothed ones, or further from them. A border of one pixel stays.
  private func sharpened(_ frames: Tensor) -> Tensor {
    let (height, width) = (frames.shape[2], frames.shape[3])
    guard height > 2, width > 2 else { return frames }
    let inner = frames.sliced(2, 1..<height - 1).sliced(3, 1..<width - 1)
    var sum = inner * 4
    for row in 0..<3 {
      for column in 0..<3 {
        sum = sum + frames.sliced(2, row..<height - 2 + row).sliced(3, column..<width - 2 + column)
      }
    }
    let smooth = sum * (1.0 / 13)
    let result = frames.clone()
    result.sliced(2, 1..<height - 1).sliced(3, 1..<width - 1)
      .copy(from: (smooth + (inner - smooth) * (1 + 0.9 * strength)).clamped(0, 1))
    return result
  }
}
