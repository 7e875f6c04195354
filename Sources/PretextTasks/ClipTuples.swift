import KeyedRandom
import Pretext
import Torch
import VideoSamples

/// Tuples of K clips with one label each.
public struct ClipTuples {
  /// The normalized clips, float32 [M * K, 3, N, H, W]; those of a tuple follow each other.
  public let clips: Tensor
  /// The labels, int64 [M].
  public let labels: Tensor

  /// Tuples with these clips and labels.
  public init(clips: Tensor, labels: Tensor) {
    self.clips = clips
    self.labels = labels
  }
}

/// The orders of `count` things, in lexicographic order: a class is an index in this list. The i-th entry of an order is the
/// original place of what is shown at position i.
func orders(of count: Int) -> [[Int]] {
  guard count > 0 else { return [[]] }
  return (0..<count).flatMap { first in
    orders(of: count - 1).map { rest in [first] + rest.map { $0 < first ? $0 : $0 + 1 } }
  }
}

/// An order as people count: [0, 2, 1] is "1 3 2".
func orderName(_ order: [Int]) -> String { order.map { "\($0 + 1)" }.joined(separator: " ") }

extension ColorJitter {
  /// Jitters clips, float32 [M, N, 3, H, W] in 0...1: all frames of a clip alike, each clip of a sample on its own. The draws
  /// are made from the generators of the samples, which are M / count.
  func applied(
    to clips: Tensor, clipsPerSample count: Int, using generators: inout [KeyedGenerator]
  ) -> Tensor {
    guard self != .none else { return clips }
    let frames = clips.shape[1]
    let draws = generators.indices.flatMap { sample in
      (0..<count).map { _ in drawClipWise(frames: frames, using: &generators[sample]) }
    }
    return Self.apply(draws, to: clips)
  }
}

extension CropRule {
  /// A square window: at a random position in training, in the center in validation.
  static func window(_ side: Int, shortSide: Int, for purpose: Purpose) -> CropRule {
    purpose.isTraining
      ? .randomWindow(height: side, width: side, shortSide: shortSide)
      : .centerWindow(height: side, width: side, shortSide: shortSide)
  }
}
