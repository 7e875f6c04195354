extension Tensor {
  /// Pictures [M, C, H, W] sampled bilinearly at the places to which affine maps send the pixels of the result: [M, C, height,
  /// width]. Beyond its edges a picture is 0.
  ///
  /// - Parameters:
  ///   - maps: one for each picture, the rows of a 2 x 3 matrix, from the result to the picture; both extend from -1 to 1,
  ///     x to the right before y downwards.
  ///   - height: of the result, in pixels.
  ///   - width: of the result, in pixels.
  public func sampled(by maps: [[Float]], height: Int, width: Int) -> Tensor {
    let shape = shape
    precondition(
      maps.count == shape[0] && maps.allSatisfy { $0.count == 6 },
      "\(maps.count) affine maps for \(shape[0]) pictures")
    let grid = Operators.affineGrid(
      .tensor(Tensor(maps.flatMap { $0 }, shape: [maps.count, 2, 3]).to(device)),
      .ints([maps.count, shape[1], height, width]), .bool(false))
    // Bilinear, zeros outside.
    return Operators.gridSample2d(.tensor(self), .tensor(grid), .int(0), .int(0), .bool(false))
  }
}

extension Operators {
  fileprivate static let affineGrid = Operator("affine_grid_generator")
  fileprivate static let gridSample2d = Operator("grid_sampler_2d")
}
