import CTorch

/// A source of random numbers on a device. Whatever is drawn is drawn from one of these, which the caller names: two
/// generators never take each other's numbers, whatever threads do.
///
/// Equal seeds draw equal numbers on equal devices: on the CPU those of `torch.Generator().manual_seed(seed)`. A
/// generator on ``Device/meta`` draws nothing; networks that are only measured are made with it.
public final class Generator {
  /// Where it draws, and where the tensors are that it fills.
  public let device: Device
  /// libtorch's generator; nil on the device meta.
  let handle: ct_generator?

  /// Traps if there is no such device.
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

  /// A generator that draws nothing, for networks on the device meta.
  public static var meta: Generator { Generator(seed: 0, device: .meta) }

  /// From here on draws what a new generator of this seed draws.
  public func seed(_ seed: UInt64) {
    guard let handle else { return }
    withExtendedLifetime(self) { mustSucceed("seed", ct_generator_seed(handle, seed)) }
  }
}
