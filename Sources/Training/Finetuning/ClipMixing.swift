// Mixup: Zhang et al., "mixup: Beyond Empirical Risk Minimization" (ICLR 2018).
// CutMix: Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers" (ICCV 2019).

import KeyedRandom
import Torch

/// Mixes the clips of a batch, and their classes, with those of the reversed batch: by Mixup or CutMix, or by either at
/// random for each batch.
package struct ClipMixing {
  /// The parameter of the beta distribution of Mixup's shares; nil for no Mixup.
  package let mixup: Double?
  /// The parameter of the beta distribution of the shares of the area that CutMix keeps; nil for no CutMix.
  package let cutmix: Double?

  /// Mixing by these parameters; nil for none.
  package init(mixup: Double?, cutmix: Double?) { (self.mixup, self.cutmix) = (mixup, cutmix) }

  /// How a batch is mixed.
  package enum Draw: Equatable {
    /// Every pixel is this share of its own clip, the rest of the other one.
    case mixup(share: Double)
    /// A rectangle of every frame is that of the other clip. Rows and columns are in pixels, and may be empty.
    case cutmix(rows: Range<Int>, columns: Range<Int>)
  }

  /// Draws how a batch of frames of `height` x `width` pixels is mixed; nil if mixing is off.
  package func draw(height: Int, width: Int, using generator: inout KeyedGenerator) -> Draw? {
    let chosen: (alpha: Double, isMixup: Bool)
    switch (mixup, cutmix) {
    case (nil, nil): return nil
    case (let alpha?, nil): chosen = (alpha, true)
    case (nil, let alpha?): chosen = (alpha, false)
    case (let mixup?, let cutmix?):
      chosen = generator.chance(0.5) ? (mixup, true) : (cutmix, false)
    }
    let share = generator.beta(chosen.alpha)
    guard !chosen.isMixup else { return .mixup(share: share) }
    /// A part of a side around a uniformly random pixel, cut at the edges.
    func part(_ side: Int) -> Range<Int> {
      let length = Int(Double(side) * (1 - share).squareRoot())
      let start = generator.integer(below: side) - length / 2
      return max(start, 0)..<min(start + length, side)
    }
    let rows = part(height)
    return .cutmix(rows: rows, columns: part(width))
  }

  /// The share that a clip keeps of itself: for CutMix that of the pixels outside the rectangle.
  package static func share(_ draw: Draw, height: Int, width: Int) -> Double {
    switch draw {
    case .mixup(let share): share
    case .cutmix(let rows, let columns):
      1 - Double(rows.count * columns.count) / Double(height * width)
    }
  }

  /// The mixed clips and the distributions of their classes.
  ///
  /// - Parameters:
  ///   - clips: float32 [B, 3, N, H, W], changed by CutMix.
  ///   - targets: float32 [B, classes].
  package static func apply(_ draw: Draw, to clips: Tensor, _ targets: Tensor) -> (
    clips: Tensor, targets: Tensor
  ) {
    let shape = clips.shape
    let share = share(draw, height: shape[3], width: shape[4])
    let mixedTargets = targets * share + targets.flipped([0]) * (1 - share)
    switch draw {
    case .mixup: return (clips * share + clips.flipped([0]) * (1 - share), mixedTargets)
    case .cutmix(let rows, let columns):
      let part = clips.sliced(3, rows).sliced(4, columns)
      part.copy(from: part.flipped([0]))
      return (clips, mixedTargets)
    }
  }

  /// The distributions of classes for labels.
  ///
  /// - Parameters:
  ///   - labels: int64 [B].
  ///   - smoothing: the share that is spread over all classes.
  /// - Returns: float32 [B, classes]; each row sums to 1.
  package static func targets(_ labels: Tensor, classes: Int, smoothing: Double) -> Tensor {
    let isLabel = labels.unsqueezed(1)
      .equal(to: Tensor.indices(classes, device: labels.device).unsqueezed(0))
    return isLabel.to(.float32) * (1 - smoothing) + smoothing / Double(classes)
  }
}
