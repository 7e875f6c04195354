import CTorch

/// An n-dimensional array on a device, with libtorch's semantics: operations make new tensors or views,
/// and record what autograd needs unless ``withoutGradients(_:)`` is in force.
///
/// Wrong shapes are programmers' errors: operations trap, naming the operator and the shapes. A tensor
/// may be used from any thread; as in PyTorch, writing into one while another thread uses it is a race.
public final class Tensor: @unchecked Sendable {
  /// libtorch's `TensorImpl` with one reference of ours. It goes to C only inside this library's
  /// funnels, which keep the tensor alive during the call.
  let handle: ct_tensor

  /// Takes over the reference that `handle` carries.
  init(owning handle: ct_tensor) {
    self.handle = handle
  }

  deinit {
    ct_tensor_release(handle)
  }

  /// The number of tensors that this process holds through this library.
  public static var liveCount: Int { Int(ct_tensor_live_handles()) }

  /// The number of strong references that libtorch counts for this tensor.
  public var referenceCount: Int {
    withExtendedLifetime(self) { Int(ct_tensor_reference_count(handle)) }
  }
}

extension Tensor {
  /// The number of axes.
  public var rank: Int { withExtendedLifetime(self) { Int(ct_tensor_rank(handle)) } }

  /// The extent of each axis.
  public var shape: [Int] {
    withExtendedLifetime(self) {
      var sizes = [Int64](repeating: 0, count: rank)
      ct_tensor_shape(handle, &sizes)
      return sizes.map(Int.init)
    }
  }

  /// The distance in elements between neighbours along each axis.
  public var strides: [Int] {
    withExtendedLifetime(self) {
      var strides = [Int64](repeating: 0, count: rank)
      ct_tensor_strides(handle, &strides)
      return strides.map(Int.init)
    }
  }

  /// The number of elements.
  public var count: Int { shape.reduce(1, *) }

  /// The type of the elements; traps on a type that this library does not use (complex, quantized).
  public var dtype: DType {
    withExtendedLifetime(self) {
      let value = ct_tensor_dtype(handle)
      guard let dtype = DType(rawValue: value) else {
        preconditionFailure("a tensor of libtorch's type number \(value), which has no DType")
      }
      return dtype
    }
  }

  public var device: Device {
    withExtendedLifetime(self) {
      var name = [CChar](repeating: 0, count: 32)
      ct_tensor_device(handle, &name, Int32(name.count))
      let text = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
      guard let device = Device(text) else {
        preconditionFailure("a tensor on the device \(text), which this library does not use")
      }
      return device
    }
  }

  /// True where the elements lie in the order of `format` without gaps.
  public func isContiguous(_ format: MemoryFormat = .contiguous) -> Bool {
    withExtendedLifetime(self) { ct_tensor_is_contiguous(handle, Int64(format.rawValue)) }
  }
}

/// The order of a tensor's elements in memory; raw values are libtorch's.
public enum MemoryFormat: Int, Sendable {
  /// Row-major: the last axis is the fastest.
  case contiguous = 0
  /// [N, C, H, W] stored as N, H, W, C.
  case channelsLast = 2
  /// [N, C, T, H, W] stored as N, T, H, W, C: what convolutions on CPUs like best.
  case channelsLast3d = 3
}

extension Tensor: CustomStringConvertible {
  public var description: String { "Tensor(\(dtype)\(shape), \(device))" }
}
