import CTorch
import Testing

/// Every operator of this library computes shapes on the meta device, as libtorch's own do.
@Suite struct MetaFunctionTests {
  private static let meta = ct_device(type: Int32(CT_DEVICE_META.rawValue), index: -1)

  /// Results of an operator; the caller owns the tensors.
  private func call(_ name: String, overload: String = "", _ arguments: [ct_value]) throws
    -> [ct_tensor]
  {
    var found: ct_operator?
    try succeed(ct_operator_find(name, overload, &found))
    var results: UnsafeMutablePointer<ct_value>?
    var count: Int32 = 0
    try succeed(ct_call(found, arguments, Int32(arguments.count), &results, &count))
    defer { ct_values_free(results) }
    return UnsafeBufferPointer(start: results, count: Int(count)).compactMap(\.as.tensor)
  }

  private struct Failure: Error { let message: String }

  private func succeed(_ error: UnsafeMutablePointer<ct_error>?) throws {
    guard let error else { return }
    defer { ct_error_free(error) }
    throw Failure(message: String(cString: error.pointee.message))
  }

  private func value(_ tensor: ct_tensor?) -> ct_value {
    ct_value(tag: CT_TENSOR, count: 0, as: .init(tensor: tensor))
  }
  private func value(_ number: Double) -> ct_value {
    ct_value(tag: CT_DOUBLE, count: 0, as: .init(real: number))
  }
  private func value(_ flag: Bool) -> ct_value {
    ct_value(tag: CT_BOOL, count: 0, as: .init(boolean: flag))
  }
  private func values<Result>(_ numbers: [Int64], _ body: (ct_value) throws -> Result) rethrows
    -> Result
  {
    try numbers.withUnsafeBytes {
      try body(
        ct_value(
          tag: CT_INT_LIST, count: Int64(numbers.count), as: .init(list: $0.baseAddress)))
    }
  }

  private func tensor(_ shape: [Int64]) throws -> ct_tensor {
    let none = ct_value(tag: CT_NONE, count: 0, as: .init())
    return try values(shape) {
      try call(
        "aten::empty", overload: "memory_format",
        [$0, none, none, ct_value(tag: CT_DEVICE, count: 0, as: .init(device: Self.meta))])
    }[0]
  }

  private func shape(_ tensor: ct_tensor) throws -> [Int64] {
    var info = ct_tensor_info()
    try succeed(ct_tensor_describe(tensor, &info))
    #expect(info.device.type == Self.meta.type)
    return Array(UnsafeBufferPointer(start: info.sizes, count: Int(info.rank)))
  }

  private func expect(
    _ name: String, _ arguments: [ct_value], returns shapes: [[Int64]],
    _ place: SourceLocation = #_sourceLocation
  ) throws {
    #expect(try call("mosi::" + name, arguments).map(shape) == shapes, sourceLocation: place)
  }

  @Test func convolutions() throws {
    let (input, output) = ([2, 8, 3, 5, 6] as [Int64], [2, 9, 3, 5, 6] as [Int64])
    let (x, y, w, c) = try (tensor(input), tensor(output), tensor([9, 8, 1, 3, 3]), tensor([9]))
    try expect("winograd", [value(x), value(w)], returns: [output])
    try expect(
      "normalized_winograd", [value(x), value(w), value(c), value(c), value(y), value(true)],
      returns: [output])
    try expect("winograd_input_gradient", [value(y), value(w)], returns: [input])
    try expect(
      "winograd_weight_gradient", [value(y), value(x), value(w)], returns: [[9, 8, 1, 3, 3]])
    // Strides of 2 and no padding.
    let patches = [2, 9, 2, 2, 2] as [Int64]
    let p = try tensor(patches)
    try values([2, 2, 2]) { stride in
      try values([0, 0, 0]) { padding in
        try expect(
          "patch_convolution", [value(x), value(w), stride, padding], returns: [patches])
        try expect(
          "normalized_patch_convolution",
          [value(x), value(w), stride, padding, value(c), value(c), value(p), value(false)],
          returns: [patches])
        try values(input) {
          try expect(
            "patch_input_gradient", [value(p), value(w), $0, stride, padding], returns: [input])
        }
        try expect(
          "patch_weight_gradient", [value(p), value(x), value(w), stride, padding],
          returns: [[9, 8, 1, 3, 3]])
      }
    }
    try values([1, 2, 2]) { stride in
      try values([0, 1, 1]) { padding in
        try expect(
          "convolution", [value(x), value(w), value(c), stride, padding],
          returns: [[2, 9, 3, 3, 3]])
      }
    }
  }

  @Test func batchNormalization() throws {
    let shape: [Int64] = [2, 8, 3, 5, 6]
    let (x, c) = try (tensor(shape), tensor([8]))
    try expect(
      "batch_norm",
      [value(x), value(x), value(c), value(c), value(c), value(c), value(0.1), value(1e-3)]
        + [value(true)], returns: [shape, [8], [8]])
    try expect(
      "batch_norm_output",
      [value(x), value(c), value(c), value(c), value(c), value(1e-3), value(true)],
      returns: [shape])
    try expect(
      "batch_norm_backward",
      [value(x), value(x), value(x), value(c), value(c), value(c), value(c), value(1e-3)]
        + [value(true), value(true)], returns: [shape, shape, [8], [8]])
  }

  @Test func maxPooling() throws {
    let (x, y) = try (tensor([2, 8, 3, 5, 6]), tensor([2, 8, 3, 3, 3]))
    try values([1, 3, 3]) { kernel in
      try values([1, 2, 2]) { stride in
        try values([0, 1, 1]) { padding in
          try expect(
            "max_pool3d", [value(x), kernel, stride, padding],
            returns: [[2, 8, 3, 3, 3], [2, 8, 3, 3, 3]])
          try values([2, 8, 3, 5, 6]) { input in
            try expect(
              "max_pool3d_backward", [value(y), value(y), input, kernel, stride, padding],
              returns: [[2, 8, 3, 5, 6]])
          }
        }
      }
    }
  }
}
