import Torch

/// Detects steps whose loss or gradients are not finite, and suppresses their updates on the device, without waiting for
/// it.
///
/// If ``skips`` is false, the updates of all steps from the first such step on are suppressed, so that the network keeps
/// its state before that step until ``unread`` is read and the run ends.
final class NonFiniteSteps {
  /// True if such steps are skipped and counted; false if the first one ends the run.
  let skips: Bool
  private let parameters: [Module.Parameter]
  private let statistics: BufferSnapshot
  private let device: Device
  /// float32 [] on the device: the number of suppressed steps that have not been reported yet.
  private(set) var unread: Tensor

  init(of network: Module, skips: Bool, device: Device) {
    self.skips = skips
    self.device = device
    parameters = network.trainableParameters
    statistics = BufferSnapshot(of: network)
    unread = .zeros([], device: device)
  }

  /// Copies the running statistics before the batches of a step.
  func beginStep() { statistics.take() }

  /// Restores the running statistics that the batches of a step have changed.
  func undoStep() { statistics.restore() }

  /// Undoes a step if its loss or its gradients are not finite.
  ///
  /// - Parameters:
  ///   - lossIsNotFinite: float32 [], 0 if it is finite.
  ///   - lossScale: the scale of the loss, by which the gradients are divided, and which is chosen for the next step.
  /// - Returns: float32 [], 0 if the update may take place, otherwise 1.
  func judge(lossIsNotFinite: Tensor, lossScale: LossScale? = nil) -> Tensor {
    withoutGradients {
      var suppression = lossIsNotFinite
      if let gradients = nonFiniteGradients(of: parameters, dividingBy: lossScale?.factor) {
        suppression = suppression + gradients
        lossScale?.update(overflow: gradients)
      }
      if !skips { suppression = suppression + unread }
      suppression = suppression.clamped(0, 1)
      unread = unread + suppression
      if device == .cpu {
        if suppression.item != 0 { statistics.restore() }
      } else {
        statistics.restore(if: suppression)
      }
      return suppression
    }
  }

  /// Resets the count after the suppressed steps have been reported.
  func clear() { unread = .zeros([], device: device) }
}

/// A step whose loss, gradients or updated weights are not finite.
struct Diverged: Error {
  enum Number: String {
    case loss
    case gradient
    case weight
  }

  /// The number of the step, from 1.
  let step: Int
  let number: Number
  /// The names of the sources of its samples.
  let sources: [String]
}
