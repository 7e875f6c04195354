extension Tensor {
  /// A tensor of zeros.
  public static func zeros(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) -> Tensor
  {
    Operators.zeros(.ints(shape), .dtype(dtype), .none, .device(device))
  }

  /// A tensor of ones.
  public static func ones(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) -> Tensor
  {
    Operators.ones(.ints(shape), .dtype(dtype), .none, .device(device))
  }

  /// A tensor of one number.
  public static func full(
    _ shape: [Int], _ value: Double, dtype: DType = .float32, device: Device = .cpu
  ) -> Tensor {
    Operators.full(.ints(shape), .double(value), .dtype(dtype), .none, .device(device))
  }

  /// A tensor whose elements are whatever the memory held.
  public static func uninitialized(
    _ shape: [Int], dtype: DType = .float32, device: Device = .cpu
  ) -> Tensor {
    Operators.empty(.ints(shape), .dtype(dtype), .none, .device(device))
  }

  /// The integers 0 ..< `count`, int64 [count].
  public static func indices(_ count: Int, device: Device = .cpu) -> Tensor {
    Operators.arange(.int(count), .dtype(.int64), .none, .device(device))
  }

  /// A tensor of the same shape, type, device and memory order, of zeros.
  public func zerosLike() -> Tensor { Operators.zerosLike(.tensor(self)) }

  /// The tensor in another type; itself where it has that type.
  public func to(_ dtype: DType) -> Tensor {
    Operators.toDType(.tensor(self), .dtype(dtype))
  }

  /// The tensor on another device; itself where it is there.
  public func to(_ device: Device) -> Tensor {
    Operators.toDevice(.tensor(self), .none, .none, .device(device))
  }

  /// The same elements without gaps in the given order; itself where they are so.
  public func contiguous(_ format: MemoryFormat = .contiguous) -> Tensor {
    Operators.contiguous(.tensor(self), .int(format.rawValue))
  }

  /// A copy of the elements in memory of its own.
  public func clone() -> Tensor { Operators.clone(.tensor(self)) }
}
