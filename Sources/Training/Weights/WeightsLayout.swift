import VideoModels

/// The program that a file of weights is made for.
public enum WeightsLayout: String, CaseIterable, Sendable {
  /// mosi, with its own names and unchanged numbers.
  case mosi
  /// The code of the paper's authors: a .pth file is a checkpoint with `model_state`.
  case authors
  /// torchvision's VideoResNet.
  case torchvision
  /// VCOP's C3D, R3D and R(2+1)D.
  case vcop
  /// VideoMAE's vision transformers.
  case videomae

  /// The layout named `name`, which may be a former name from older files and scripts.
  public init?(named name: String) {
    self.init(rawValue: name == "released" ? Self.authors.rawValue : name)
  }

  /// The layout of the tensors' names.
  public var names: StateNames {
    switch self {
    case .mosi, .authors: .mosi
    case .torchvision: .torchvision
    case .vcop: .vcop
    case .videomae: .videomae
    }
  }

  /// The epsilon of the normalizations in that program's networks; nil if it accepts any.
  public func epsilon(of architecture: Architecture) -> Double? {
    self == .mosi ? nil : names.epsilon(of: architecture)
  }

  /// The positions of tokens in that program's networks; nil if it accepts any, or for networks without tokens.
  public func positions(of architecture: Architecture) -> TokenPositions.Scheme? {
    self == .mosi ? nil : names.positions(of: architecture)
  }

  /// The layouts of the programs that have this architecture.
  public static func all(for architecture: Architecture) -> [WeightsLayout] {
    allCases.filter { $0.supports(architecture) }
  }

  private func supports(_ architecture: Architecture) -> Bool {
    switch self {
    case .mosi, .torchvision, .vcop, .videomae: names.supports(architecture)
    case .authors: [.r2d3d18, .r2d3d34, .r2plus1d10, .r2plus1d18].contains(architecture)
    }
  }
}
