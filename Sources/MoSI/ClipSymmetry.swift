// Clips that are flipped and rotated together with their labels (not in the paper)

import Torch

/// One of the eight symmetries composed of flips and rotations by right angles.
///
/// A clip's label changes with it: a mirrored clip of "right" is a clip of "left". The clips of a source are in one batch,
/// with all labels, so all of them are changed in the same way. That permutes the labels, and each still occurs once. If
/// the pool is closed under the symmetry, these clips are exactly those of windows over the changed *source*, because
/// starts, paths and their rounding are symmetric. So the small source is changed, and the order of the labels stays.
public struct ClipSymmetry: Hashable, Sendable {
  /// True if left and right are exchanged, before any rotation.
  public let isMirrored: Bool
  /// The number of rotations by 90 degrees, clockwise, 0...3.
  public let quarterTurns: Int

  /// No flip and no rotation.
  public static let identity = ClipSymmetry(isMirrored: false, quarterTurns: 0)

  /// All symmetries formed by flips (horizontal, vertical) and rotations (by multiples of 90 degrees): 1, 4 or 8.
  public static func all(flips: Bool, rotations: Bool) -> [ClipSymmetry] {
    (flips ? [false, true] : [false]).flatMap { isMirrored in
      // The horizontal flip rotated by 180 degrees is the vertical flip.
      (rotations ? [0, 1, 2, 3] : flips ? [0, 2] : [0]).map {
        ClipSymmetry(isMirrored: isMirrored, quarterTurns: $0)
      }
    }
  }

  /// The motion that a clip of `motion` has after the symmetry.
  public func callAsFunction(_ motion: Motion) -> Motion {
    let mirrored = Motion(x: isMirrored ? -motion.x : motion.x, y: motion.y)
    return (0..<quarterTurns).reduce(mirrored) { motion, _ in Motion(x: -motion.y, y: motion.x) }
  }

  /// Flips and rotates pictures.
  ///
  /// - Parameter pictures: [..., H, W]; H = W for an odd number of quarter turns.
  public func callAsFunction(_ pictures: Tensor) -> Tensor {
    let (rows, columns) = (pictures.shape.count - 2, pictures.shape.count - 1)
    var result = isMirrored ? pictures.flipped([columns]) : pictures
    if quarterTurns >= 2 { result = result.flipped([rows, columns]) }
    if quarterTurns % 2 == 1 {
      result = result.permuted(Array(0..<rows) + [columns, rows]).flipped([columns])
    }
    return result
  }

  /// Applies a symmetry to each picture of a batch [B, C, H, W].
  static func apply(_ symmetries: [ClipSymmetry], to pictures: Tensor) -> Tensor {
    guard symmetries.contains(where: { $0 != .identity }) else { return pictures }
    return .concatenated(
      symmetries.enumerated().map { index, symmetry in
        symmetry(pictures.sliced(0, index..<index + 1))
      })
  }
}

extension LabelPool {
  /// True if the pool contains the flipped and rotated motion of each of its motions.
  public func isClosed(under symmetry: ClipSymmetry) -> Bool {
    motions.allSatisfy { motions.contains(symmetry($0)) }
  }
}
