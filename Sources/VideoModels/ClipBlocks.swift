import Torch

/// Blocks of clips: DPC's and MemDPC's fine-tuning encodes several short ones instead of a long clip.
extension Tensor {
  /// Clips or maps [N, C, T, H, W] divided in time into `count` blocks, those of a clip one after another: [N * count, C,
  /// T / count, H, W]. T is a multiple of `count`.
  func divided(intoBlocks count: Int) -> Tensor {
    guard count > 1 else { return self }
    let shape = shape
    precondition(shape[2] % count == 0, "\(shape[2]) frames are not \(count) blocks")
    return reshaped([shape[0], shape[1], count, shape[2] / count, shape[3], shape[4]])
      .permuted([0, 2, 1, 3, 4, 5]).flattened(from: 0, through: 1)
  }

  /// The inverse of ``divided(intoBlocks:)``: [N * count, C, t, H, W] to [N, C, count * t, H, W].
  func joined(fromBlocks count: Int) -> Tensor {
    guard count > 1 else { return self }
    let shape = shape
    return reshaped([shape[0] / count, count, shape[1], shape[2], shape[3], shape[4]])
      .permuted([0, 2, 1, 3, 4, 5])
      .reshaped([shape[0] / count, shape[1], count * shape[2], shape[3], shape[4]])
  }
}
