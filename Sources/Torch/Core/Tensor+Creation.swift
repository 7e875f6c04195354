extension Tensor {
  /// A tensor of zeros with the given shape.
  public static func zeros(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) -> Tensor
  {
    Operators.zeros(.ints(shape), .dtype(dtype), .none, .device(device))
  }

  /// A tensor of ones with the given shape.
  public static func ones(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) -> Tensor
  {
    Operators.ones(.ints(shape), .dtype(dtype), .none, .device(device))
  }

  /// A tensor with the given shape and equal elements.
  public static func full(
    _ shape: [Int], _ value: Double, dtype: DType = .float32, device: Device = .cpu
  ) -> Tensor {
    Operators.full(.ints(shape), .double(value), .dtype(dtype), .none, .device(device))
  }

  /// A tensor with the given shape and undefined elements.
  public static func uninitialized(
    _ shape: [Int], dtype: DType = .float32, device: Device = .cpu
  ) -> Tensor {
    Operators.empty(.ints(shape), .dtype(dtype), .none, .device(device))
  }

  /// The integers 0 ..< `count`, int64 [count].
  public static func indices(_ count: Int, device: Device = .cpu) -> Tensor {
    Operators.arange(.int(count), .dtype(.int64), .none, .device(device))
  }

  /// Zeros in the same shape, type, device and memory format.
  public func zerosLike() -> Tensor { Operators.zerosLike(.tensor(self)) }

  /// The tensor converted to another type, in the same shape; itself if it already has that type.
  public func to(_ dtype: DType) -> Tensor {
    Operators.toDType(.tensor(self), .dtype(dtype))
  }

  /// The tensor on another device, in the same shape; itself if it is already there.
  ///
  /// A copy to a CUDA device does not wait for it: the elements are first copied to memory that the device can read
  /// (pinned), so that this tensor may change immediately.
  public func to(_ device: Device) -> Tensor {
    let isUpload = device.isCUDA && self.device == .cpu && !strides.contains(0)
    return Operators.toDevice(
      .tensor(isUpload ? Operators.pinMemory(.tensor(self)) : self), .none, .none,
      .device(device), .none, .bool(isUpload))
  }

  /// The same shape and elements, stored without gaps in the given format; itself if they already are.
  public func contiguous(_ format: MemoryFormat = .contiguous) -> Tensor {
    Operators.contiguous(.tensor(self), .int(format.rawValue))
  }

  /// A copy with its own memory, in the same shape.
  public func clone() -> Tensor { Operators.clone(.tensor(self)) }
}
