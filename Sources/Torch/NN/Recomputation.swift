import CTorch

extension Layer {
  /// The output for `input` as ``callAsFunction(_:)`` computes it, of which autograd keeps only the input: the backward pass
  /// computes everything in between again (activation checkpointing). It takes a second forward pass and less memory;
  /// outputs, gradients, running statistics and random numbers are the same.
  ///
  /// The layer must depend on no tensors that require a gradient except the input and its own parameters.
  public final func recomputed(_ input: Tensor) -> Tensor {
    let parameters = trainableParameters.map(\.tensor)
    guard isTraining, isRecordingGradients, input.device != .meta,
      input.requiresGradient || !parameters.isEmpty
    else { return self(input) }
    let computation = Computation(of: self, on: input.device)
    var output: ct_tensor?
    withExtendedLifetime((input, parameters)) {
      let handles = parameters.map { Optional($0.handle) }
      mustSucceed(
        "recomputed",
        ct_recomputed(
          computation.cValue, input.handle, handles, Int32(handles.count), &output))
    }
    return Tensor(owning: output!)
  }
}

/// The forward pass of a layer, with what its results depend on besides its tensors.
private final class Computation {
  private let layer: Layer
  private let convolutions: Runtime.Convolutions
  private let autocast: DType?
  private let device: Device
  private let randomState: Tensor?

  init(of layer: Layer, on device: Device) {
    (self.layer, self.device) = (layer, device)
    convolutions = Runtime.convolutions
    autocast = autocastType(on: device)
    randomState = layer.generator?.state
  }

  func output(_ input: Tensor, again: Bool) -> Tensor {
    guard again else { return layer(input) }
    return Recomputation.$isActive.withValue(true) {
      let generator = layer.generator
      let now = generator?.state
      if let randomState { generator?.state = randomState }
      defer { if let now { generator?.state = now } }
      return Runtime.withConvolutions(convolutions) {
        withAutocast(autocast, on: device) { layer(input) }
      }
    }
  }

  /// For C, which owns a reference to this object.
  var cValue: ct_computation {
    ct_computation(
      context: Unmanaged.passRetained(self).toOpaque(),
      compute: { context, input, again in
        let computation = Unmanaged<Computation>.fromOpaque(context!).takeUnretainedValue()
        let output = computation.output(Tensor(owning: input!), again: again)
        return withExtendedLifetime(output) { ct_tensor_share(output.handle) }
      },
      release: { Unmanaged<Computation>.fromOpaque($0!).release() })
  }
}

/// Whether a forward pass repeats an earlier one for its gradients.
enum Recomputation {
  /// True if it does: running statistics then contain its batch already.
  @TaskLocal static var isActive = false
}
