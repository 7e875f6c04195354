import CTorch

/// A random number generator on a device. Every random operation draws from a generator that the caller passes:
/// generators are independent of each other and of threads.
///
/// Equal seeds give equal numbers on the same kind of device; on the CPU those of `torch.Generator().manual_seed(seed)`.
/// A generator on ``Device/meta`` draws nothing; it is for networks that are only measured.
public final class Generator {
  /// The device of the tensors that it fills.
  public let device: Device
  /// libtorch's generator; nil for the meta device.
  let handle: ct_generator?

  /// Makes a generator. Traps if the device does not exist.
  public init(seed: UInt64, device: Device = .cpu) {
    self.device = device
    guard device != .meta else {
      handle = nil
      return
    }
    var made: ct_generator?
    mustSucceed("Generator(\(device))", ct_generator_create(device.cValue, seed, &made))
    handle = made
  }

  deinit {
    if let handle { ct_generator_release(handle) }
  }

  /// A generator that draws nothing, for networks on the meta device.
  public static var meta: Generator { Generator(seed: 0, device: .meta) }

  /// The state, which determines the numbers to come. A generator on the meta device has none, and setting it changes nothing.
  var state: Tensor {
    get {
      guard let handle else { return .zeros([0]) }
      return withExtendedLifetime(self) {
        var state: ct_tensor?
        mustSucceed("state", ct_generator_state(handle, &state))
        return Tensor(owning: state!)
      }
    }
    set {
      guard let handle else { return }
      withExtendedLifetime((self, newValue)) {
        mustSucceed("state", ct_generator_set_state(handle, newValue.handle))
      }
    }
  }

  /// Restarts the generator with a seed. It then draws the numbers of a new generator with this seed.
  public func seed(_ seed: UInt64) {
    guard let handle else { return }
    withExtendedLifetime(self) { mustSucceed("seed", ct_generator_seed(handle, seed)) }
  }
}
