import Torch

/// The cubes into which a clip is divided, each of which becomes a token ("tubelets").
///
/// Cubes are numbered by time, then row, then column, the column fastest; so are the pixels of a cube, each with its
/// channels.
public struct ClipCubes: Hashable, Sendable {
  /// The number of frames, the height and the width of a cube.
  public let extent: Extent3

  /// Cubes of this size.
  public init(_ extent: Extent3) { self.extent = extent }

  /// The number of pixels of a cube, in all its frames.
  public var pixels: Int { extent.time * extent.height * extent.width }

  /// The number of cubes along time, height and width in clips of shape [N, C, T, H, W]. Frames, rows and columns that do
  /// not fill a cube are left out.
  public func grid(of clips: [Int]) -> Extent3 {
    Extent3(clips[2] / extent.time, clips[3] / extent.height, clips[4] / extent.width)
  }

  /// The cubes of clips, in the clips' type: [N, C, T, H, W] to [N, cubes, pixels, C].
  public func cut(_ clips: Tensor) -> Tensor {
    divided(clips).reshaped([clips.shape[0], -1, pixels, clips.shape[1]])
  }

  /// The cubes of clips [N, C, T, H, W] at `places`, int64 [N, K], in the clips' type: [N, K, pixels, C]. Only these are copied.
  public func cut(_ clips: Tensor, at places: Tensor) -> Tensor {
    let grid = grid(of: clips.shape)
    let axes = [grid.time, grid.height, grid.width]
    let coordinates = axes.indices.map { axis in
      var shape = [1, 1, 1]
      shape[axis] = axes[axis]
      return Tensor.indices(axes[axis], device: clips.device)
        .reshaped(shape).expanded(axes).flattened().gathered([places])
    }
    let samples = Tensor.indices(clips.shape[0], device: clips.device).unsqueezed(1)
    return divided(clips).gathered([samples] + coordinates)
      .reshaped([clips.shape[0], -1, pixels, clips.shape[1]])
  }

  /// A view of the clips without what does not fill a cube: [N, the cube's time, row, column, the pixel's time, row, column, C].
  private func divided(_ clips: Tensor) -> Tensor {
    let grid = grid(of: clips.shape)
    let (count, channels) = (clips.shape[0], clips.shape[1])
    var whole = clips.permuted([0, 2, 3, 4, 1])
    for (axis, length) in [
      grid.time * extent.time, grid.height * extent.height, grid.width * extent.width,
    ].enumerated() where whole.shape[axis + 1] != length {
      whole = whole.sliced(axis + 1, 0..<length)
    }
    return whole.reshaped([
      count, grid.time, extent.time, grid.height, extent.height, grid.width, extent.width, channels,
    ]).permuted([0, 1, 3, 5, 2, 4, 6, 7])
  }

  /// The inverse of ``cut(_:)``: cubes [N, cubes, pixels, C] of a grid to clips [N, C, T, H, W].
  public func joined(_ cubes: Tensor, grid: Extent3) -> Tensor {
    let (count, channels) = (cubes.shape[0], cubes.shape[3])
    return cubes.reshaped([
      count, grid.time, grid.height, grid.width, extent.time, extent.height, extent.width, channels,
    ]).permuted([0, 7, 1, 4, 2, 5, 3, 6]).reshaped([
      count, channels, grid.time * extent.time, grid.height * extent.height,
      grid.width * extent.width,
    ])
  }
}
