/// One of torchvision's operations on the colors of a frame.
public enum ColorOperation: Int, CaseIterable, Sendable {
  /// The operations, in the order of torchvision.
  case brightness, contrast, saturation, hue
}

/// The changes to the colors of a frame.
public struct ColorChange: Sendable {
  /// True if the frame is made gray before everything else.
  public var isGray: Bool
  /// The operations in order, each with its factor (for hue: shift, as a fraction of the color circle).
  public var operations: [(operation: ColorOperation, factor: Double)]

  /// These changes.
  public init(isGray: Bool, operations: [(operation: ColorOperation, factor: Double)]) {
    self.isGray = isGray
    self.operations = operations
  }
}

extension Tensor {
  /// Frames with other colors, computed in one pass and another one for each contrast, without a gradient.
  ///
  /// The receiver is uint8 or, in 0...1, float32 [F, 3, H, W], with a change for each of the F frames. The result is
  /// float32 [F, 3, H, W] in 0...1. A frame does not depend on the others, or on the number of threads.
  public func changingColors(_ changes: [ColorChange]) -> Tensor {
    let places = changes.map(\.operations.count).max() ?? 0
    var operations: [Int] = []
    var factors: [Float] = []
    for change in changes {
      let unused = places - change.operations.count
      operations += change.operations.map(\.operation.rawValue)
      operations += repeatElement(-1, count: unused)
      factors += change.operations.map { Float($0.factor) }
      factors += repeatElement(0, count: unused)
    }
    let shape = [changes.count, places]
    return Operators.colorJitter(
      .tensor(self), .tensor(Tensor(changes.map(\.isGray), shape: [changes.count]).to(device)),
      .tensor(Tensor(operations, shape: shape).to(device)),
      .tensor(Tensor(factors, shape: shape).to(device)))
  }

  /// Frames with each color times its scale plus its shift, as clips with channels last in memory, computed in one pass. Only
  /// on the CPU, and without a gradient.
  ///
  /// The receiver is float32 [M, N, 3, H, W], scale and shift are float32 with 3 elements, the result is [M, 3, N, H, W].
  public func normalizedClips(scale: Tensor, shift: Tensor) -> Tensor {
    Operators.normalizeClips(.tensor(self), .tensor(scale), .tensor(shift))
  }
}
