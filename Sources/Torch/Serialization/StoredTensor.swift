/// A tensor in a checkpoint that is not loaded.
public struct StoredTensor: Hashable, Sendable {
  /// The type of its elements.
  public let dtype: DType
  /// The size of each axis.
  public let shape: [Int]
  /// The number of bytes of the elements without gaps.
  public let byteCount: Int

  /// The distance in elements between neighbors along each axis.
  let strides: [Int]
  /// The index of the first element in its storage.
  let offset: Int
  /// The key of its storage, which it may share with other tensors.
  let storage: String
}

/// Makes tensors from the calls that torch.save writes for them: PyTorch functions with a storage, an offset, sizes and
/// strides. All are checked against the storage sizes that the pickle claims. Those sizes (``storages``) must be checked
/// by the caller, who knows the file.
struct TensorInterpreter: PickleInterpreter {
  /// A storage, or a part of one.
  struct Storage: Hashable {
    /// The key of the whole storage.
    let key: String
    /// The range of bytes in the whole storage.
    let bytes: Range<Int>
    let type: StorageType

    var dtype: DType? { type.dtype }
    var elementSize: Int { type.elementSize }
  }

  /// The type of a storage's elements.
  enum StorageType: Hashable {
    case read(DType)
    /// A type without a counterpart in this library.
    case other(name: String, elementSize: Int)
    /// Bytes without a type.
    case untyped

    var dtype: DType? { if case .read(let dtype) = self { dtype } else { nil } }

    var elementSize: Int {
      switch self {
      case .read(let dtype): dtype.byteCount
      case .other(_, let size): size
      case .untyped: 1
      }
    }
  }

  /// True for old files, which may name parts of a storage as storages.
  private let hasViews: Bool
  private var objects: [Object] = []
  /// The storages, and parts of storages, by their keys.
  private var named: [String: Storage] = [:]

  private enum Object {
    case storage(Storage)
    case tensor(StoredTensor)
  }

  init(hasViews: Bool) { self.hasViews = hasViews }

  /// The whole storages in the pickle, by their keys.
  var storages: [String: Storage] { named.filter { $0.key == $0.value.key } }

  /// The tensor with this number; nil if it is another object.
  func tensor(_ object: Int) -> StoredTensor? {
    guard case .tensor(let tensor) = objects[object] else { return nil }
    return tensor
  }

  func knows(_ name: String) -> Bool { Self.names.contains(name) }

  private static let rebuild = "torch._utils._rebuild_tensor_v2"
  /// The function before PyTorch 0.4, without the gradient flag.
  private static let rebuildPlain = "torch._utils._rebuild_tensor"
  /// The function with an explicit type for an untyped storage.
  private static let rebuildTyped = "torch._utils._rebuild_tensor_v3"
  private static let rebuildParameter = "torch._utils._rebuild_parameter"
  /// The function with attributes of the parameter.
  private static let rebuildParameterWithState = "torch._utils._rebuild_parameter_with_state"
  /// The call of another of these functions for a tensor with attributes: function, type, arguments, attributes.
  private static let rebuildWithAttributes = "torch._tensor._rebuild_from_type_v2"
  private static let size = "torch.Size"

  private static let storages = Dictionary(
    uniqueKeysWithValues: DType.allCases.map { ("torch.\($0.storageName)", StorageType.read($0)) }
      + [
        ("ComplexFloat", "complex64", 8), ("ComplexDouble", "complex128", 16),
        ("QInt8", "qint8", 1), ("QUInt8", "quint8", 1), ("QInt32", "qint32", 4),
        ("QUInt4x2", "quint4x2", 1), ("QUInt2x4", "quint2x4", 1),
      ].map { ("torch.\($0)Storage", .other(name: $1, elementSize: $2)) }
      + [("torch.storage.UntypedStorage", .untyped)])
  private static let types = Dictionary(
    uniqueKeysWithValues: DType.allCases.map { ("torch.\($0)", $0) })
  /// Types that PyTorch knows in addition to ``types``.
  private static let otherTypes = Set(
    (["complex32", "complex64", "complex128", "uint16", "uint32", "uint64"]
      + ["e4m3fn", "e4m3fnuz", "e5m2", "e5m2fnuz", "e8m0fnu"].map { "float8_\($0)" }
      + ["float4_e2m1fn_x2", "qint8", "quint8", "qint32", "quint4x2", "quint2x4"]
      + (1...7).flatMap { ["uint\($0)", "int\($0)"] }).map { "torch.\($0)" })
  /// Functions for kinds of tensors without a counterpart in this library.
  private static let otherTensors = [
    "torch._utils._rebuild_sparse_tensor": "sparse tensor",
    "torch._utils._rebuild_qtensor": "quantized tensor",
    "torch._utils._rebuild_nested_tensor": "nested tensor",
    "torch._utils._rebuild_meta_tensor_no_storage": "meta tensor",
    "torch._utils._rebuild_wrapper_subclass": "wrapped tensor",
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": "device tensor",
  ]
  /// Functions for other values, with the types that they make: values without code, which training programs save beside the
  /// weights, such as learning rates from NumPy and paths.
  private static let otherValues = [
    "torch.device": "torch.device", "torch.serialization._get_layout": "torch.layout",
    "numpy.dtype": "numpy.dtype", "numpy.core.multiarray.scalar": "numpy scalar",
    "numpy._core.multiarray.scalar": "numpy scalar",
  ].merging(
    ["PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath"].flatMap { path in
      // Python 3.13 names the module differently.
      ["pathlib", "pathlib._local"].map { ("\($0).\(path)", "pathlib.\(path)") }
    }
  ) { $1 }
  private static let quantizations = Set(
    [
      "per_tensor_affine", "per_tensor_symmetric", "per_channel_affine", "per_channel_symmetric",
      "per_channel_affine_float_qparams",
    ].map { "torch.\($0)" })
  private static let names = Set(storages.keys).union(types.keys).union(otherTypes)
    .union(otherTensors.keys).union(otherValues.keys).union(quantizations)
    .union([
      rebuild, rebuildPlain, rebuildTyped, rebuildParameter, rebuildParameterWithState,
      rebuildWithAttributes, size, "torch.Tensor", "torch.nn.parameter.Parameter",
    ])

