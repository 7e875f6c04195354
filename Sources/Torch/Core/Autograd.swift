import CTorch

extension Tensor {
  /// True if autograd records operations on this tensor. Setting it requires a leaf.
  public var requiresGradient: Bool {
    get { described(\.requires_grad) }
    set {
      withExtendedLifetime(self) {
        mustSucceed("requiresGradient", ct_tensor_set_requires_grad(handle, newValue))
      }
    }
  }

  /// The gradient that ``backward(_:keepingGraph:)`` has accumulated in this leaf, in the leaf's shape; nil if there is
  /// none. Setting it to nil clears it.
  public var gradient: Tensor? {
    get {
      withExtendedLifetime(self) {
        var result: ct_tensor?
        mustSucceed("gradient", ct_tensor_grad(handle, &result))
        return result.map(Tensor.init(owning:))
      }
    }
    set {
      withExtendedLifetime((self, newValue)) {
        mustSucceed("gradient", ct_tensor_set_grad(handle, newValue?.handle))
      }
    }
  }

  /// Adds the derivative of this tensor to the gradient of every leaf that it was computed from. The tensor must be a
  /// single number, unless `gradient`, in the tensor's shape, weights its elements.
  public func backward(_ gradient: Tensor? = nil, keepingGraph: Bool = false) {
    withExtendedLifetime((self, gradient)) {
      mustSucceed("backward", ct_backward(handle, gradient?.handle, keepingGraph))
    }
  }

  /// The derivatives of this tensor, a single number, with respect to `inputs`, each in its input's shape; nil for an
  /// input on which the tensor does not depend.
  public func gradients(by inputs: [Tensor], keepingGraph: Bool = false) -> [Tensor?] {
    var results = [ct_tensor?](repeating: nil, count: inputs.count)
    withExtendedLifetime((self, inputs)) {
      let outputs: [ct_tensor?] = [handle]
      let weights: [ct_tensor?] = [nil]
      let handles = inputs.map { Optional($0.handle) }
      mustSucceed(
        "gradients",
        ct_grad(outputs, weights, 1, handles, Int32(handles.count), keepingGraph, &results))
    }
    return results.map { $0.map(Tensor.init(owning:)) }
  }

  /// The same elements and shape, detached from what autograd has recorded.
  public func detached() -> Tensor { Operators.detach(.tensor(self)) }

  /// Makes this tensor hold the elements of `source`, with its shape, device and type. Autograd does not record it. A
  /// module's parameters move to a device this way and keep their identity.
  public func setData(_ source: Tensor) {
    withExtendedLifetime((self, source)) {
      mustSucceed("setData", ct_tensor_set_data(handle, source.handle))
    }
  }
}

/// Runs `body` without recording anything for autograd on this thread.
public func withoutGradients<Result>(_ body: () throws -> Result) rethrows -> Result {
  try withGradientMode(false, body)
}

/// Runs `body` with autograd recording on this thread, even inside ``withoutGradients(_:)``.
public func withGradients<Result>(_ body: () throws -> Result) rethrows -> Result {
  try withGradientMode(true, body)
}

/// True if autograd records on this thread.
var isRecordingGradients: Bool { ct_grad_mode() }

private func withGradientMode<Result>(_ isRecording: Bool, _ body: () throws -> Result) rethrows
  -> Result
{
  let previous = ct_grad_mode()
  ct_set_grad_mode(isRecording)
  defer { ct_set_grad_mode(previous) }
  return try body()
}

/// Runs `body` with convolutions and matrix products on `device` computed in `dtype` (bfloat16, float16) and the rest in float32,
/// like PyTorch's autocast; nil changes nothing. Rethrows errors of `body`.
public func withAutocast<Result>(_ dtype: DType?, on device: Device, _ body: () throws -> Result)
  rethrows -> Result
{
  guard let dtype else { return try body() }
  let type = device.isCUDA ? CT_DEVICE_CUDA : CT_DEVICE_CPU
  var enabled = false
  var previous: Int32 = 0
  mustSucceed("autocast", ct_autocast(type, &enabled, &previous))
  mustSucceed("autocast", ct_set_autocast(type, true, dtype.rawValue))
  // Discard weights that an outer body converted to another type.
  mustSucceed("autocast", ct_clear_autocast_cache())
  defer {
    mustSucceed("autocast", ct_set_autocast(type, enabled, previous))
    mustSucceed("autocast", ct_clear_autocast_cache())
  }
  return try body()
}

/// Runs `body` with the types that its tensors have, also within ``withAutocast(_:on:_:)`` on `device`. Rethrows errors of
/// `body`.
public func withoutAutocast<Result>(on device: Device, _ body: () throws -> Result) rethrows
  -> Result
{
  let type = device.isCUDA ? CT_DEVICE_CUDA : CT_DEVICE_CPU
  var enabled = false
  var dtype: Int32 = 0
  mustSucceed("autocast", ct_autocast(type, &enabled, &dtype))
  guard enabled else { return try body() }
  mustSucceed("autocast", ct_set_autocast(type, false, dtype))
  defer { mustSucceed("autocast", ct_set_autocast(type, true, dtype)) }
  return try body()
}

/// True within ``withAutocast(_:on:_:)`` on `device`.
func isAutocasting(on device: Device) -> Bool { autocastType(on: device) != nil }

/// The type of the innermost ``withAutocast(_:on:_:)`` on `device`; nil outside.
func autocastType(on device: Device) -> DType? {
  var enabled = false
  var dtype: Int32 = 0
  mustSucceed(
    "autocast",
    ct_autocast(device.isCUDA ? CT_DEVICE_CUDA : CT_DEVICE_CPU, &enabled, &dtype))
  return enabled ? DType(rawValue: dtype) : nil
}
