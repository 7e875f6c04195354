import Torch

/// The video networks of the paper.
public enum Architecture: String, Codable, CaseIterable, Sendable {
  /// R-2D3D of DPC and MemDPC: 2D convolutions up to conv3, 3D ones in conv4 and conv5.
  case r2d3d18 = "r2d3d-18"
  case r2d3d34 = "r2d3d-34"
  /// R(2+1)D of Tran et al. (2018): every 3D convolution split into a spatial and a temporal one.
  case r2plus1d10 = "r2plus1d-10"
  case r2plus1d18 = "r2plus1d-18"
}

/// What a residual video network is made of.
public struct ResNetPlan: Sendable {
  /// One of the stages conv2 to conv5.
  public struct Stage: Sendable {
    /// The kernel of every convolution of the stage.
    public var kernel: Extent3
    /// The stride of the stage's first block.
    public var stride: Extent3
    /// The channels as a multiple of the network's width.
    public var widthFactor: Int
    public var blocks: Int
  }

  /// The kernel of conv1; its stride is 1 in time and 2 in space.
  public var stemKernel: Extent3
  /// True where a max-pooling of 1x3x3 at stride 1x2x2 ends conv1.
  public var poolsStem: Bool
  public var convolution: ConvolutionKind
  /// conv2 to conv5.
  public var stages: [Stage]
}

/// How a convolution of a kernel is built.
public enum ConvolutionKind: Sendable {
  /// One convolution of the whole kernel.
  case full
  /// A spatial convolution 1 x k x k, normalization and ReLU, then a temporal one k x 1 x 1; the channels between
  /// keep the number of parameters of the whole kernel.
  case factored
}

extension Architecture {
  public var plan: ResNetPlan {
    let halving = Extent3(2, 2, 2)
    let cube = Extent3(3, 3, 3)
    let square = Extent3(1, 3, 3)
    switch self {
    case .r2d3d18, .r2d3d34:
      let blocks = self == .r2d3d18 ? [2, 2, 2, 2] : [3, 4, 6, 3]
      return ResNetPlan(
        stemKernel: Extent3(1, 7, 7), poolsStem: true, convolution: .full,
        stages: [
          .init(kernel: square, stride: .one, widthFactor: 1, blocks: blocks[0]),
          .init(kernel: square, stride: Extent3(1, 2, 2), widthFactor: 2, blocks: blocks[1]),
          .init(kernel: cube, stride: halving, widthFactor: 4, blocks: blocks[2]),
          .init(kernel: cube, stride: halving, widthFactor: 4, blocks: blocks[3]),
        ])
    case .r2plus1d10, .r2plus1d18:
      let blocks = self == .r2plus1d10 ? 1 : 2
      return ResNetPlan(
        stemKernel: Extent3(3, 7, 7), poolsStem: false, convolution: .factored,
        stages: [
          .init(kernel: cube, stride: .one, widthFactor: 1, blocks: blocks),
          .init(kernel: cube, stride: halving, widthFactor: 2, blocks: blocks),
          .init(kernel: cube, stride: halving, widthFactor: 4, blocks: blocks),
          .init(kernel: cube, stride: halving, widthFactor: 8, blocks: blocks),
        ])
    }
  }
}
