import CTorch

/// The device on which a tensor is stored and computed.
public enum Device: Hashable, Sendable, CustomStringConvertible {
  /// The CPU.
  case cpu
  /// The CUDA device with this index.
  case cuda(Int)
  /// A device without memory: tensors have only shapes and types, for measuring the cost of a model.
  case meta

  /// The device with this name: `cpu`, `cuda`, `cuda:1`, `meta`; nil for other names.
  public init?(_ name: String) {
    switch name {
    case "cpu": self = .cpu
    case "meta": self = .meta
    case "cuda": self = .cuda(0)
    default:
      guard name.hasPrefix("cuda:"), let index = Int(name.dropFirst(5)), index >= 0 else {
        return nil
      }
      self = .cuda(index)
    }
  }

  public var description: String {
    switch self {
    case .cpu: "cpu"
    case .cuda(let index): "cuda:\(index)"
    case .meta: "meta"
    }
  }

  /// True for CUDA devices.
  public var isCUDA: Bool {
    if case .cuda = self { true } else { false }
  }

  /// The device in the C ABI.
  var cValue: ct_device {
    switch self {
    case .cpu: ct_device(type: Int32(CT_DEVICE_CPU.rawValue), index: -1)
    case .cuda(let index): ct_device(type: Int32(CT_DEVICE_CUDA.rawValue), index: Int32(index))
    case .meta: ct_device(type: Int32(CT_DEVICE_META.rawValue), index: -1)
    }
  }

  /// Nil for a device that this library does not support.
  init?(_ device: ct_device) {
    switch UInt32(bitPattern: device.type) {
    case CT_DEVICE_CPU.rawValue: self = .cpu
    case CT_DEVICE_CUDA.rawValue: self = .cuda(Int(max(device.index, 0)))
    case CT_DEVICE_META.rawValue: self = .meta
    default: return nil
    }
  }

  /// The first CUDA device if there is one, else the CPU.
  public static var best: Device {
    cudaCount > 0 ? .cuda(0) : .cpu
  }

  /// The number of CUDA devices that libtorch can use.
  public static var cudaCount: Int { (try? countCUDA()) ?? 0 }

  /// Why there is no CUDA device (no driver, an outdated driver, a libtorch without CUDA), in libtorch's words; nil if
  /// there is one.
  public static var cudaProblem: String? {
    do {
      _ = try countCUDA()
      return nil
    } catch {
      return error.message
    }
  }

  private static func countCUDA() throws(TorchError) -> Int {
    var count: Int32 = 0
    try check("cudaCount", ct_cuda_device_count(&count))
    return Int(count)
  }

  /// Waits until all operations queued on the device are done; returns immediately on the CPU.
  ///
  /// - Throws: ``TorchError`` if an operation on the device failed.
  public func synchronize() throws(TorchError) {
    guard case .cuda(let index) = self else { return }
    try check("synchronize", ct_cuda_synchronize(Int32(index)))
  }

  /// The free and the total memory of a CUDA device, and the most that this process's tensors have used, in bytes; nil for
  /// other devices.
  ///
  /// - Throws: ``TorchError`` if the device cannot be queried.
  public func memory() throws(TorchError) -> (free: Int, total: Int, peak: Int)? {
    guard case .cuda(let index) = self else { return nil }
    var free: Int64 = 0
    var total: Int64 = 0
    var peak: Int64 = 0
    try check("memory", ct_cuda_memory(Int32(index), &free, &total, &peak))
    return (Int(free), Int(total), Int(peak))
  }
}
