import VideoModels

/// For whose program a file of weights is made.
public enum WeightsConvention: String, CaseIterable, Sendable {
  /// For mosi: the authors' names, and nothing changed.
  case mosi
  /// For the authors' code: a .pth is a checkpoint with `model_state`.
  case released
  /// For torchvision's VideoResNet.
  case torchvision

  /// How the tensors are named.
  public var names: StateNames { self == .torchvision ? .torchvision : .released }

  /// The epsilon of the batch normalizations in that program's networks; nil where it takes any.
  public var epsilon: Double? { self == .mosi ? nil : names.epsilon }

  /// The programs that know an architecture.
  public static func all(for architecture: Architecture) -> [WeightsConvention] {
    allCases.filter { $0.knows(architecture) }
  }

  private func knows(_ architecture: Architecture) -> Bool {
    let isTorchvisions = StateNames.torchvision.exist(for: architecture)
    return switch self {
    case .mosi: true
    case .released: !isTorchvisions
    case .torchvision: isTorchvisions
    }
  }
}
