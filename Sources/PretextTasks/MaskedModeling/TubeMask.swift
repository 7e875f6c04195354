// Tong et al., "VideoMAE: Masked Autoencoders are Data-Efficient Learners for Self-Supervised Video Pre-Training" (NeurIPS
// 2022), section 3.3: tube masking.

import KeyedRandom
import Torch

/// Hides the same places in all frames of a clip, so that nothing hidden can be copied from a neighboring frame.
public struct TubeMask: Hashable, Sendable {
  /// The share of places that are hidden, in 0..<1. Their number is rounded down.
  public let ratio: Double

  /// A mask that hides this share.
  public init(ratio: Double = 0.9) {
    precondition((0..<1).contains(ratio), "the share of hidden places is in 0..<1, not \(ratio)")
    self.ratio = ratio
  }

  /// The numbers of the cubes of a grid in rising order, time slowest and column fastest.
  public struct Draw: Sendable {
    /// The cubes that the network sees.
    public let kept: [Int]
    /// The cubes that it predicts.
    public let masked: [Int]
  }

  /// The number of hidden cubes at one time in a grid.
  public func maskedPerTime(_ grid: Extent3) -> Int {
    Int(ratio * Double(grid.height * grid.width))
  }

  /// Draws the hidden places of one clip.
  public func draw(_ grid: Extent3, using generator: inout KeyedGenerator) -> Draw {
    let places = grid.height * grid.width
    let order = generator.permutation(of: places)
    let masked = order.prefix(maskedPerTime(grid)).sorted()
    let kept = order.dropFirst(masked.count).sorted()
    func tubes(_ chosen: [Int]) -> [Int] {
      (0..<grid.time).flatMap { time in chosen.map { time * places + $0 } }
    }
    return Draw(kept: tubes(kept), masked: tubes(masked))
  }
}
