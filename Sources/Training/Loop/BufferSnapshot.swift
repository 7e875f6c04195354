import Torch

/// A copy of the tensors that a forward pass changes, such as running statistics, to undo a step that is not taken.
struct BufferSnapshot {
  private let buffers: [Tensor]
  private let copies: [Tensor]

  init(of network: Module) {
    buffers = network.buffers.map(\.tensor)
    copies = buffers.map { $0.detached().clone() }
  }

  /// Copies the tensors as they are.
  func take() { copy(buffers, to: copies) }

  /// Sets the tensors to what they were when the copy was taken.
  func restore() { copy(copies, to: buffers) }

  private func copy(_ sources: [Tensor], to targets: [Tensor]) {
    withoutGradients {
      for (source, target) in zip(sources, targets) { target.copy(from: source) }
    }
  }
}
