import Torch

/// The supported networks: the paper's, and torchvision's so that its weights on Kinetics can be loaded.
public enum Architecture: String, Codable, CaseIterable, Sendable {
  /// R-2D3D of DPC and MemDPC: 2D convolutions up to conv3, 3D ones in conv4 and conv5.
  case r2d3d18 = "r2d3d-18"
  case r2d3d34 = "r2d3d-34"
  /// R(2+1)D of Tran et al. (2018): every 3D convolution split into a spatial and a temporal one.
  case r2plus1d10 = "r2plus1d-10"
  case r2plus1d18 = "r2plus1d-18"
  /// torchvision's r3d_18: 3D convolutions throughout.
  case r3d18 = "r3d-18"
  /// torchvision's mc3_18: 3D convolutions up to conv2, 2D ones from conv3 on.
  case mc318 = "mc3-18"
  /// torchvision's r2plus1d_18, whose factored convolutions have other channels between than the paper's.
  case torchvisionR2plus1d18 = "r2plus1d-18-torchvision"
  /// C3D with batch normalization, as the pretext tasks of VCOP, VCP and PRP use it.
  case c3d
}

extension Architecture {
  /// The network without a head, its weights drawn stage by stage.
  ///
  /// - Parameters:
  ///   - width: the number of channels of conv1: 64 in the papers and in torchvision.
  ///   - epsilon: batch normalization's; nil for ``defaultEpsilon``.
  ///   - generator: draws the weights; the network is made on its device.
  public func makeBackbone(width: Int = 64, epsilon: Double? = nil, using generator: Generator)
    -> Backbone
  {
    let epsilon = epsilon ?? defaultEpsilon
    func residual(_ plan: ResNetPlan) -> Backbone {
      VideoResNet(plan, width: width, epsilon: epsilon, using: generator)
    }
    return switch self {
    case .r2d3d18: residual(.r2d3d(blocks: [2, 2, 2, 2]))
    case .r2d3d34: residual(.r2d3d(blocks: [3, 4, 6, 3]))
    case .r2plus1d10: residual(.r2plus1d(blocks: 1))
    case .r2plus1d18: residual(.r2plus1d(blocks: 2))
    case .r3d18: residual(.r3d18)
    case .mc318: residual(.mc318)
    case .torchvisionR2plus1d18: residual(.torchvisionR2plus1d18)
    case .c3d: C3D(width: width, epsilon: epsilon, using: generator)
    }
  }

  /// The epsilon of the batch normalizations unless said otherwise: 1e-3 for residual networks, as in the recipes of the
  /// paper's authors; 1e-5 for C3D, as in its own.
  public var defaultEpsilon: Double { self == .c3d ? 1e-5 : 1e-3 }

  /// The smallest clip of which the network leaves anything.
  public var minimalClip: Extent3 { makeBackbone(width: 1, using: .meta).minimalClip }

  /// The latest stage whose maps of clips of that size are at least 4 x 4, fine enough to point at something; conv1 if
  /// none are.
  public func latestStage(frames: Int, height: Int, width: Int) -> StageName {
    let shapes = makeBackbone(width: 1, using: .meta).stageShapes([1, 3, frames, height, width])
    return Array(zip(StageName.allCases, shapes)).last { $1[3] >= 4 && $1[4] >= 4 }?.0 ?? .conv1
  }
}