  /// A storage: ('storage', its type, its key, a device, the number of elements), and in files with views also None or
  /// (the key of a part, its first element, its number of elements).
  mutating func object(
    outside identity: PickleValue, _ containers: [PickleContainer]
  ) throws -> PickleValue {
    func unknown() -> Unsound { Unsound("its pickle refers to something that is not a storage") }
    func tuple(_ value: PickleValue, _ count: Int) -> [PickleValue]? {
      guard case .container(let place) = value, containers[place].kind == .tuple,
        containers[place].items.count == count
      else { return nil }
      return containers[place].items
    }
    guard let items = tuple(identity, hasViews ? 6 : 5), case .string("storage") = items[0],
      case .name(let type) = items[1], case .string(let key) = items[2], key.utf8.count <= 64,
      case .integer(let count) = items[4]
    else { throw unknown() }
    guard let type = Self.storages[type] else {
      throw Unsound("it has a storage of the type \(quoted(type))")
    }
    let whole = try name(key, elements: 0, count, of: key, type)
    guard hasViews else { return add(.storage(whole)) }
    if case .none = items[5] { return add(.storage(whole)) }
    guard let view = tuple(items[5], 3), case .string(let part) = view[0], part.utf8.count <= 64,
      case .integer(let first) = view[1], case .integer(let partCount) = view[2]
    else { throw unknown() }
    let storage = try name(part, elements: first, partCount, of: key, type)
    guard storage.bytes.upperBound <= whole.bytes.upperBound else {
      throw Unsound(
        "its storage \(quoted(part)) extends beyond \(quoted(key)), which contains it")
    }
    return add(.storage(storage))
  }

  /// Records a storage, or a part of one, under its name. A name must mean the same each time.
  private mutating func name(
    _ name: String, elements first: Int, _ count: Int, of key: String, _ type: StorageType
  ) throws -> Storage {
    let size = type.elementSize
    let (end, overflow) = first.addingReportingOverflow(count)
    let (endByte, overflow2) = end.multipliedReportingOverflow(by: size)
    guard first >= 0, count >= 0, !overflow, !overflow2 else {
      throw Unsound("its storage \(quoted(name)) claims \(count) elements")
    }
    let storage = Storage(key: key, bytes: (first * size)..<endByte, type: type)
    let known = named.updateValue(storage, forKey: name) ?? storage
    // Without elements, the type is meaningless.
    guard known.key == key, known.bytes == storage.bytes, known.type == type || count == 0 else {
      throw Unsound("its storage \(quoted(name)) has two sizes or types")
    }
    return storage
  }

