extension Tensor {
  /// Transforms pictures [M, C, H, W] with affine maps and bilinear interpolation; returns [M, C, height, width]. Pixels
  /// outside a picture are 0, or those of its mirror image.
  ///
  /// - Parameters:
  ///   - maps: a map for each picture, the rows of a 2 x 3 matrix, from positions in the result to positions in the
  ///     picture. Both range from -1 to 1, with x to the right before y downward.
  ///   - height: the height of the result in pixels.
  ///   - width: the width of the result in pixels.
  ///   - isMirrored: true if a picture is mirrored beyond its borders.
  public func sampled(by maps: [[Float]], height: Int, width: Int, isMirrored: Bool = false)
    -> Tensor
  {
    let shape = shape
    precondition(
      maps.count == shape[0] && maps.allSatisfy { $0.count == 6 },
      "\(maps.count) affine maps for \(shape[0]) pictures")
    let grid = Operators.affineGrid(
      .tensor(Tensor(maps.flatMap { $0 }, shape: [maps.count, 2, 3]).to(device)),
      .ints([maps.count, shape[1], height, width]), .bool(false))
    // Bilinear interpolation (0), zeros outside (0).
    return isMirrored
      ? sampled(at: grid)
      : Operators.gridSample2d(.tensor(self), .tensor(grid), .int(0), .int(0), .bool(false))
  }

  /// Samples pictures [M, C, H, W] at positions with bilinear interpolation; returns [M, C, height, width]. Beyond its borders a
  /// picture is mirrored.
  ///
  /// - Parameter positions: float [M, height, width, 2], x before y. Both range from -1 to 1 between a picture's edges.
  public func sampled(at positions: Tensor) -> Tensor {
    precondition(
      rank == 4 && positions.rank == 4 && positions.shape[0] == shape[0] && positions.shape[3] == 2,
      "positions \(positions.shape) in pictures \(shape)")
    // Bilinear interpolation (0), reflection outside (2).
    return Operators.gridSample2d(
      .tensor(self), .tensor(positions), .int(0), .int(2), .bool(false))
  }
}

extension Operators {
  fileprivate static let affineGrid = Operator("affine_grid_generator")
  fileprivate static let gridSample2d = Operator("grid_sampler_2d")
}
