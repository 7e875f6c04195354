extension Tensor {
  /// Resizes a tensor [N, C, T, H, W] to other sizes of T, H and W by trilinear interpolation between the centers of its
  /// cells. Beyond the outermost centers it is constant. (PyTorch's `align_corners=False`.)
  public func resizedTrilinearly(to extents: Extent3) -> Tensor {
    Operators.upsampleTrilinear3d(.tensor(self), .ints(extents.array), .bool(false))
  }
}
