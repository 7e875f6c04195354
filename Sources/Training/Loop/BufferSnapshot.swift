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

  /// The same on the device, unless `flag`, float32 [], is 0.
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
