/// A tensor of a checkpoint that has not been loaded.
public struct StoredTensor: Hashable, Sendable {
  public let dtype: DType
  /// The extent of each axis.
  public let shape: [Int]
  /// Of the elements without gaps.
  public let byteCount: Int

  /// The distance in elements between neighbours along each axis.
  let strides: [Int]
  /// The first element in its storage.
  let offset: Int
  /// The name of the archive's entry that holds the storage; other tensors may share it.
  let storage: String
}

/// Makes tensors of what torch.save writes for them: calls of PyTorch's functions with a storage, an offset,
/// extents and strides. All are checked against the sizes of the archive's entries.
struct TensorInterpreter: PickleInterpreter {
  private let archive: ZipArchive
  /// The folder of the archive that everything is in.
  private let folder: String
  private var objects: [Object] = []

  private enum Object {
    /// `dtype` is nil for bytes without a type of their own.
    case storage(entry: String, byteCount: Int, dtype: DType?)
    case tensor(StoredTensor)
  }

  init(_ archive: ZipArchive, folder: String) {
    self.archive = archive
    self.folder = folder
  }

  /// The tensor of that number, or nil where it is another object.
  func tensor(_ object: Int) -> StoredTensor? {
    guard case .tensor(let tensor) = objects[object] else { return nil }
    return tensor
  }

  func knows(_ name: String) -> Bool { Self.names.contains(name) }

  private static let rebuild = "torch._utils._rebuild_tensor_v2"
  /// The same with a type of its own over a storage without one.
  private static let rebuildTyped = "torch._utils._rebuild_tensor_v3"
  private static let rebuildParameter = "torch._utils._rebuild_parameter"
  private static let untyped = "torch.storage.UntypedStorage"

  private static let storages = Dictionary(
    uniqueKeysWithValues: DType.allCases.map { ("torch.\($0.storageName)", $0) })
  private static let types = Dictionary(
    uniqueKeysWithValues: DType.allCases.map { ("torch.\($0)", $0) })
  private static let names = Set(storages.keys).union(types.keys)
    .union([rebuild, rebuildTyped, rebuildParameter, untyped])

  /// A storage: ('storage', its type, its entry's name, a device, its number of elements).
  mutating func object(
    outside identity: PickleValue, _ containers: [PickleContainer]
  ) throws -> PickleValue {
    guard case .container(let place) = identity, containers[place].kind == .tuple,
      containers[place].items.count == 5, case .string("storage") = containers[place].items[0],
      case .name(let type) = containers[place].items[1],
      case .string(let key) = containers[place].items[2], key.utf8.count <= 64,
      case .integer(let count) = containers[place].items[4]
    else { throw Unsound("its pickle refers to something that is no storage") }
    let dtype = Self.storages[type]
    guard dtype != nil || type == Self.untyped else {
      throw Unsound("it has a storage of the type \(quoted(type))")
    }
    guard let entry = archive.entries["\(folder)data/\(key)"] else {
      throw Unsound("it lacks the storage \(quoted(key))")
    }
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: dtype?.byteCount ?? 1)
    guard !overflow, byteCount == entry.size else {
      throw Unsound(
        "its storage \(quoted(key)) has \(entry.size) bytes where \(count) elements are claimed")
    }
    return add(.storage(entry: entry.name, byteCount: byteCount, dtype: dtype))
  }

  mutating func call(
    _ name: String, _ arguments: [PickleValue], _ containers: [PickleContainer]
  ) throws -> PickleValue {
    switch name {
    case Self.rebuild where arguments.count >= 6:
      // After the gradient's flag: hooks, which would be functions and so are none, then metadata.
      try refuseMetadata(arguments.dropFirst(6), containers)
      return add(.tensor(try tensor(arguments, dtype: nil, containers)))
    case Self.rebuildTyped where arguments.count >= 7:
      guard case .name(let type) = arguments[6], let dtype = Self.types[type] else { break }
      try refuseMetadata(arguments.dropFirst(7), containers)
      return add(.tensor(try tensor(arguments, dtype: dtype, containers)))
    case Self.rebuildParameter where arguments.count == 3:
      guard case .object(let object) = arguments[0], tensor(object) != nil else { break }
      return arguments[0]
    default: break
    }
    throw Unsound("its pickle calls \(quoted(name)) as PyTorch does not")
  }

  /// Metadata says that the elements mean something else, as their negatives.
  private func refuseMetadata(
    _ arguments: ArraySlice<PickleValue>, _ containers: [PickleContainer]
  ) throws {
    for argument in arguments {
      switch argument {
      case .none: continue
      case .container(let place) where containers[place].items.isEmpty: continue
      default: throw Unsound("it has a tensor with metadata, which is not read")
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
      case .storage(let entry, let storageBytes, let storageType) = objects[object],
      case .integer(let offset) = arguments[1], offset >= 0,
      let shape = extents(arguments[2]), let strides = extents(arguments[3]),
      shape.count == strides.count, let dtype = dtype ?? storageType
    else { throw Unsound("it has a tensor without sound storage, extents or strides") }
    func unbounded() -> Unsound {
      Unsound("it has a tensor of shape \(shape) that reaches beyond its storage")
    }
    // Extents are bounded as if none were 0: libtorch multiplies the others.
    var bound = dtype.byteCount
    var last = offset
    for (extent, stride) in zip(shape, strides) {
      let (product, overflow) = bound.multipliedReportingOverflow(by: max(extent, 1))
      let (reach, overflow2) = max(extent - 1, 0).multipliedReportingOverflow(by: stride)
      let (sum, overflow3) = last.addingReportingOverflow(reach)
      guard !overflow, !overflow2, !overflow3 else { throw unbounded() }
      (bound, last) = (product, sum)
    }
    guard shape.contains(0) || last < storageBytes / dtype.byteCount else { throw unbounded() }
    return StoredTensor(
      dtype: dtype, shape: shape, byteCount: shape.contains(0) ? 0 : bound, strides: strides,
      offset: offset, storage: entry)
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
