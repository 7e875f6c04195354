import VideoModels

/// For whose program a file of weights is made.
public enum WeightsLayout: String, CaseIterable, Sendable {
  /// For mosi: its own names, and nothing changed.
  case mosi
  /// For the code of the paper's authors: a .pth is a checkpoint with `model_state`.
  case authors
  /// For torchvision's VideoResNet.
  case torchvision
  /// For VCOP's C3D.
  case vcop

  /// The layout of that name, which files and scripts from before a renaming may have.
  public init?(named name: String) {
    self.init(rawValue: name == "released" ? Self.authors.rawValue : name)
  }

  /// How the tensors are named.
  public var names: StateNames {
    switch self {
    case .mosi, .authors: .mosi
    case .torchvision: .torchvision
    case .vcop: .vcop
    }
  }

  /// The epsilon of the batch normalizations of that program's networks; nil if it takes any.
  public func epsilon(of architecture: Architecture) -> Double? {
    self == .mosi ? nil : names.epsilon(of: architecture)
  }

  /// The layouts of the programs that have an architecture.
  public static func all(for architecture: Architecture) -> [WeightsLayout] {
    allCases.filter { $0.supports(architecture) }
  }

  private func supports(_ architecture: Architecture) -> Bool {
    switch self {
    case .mosi, .torchvision, .vcop: names.supports(architecture)
    case .authors: [.r2d3d18, .r2d3d34, .r2plus1d10, .r2plus1d18].contains(architecture)
    }
  }
}
