import Torch

/// Gradients over the processes of a training: those of all batches of a step, whoever computes them.
struct GradientExchange {
  private let reducer: GradientReducer?

  /// - Throws: `PeerFailure`.
  init(of network: Module, over processes: Processes) throws {
    reducer = try processes.group.map {
      try GradientReducer(of: network.trainableParameters.map(\.tensor), over: $0)
    }
  }

  /// Adds the derivative of `loss` to the gradients; with the last batch of a step, also those of the other processes.
  ///
  /// - Throws: `PeerFailure`.
  func backward(_ loss: Tensor, isLastOfStep: Bool) throws {
    if let reducer {
      try reducer.backward(loss, reduces: isLastOfStep)
    } else {
      loss.backward()
    }
  }
}
