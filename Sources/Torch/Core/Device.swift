import CTorch

/// Where a tensor lives.
public enum Device: Hashable, Sendable, CustomStringConvertible {
  case cpu
  /// The CUDA device of an index.
  case cuda(Int)
  /// No memory at all: shapes and types only, for counting what a model costs.
  case meta

  /// The device of a name: `cpu`, `cuda`, `cuda:1`, `meta`; nil for any other.
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

  public var isCUDA: Bool {
    if case .cuda = self { true } else { false }
  }

  /// The first CUDA device where there is one, else the CPU.
  public static var best: Device {
    cudaCount > 0 ? .cuda(0) : .cpu
  }

  /// The number of CUDA devices that libtorch can use.
  public static var cudaCount: Int { Int(ct_cuda_device_count()) }

  /// Waits until everything queued on the device is done; returns at once on the CPU.
  public func synchronize() throws(TorchError) {
    guard case .cuda(let index) = self else { return }
    try check("synchronize", ct_cuda_synchronize(Int32(index)))
  }

  /// The free and the whole memory in bytes of a CUDA device; nil on others.
  public func memory() throws(TorchError) -> (free: Int, total: Int)? {
    guard case .cuda(let index) = self else { return nil }
    var free: Int64 = 0
    var total: Int64 = 0
    try check("memory", ct_cuda_memory(Int32(index), &free, &total))
    return (Int(free), Int(total))
  }
}
