import CTorch

extension Tensor {
  /// Copies `elements` into a tensor on the CPU.
  public convenience init<Element: TensorElement>(_ elements: [Element], shape: [Int]) {
    self.init(
      elements.withUnsafeBytes { Tensor.handle(copying: $0, shape: shape, dtype: Element.dtype) })
  }

  /// Copies `elements` into a tensor with one axis on the CPU.
  public convenience init<Element: TensorElement>(_ elements: [Element]) {
    self.init(elements, shape: [elements.count])
  }

  /// A tensor [] without axes on the CPU, with a single element.
  public convenience init<Element: TensorElement>(scalar: Element) {
    self.init([scalar], shape: [])
  }

  /// Copies `bytes`, the elements in row-major order, into a tensor on the CPU.
  public convenience init(bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType) {
    self.init(Tensor.handle(copying: bytes, shape: shape, dtype: dtype))
  }

  private convenience init(_ handle: ct_tensor) {
    self.init(owning: handle)
  }

  private static func handle(copying bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType)
    -> ct_tensor
  {
    var result: ct_tensor?
    mustSucceed(
      "Tensor(bytes: \(bytes.count), shape: \(shape))",
      ct_tensor_from_bytes(
        bytes.baseAddress, Int64(bytes.count), shape.map(Int64.init), Int32(shape.count),
        dtype.rawValue, &result))
    return result!
  }

  /// Copies the elements in row-major order from any device. Traps if `Element` does not correspond to the tensor's type.
  public func array<Element: TensorElement>(of type: Element.Type = Element.self) -> [Element] {
    precondition(dtype == Element.dtype, "a tensor of \(dtype) holds no \(Element.self)")
    let count = self.count
    return [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      withExtendedLifetime(self) {
        mustSucceed(
          "array(of: \(self))",
          ct_tensor_copy_bytes(
            handle, buffer.baseAddress, Int64(count * MemoryLayout<Element>.stride)))
      }
      initialized = count
    }
  }

  /// Copies the elements in row-major order into `buffer`, whose size must match exactly.
  public func copyBytes(to buffer: UnsafeMutableRawBufferPointer) {
    withExtendedLifetime(self) {
      mustSucceed(
        "copyBytes(\(self))",
        ct_tensor_copy_bytes(handle, buffer.baseAddress, Int64(buffer.count)))
    }
  }

  /// The only element as a Double, for any type; waits for the device.
  public var item: Double {
    precondition(count == 1, "item needs one element, not the shape \(shape)")
    return to(.float64).array(of: Double.self)[0]
  }
}
