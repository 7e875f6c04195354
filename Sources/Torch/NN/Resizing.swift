extension Tensor {
  /// The tensor [N, C, T, H, W] at other extents, trilinearly between the centers of its cells; beyond the outermost
  /// ones it is constant. (PyTorch's `align_corners=False`.)
  public func resizedTrilinearly(to extents: Extent3) -> Tensor {
    Operators.upsampleTrilinear3d(.tensor(self), .ints(extents.array), .bool(false))
  }
}