  mutating func call(
    _ name: String, _ arguments: [PickleValue], _ containers: [PickleContainer]
  ) throws -> PickleValue {
    switch name {
    case Self.rebuild where arguments.count >= 6:
      if case .object(let object) = arguments[0], case .storage(let storage) = objects[object],
        case .other(let type, _) = storage.type
      {
        return .other(UnreadObject("\(type) tensor", isTensor: true))
      }
      // The gradient flag is followed by hooks, which would be functions and are therefore empty, and then metadata.
      if hasMetadata(arguments.dropFirst(6), containers) { return Self.tensorWithMetadata }
      return add(.tensor(try tensor(arguments, dtype: nil, containers)))
    case Self.rebuildPlain where arguments.count == 4:
      return add(.tensor(try tensor(arguments, dtype: nil, containers)))
    case Self.rebuildTyped where arguments.count >= 7:
      guard case .name(let type) = arguments[6] else { break }
      if Self.otherTypes.contains(type) {
        let type = type.dropFirst("torch.".count)
        return .other(UnreadObject("\(type) tensor", isTensor: true))
      }
      guard let dtype = Self.types[type] else { break }
      if hasMetadata(arguments.dropFirst(7), containers) { return Self.tensorWithMetadata }
      return add(.tensor(try tensor(arguments, dtype: dtype, containers)))
    case Self.rebuildParameter where arguments.count == 3,
      Self.rebuildParameterWithState where arguments.count == 4:
      switch arguments[0] {
      case .object(let object) where tensor(object) != nil: return arguments[0]
      case .other(let object) where object.isTensor: return arguments[0]
      default: break
      }
    case Self.rebuildWithAttributes where arguments.count == 4:
      // A function must not call itself: arguments may contain each other.
      guard case .name(let function) = arguments[0], function != name,
        case .container(let place) = arguments[2], containers[place].kind == .tuple
      else { break }
      return try call(function, containers[place].items, containers)
    case Self.size where arguments.count == 1:
      guard case .container(let place) = arguments[0], containers[place].kind == .tuple else {
        break
      }
      return arguments[0]
    default:
      if let kind = Self.otherTensors[name] { return .other(UnreadObject(kind, isTensor: true)) }
      if let type = Self.otherValues[name] { return .other(UnreadObject(type)) }
    }
    throw Unsound("its pickle calls \(quoted(name)) as PyTorch does not")
  }

  private static let tensorWithMetadata = PickleValue.other(
    UnreadObject("tensor with metadata", isTensor: true))

  /// True if there is metadata: it changes the meaning of the elements, such as their sign.
  private func hasMetadata(
    _ arguments: ArraySlice<PickleValue>, _ containers: [PickleContainer]
  ) -> Bool {
    !arguments.allSatisfy { argument in
      switch argument {
      case .none: true
      case .container(let place): containers[place].items.isEmpty
      default: false
      }
    }
  }

  private func tensor(
    _ arguments: [PickleValue], dtype: DType?, _ containers: [PickleContainer]
  ) throws -> StoredTensor {
    func extents(_ value: PickleValue) -> [Int]? {
      guard case .container(let place) = value, containers[place].kind == .tuple,
        containers[place].items.count <= 16
      else { return nil }
      let numbers = containers[place].items.compactMap { item -> Int? in
        guard case .integer(let number) = item, number >= 0 else { return nil }
        return number
      }
      return numbers.count == containers[place].items.count ? numbers : nil
    }
    guard case .object(let object) = arguments[0],
      case .storage(let storage) = objects[object],
      case .integer(let offset) = arguments[1], offset >= 0,
      let shape = extents(arguments[2]), let strides = extents(arguments[3]),
      shape.count == strides.count, let dtype = dtype ?? storage.dtype,
      storage.bytes.lowerBound % dtype.byteCount == 0
    else { throw Unsound("it has a tensor without sound storage, extents or strides") }
    func unbounded() -> Unsound {
      Unsound("it has a tensor of shape \(shape) that reaches beyond its storage")
    }
    // Treat sizes of 0 as 1 in this check: libtorch multiplies the others.
    var bound = dtype.byteCount
    var last = offset
    for (extent, stride) in zip(shape, strides) {
      let (product, overflow) = bound.multipliedReportingOverflow(by: max(extent, 1))
      let (reach, overflow2) = max(extent - 1, 0).multipliedReportingOverflow(by: stride)
      let (sum, overflow3) = last.addingReportingOverflow(reach)
      guard !overflow, !overflow2, !overflow3 else { throw unbounded() }
      (bound, last) = (product, sum)
    }
    guard shape.contains(0) || last < storage.bytes.count / dtype.byteCount else {
      throw unbounded()
    }
    return StoredTensor(
      dtype: dtype, shape: shape, byteCount: shape.contains(0) ? 0 : bound, strides: strides,
      offset: shape.contains(0) ? 0 : storage.bytes.lowerBound / dtype.byteCount + offset,
      storage: storage.key)
  }

  private mutating func add(_ object: Object) -> PickleValue {
    objects.append(object)
    return .object(objects.count - 1)
  }
}

extension DType {
  /// PyTorch's class for storages of this type.
  var storageName: String {
    switch self {
    case .uint8: "ByteStorage"
    case .int8: "CharStorage"
    case .int16: "ShortStorage"
    case .int32: "IntStorage"
    case .int64: "LongStorage"
    case .float16: "HalfStorage"
    case .float32: "FloatStorage"
    case .float64: "DoubleStorage"
    case .bool: "BoolStorage"
    case .bfloat16: "BFloat16Storage"
    }
  }
}
