import CTorch

/// An n-dimensional array on a device, with the semantics of libtorch: operations return new tensors or views and are
/// recorded for autograd, except inside ``withoutGradients(_:)``.
///
/// A wrong shape is a programming error: operations trap and name the operator and the shapes. A tensor may be used from
/// any thread; as in PyTorch, writing to one while another thread uses it is a race.
///
/// Unchecked: the handle never changes, and libtorch counts its references atomically. Callers must guard the elements
/// against races, which the compiler cannot detect.
public final class Tensor: @unchecked Sendable {
  /// libtorch's `TensorImpl`, of which this object owns a reference. It is passed to C only inside this library's calls,
  /// which keep the tensor alive.
  let handle: ct_tensor

  /// Takes ownership of the reference that `handle` carries.
  init(owning handle: ct_tensor) {
    self.handle = handle
  }

  deinit {
    ct_tensor_release(handle)
  }

  /// The number of tensors that this process holds through this library; for tests that detect leaks.
  package static var liveCount: Int { Int(ct_tensor_live_handles()) }

  /// The number of strong references to libtorch's tensor; for tests of lifetimes.
  package var referenceCount: Int {
    withExtendedLifetime(self) { Int(ct_tensor_reference_count(handle)) }
  }
}

extension Tensor {
  /// The number of axes.
  public var rank: Int { described { Int($0.rank) } }

  /// The size of each axis.
  public var shape: [Int] { described { Self.integers($0.sizes, $0.rank) } }

  /// The distance in elements between neighbors along each axis.
  public var strides: [Int] { described { Self.integers($0.strides, $0.rank) } }

  /// The number of elements.
  public var count: Int { shape.reduce(1, *) }

  /// The type of the elements. Traps for types that this library does not support (complex, quantized).
  public var dtype: DType {
    described { info in
      guard let dtype = DType(rawValue: info.dtype) else {
        preconditionFailure("a tensor of libtorch's type number \(info.dtype), which has no DType")
      }
      return dtype
    }
  }

  /// The device of the elements. Traps for devices that this library does not support.
  public var device: Device {
    described { info in
      guard let device = Device(info.device) else {
        preconditionFailure(
          "a tensor on a device of libtorch's type number \(info.device.type), which has no Device")
      }
      return device
    }
  }

  /// True if the elements are stored in the order of `format` without gaps.
  public func isContiguous(_ format: MemoryFormat = .contiguous) -> Bool {
    withExtendedLifetime(self) {
      var isContiguous = false
      mustSucceed(
        "isContiguous", ct_tensor_is_contiguous(handle, Int64(format.rawValue), &isContiguous))
      return isContiguous
    }
  }

  /// Calls `body` with libtorch's description of this tensor, which is valid only during the call.
  func described<Result>(_ body: (ct_tensor_info) -> Result) -> Result {
    withExtendedLifetime(self) {
      var info = ct_tensor_info()
      mustSucceed("describe", ct_tensor_describe(handle, &info))
      return body(info)
    }
  }

  private static func integers(_ first: UnsafePointer<Int64>?, _ count: Int32) -> [Int] {
    UnsafeBufferPointer(start: first, count: first == nil ? 0 : Int(count)).map(Int.init)
  }
}

extension Tensor: CustomStringConvertible {
  public var description: String { "Tensor(\(dtype)\(shape), \(device))" }
}
