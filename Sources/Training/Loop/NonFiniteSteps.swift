import Torch

/// The steps whose loss or gradients are not finite. Their updates are suppressed on the device, which nothing waits for.
///
/// Without ``skips`` the updates of all steps from the first such step on are suppressed, so that the network stays as it was
/// before it until somebody reads ``unread`` and ends the run.
final class NonFiniteSteps {
  /// Whether such steps are left out and counted; else the first one ends the run.
  let skips: Bool
  private let parameters: [Module.Parameter]
  private let statistics: BufferSnapshot
  private let device: Device
  /// float32 [] on the device: the number of suppressed steps that nobody has been told of.
  private(set) var unread: Tensor

  init(of network: Module, skips: Bool, device: Device) {
    self.skips = skips
    self.device = device
    parameters = network.trainableParameters
    statistics = BufferSnapshot(of: network)
    unread = .zeros([], device: device)
  }

  /// Notes the running statistics before the batches of a step.
  func beginStep() { statistics.take() }

  /// Undoes what the batches of a step have changed: the running statistics.
  func undoStep() { statistics.restore() }

  /// Judges a step by its loss and its gradients; if they are not finite, undoes it.
  ///
  /// - Parameter lossIsNotFinite: float32 [], 0 if it is finite.
  /// - Returns: float32 [], 0 if the update may take place.
  func judge(lossIsNotFinite: Tensor) -> Tensor {
    withoutGradients {
      var suppression = lossIsNotFinite
      if let gradients = nonFiniteGradients(of: parameters) {
        suppression = suppression + gradients
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

  /// Forgets the steps that somebody has been told of.
  func clear() { unread = .zeros([], device: device) }
}

/// A step whose loss or gradients, or whose update, are not finite.
struct Diverged: Error {
  enum Number: String {
    case loss
    case gradient
    case weight
  }

  /// From 1.
  let step: Int
  let number: Number
  /// The names of the sources of its samples.
  let sources: [String]
}
