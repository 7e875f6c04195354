import Torch

/// A copy of the tensors that a forward pass changes, such as running statistics, for undoing a step that is skipped.
struct BufferSnapshot {
  private let buffers: [Tensor]
  private let copies: [Tensor]

  init(of network: Module) {
    buffers = network.buffers.map(\.tensor)
    copies = buffers.map { $0.detached().clone() }
  }

  /// Copies the current values.
  func take() { copy(buffers, to: copies) }

  /// Restores the copied values.
  func restore() { copy(copies, to: buffers) }

  /// Restores them on the device unless `flag`, float32 [], is 0.
  func restore(if flag: Tensor) {
    withoutGradients {
      let isSet = flag.equal(to: 0).logicalNot()
      for (copy, buffer) in zip(copies, buffers) { buffer.copy(from: isSet.choose(copy, buffer)) }
    }
  }

  private func copy(_ sources: [Tensor], to targets: [Tensor]) {
    withoutGradients {
      for (source, target) in zip(sources, targets) { target.copy(from: source) }
    }
  }
}
