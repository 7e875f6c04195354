// Mirrored and turned clips whose labels are mirrored and turned with them. Not in the paper.

import Torch

/// One of the eight ways in which clips can be mirrored and turned.
///
/// A clip's label turns with it: a clip of "right" is one of "left" in the mirror. The clips of a source are in one
/// batch with all labels, so that all of them are turned alike: then the labels are permuted, and each is there once as
/// before. For a pool that is closed under the symmetry those clips are the ones that windows over the turned *source*
/// give, one for one, as starts, paths and their rounding are symmetric. So it is the small source that is turned, and
/// the order of the labels stays.
public struct ClipSymmetry: Hashable, Sendable {
  /// True for left and right exchanged, before any turn.
  public let isMirrored: Bool
  /// The turns by 90 degrees, clockwise, 0...3.
  public let quarterTurns: Int

  public static let identity = ClipSymmetry(isMirrored: false, quarterTurns: 0)

  /// All symmetries that flips (left to right, upside down) and rotations (by multiples of 90 degrees) make: 1, 4 or 8.
  public static func all(flips: Bool, rotations: Bool) -> [ClipSymmetry] {
    (flips ? [false, true] : [false]).flatMap { isMirrored in
      // The mirror image that is turned by 180 degrees is the one upside down.
      (rotations ? [0, 1, 2, 3] : flips ? [0, 2] : [0]).map {
        ClipSymmetry(isMirrored: isMirrored, quarterTurns: $0)
      }
    }
  }

  /// The motion of a clip of `motion` that is mirrored and turned.
  public func callAsFunction(_ motion: Motion) -> Motion {
    let mirrored = Motion(x: isMirrored ? -motion.x : motion.x, y: motion.y)
    return (0..<quarterTurns).reduce(mirrored) { motion, _ in Motion(x: -motion.y, y: motion.x) }
  }

  /// The pictures mirrored and turned.
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

  /// Each of a batch's pictures [B, C, H, W] by its own symmetry.
  static func apply(_ symmetries: [ClipSymmetry], to pictures: Tensor) -> Tensor {
    guard symmetries.contains(where: { $0 != .identity }) else { return pictures }
    return .concatenated(
      symmetries.enumerated().map { index, symmetry in
        symmetry(pictures.sliced(0, index..<index + 1))
      })
  }
}

extension LabelPool {
  /// True where every motion, mirrored and turned, is one of the pool.
  public func isClosed(under symmetry: ClipSymmetry) -> Bool {
    motions.allSatisfy { motions.contains(symmetry($0)) }
  }
}
