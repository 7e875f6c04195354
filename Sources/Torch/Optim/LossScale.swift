/// Scales the loss of a network that computes in float16, so that small gradients do not become zero (Micikevicius et al.
/// 2018, "Mixed Precision Training").
///
/// The scale begins at 2^16. It is halved after a step whose gradients overflow, which must be skipped, and doubled after
/// 2000 steps in a row without one, as PyTorch's `GradScaler` does. The device decides this without synchronization.
public final class LossScale {
  /// The factor of the loss, float32 [] on the network's device.
  public let factor: Tensor
  /// The number of steps in a row without an overflow, int32 [].
  private let steadySteps: Tensor

  /// A scale for parameters on `device`.
  public init(on device: Device) {
    factor = .full([], 65_536, device: device)
    steadySteps = .zeros([], dtype: .int32, device: device)
  }

  /// Chooses the scale of the next step.
  ///
  /// - Parameter overflow: float32 [] on the scale's device, 1 if the step's gradients were not finite, otherwise 0.
  public func update(overflow: Tensor) {
    withoutGradients {
      _ = Operators.updateLossScaleInPlace.tensors([
        .tensor(factor), .tensor(steadySteps), .tensor(overflow), .double(2), .double(0.5),
        .int(2000),
      ])
    }
  }

  /// The scale and its count of steps, for checkpoints.
  public var state: StateDictionary {
    StateDictionary([("factor", factor), ("steady_steps", steadySteps)])
  }
}
