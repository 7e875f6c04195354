import Foundation
import SafeFiles

/// Tensors and text by name in one file, in the safetensors format: 8 bytes of the header's length, a JSON
/// header, then the elements of all tensors without gaps.
public struct Safetensors: Sendable {
  /// By name.
  public var tensors: [String: Tensor]
  public var metadata: [String: String]

  public init(tensors: [String: Tensor], metadata: [String: String] = [:]) {
    self.tensors = tensors
    self.metadata = metadata
  }
}

/// A file that is no sound safetensors file.
public struct SafetensorsError: Error, Sendable, CustomStringConvertible {
  public let path: String
  public let problem: String
  public var description: String { "\(path) is no readable safetensors file: \(problem)" }
}

// MARK: - Writing

extension Safetensors {
  /// Writes the file whole or not at all: an older file at `path` stays until the new one is complete.
  ///
  /// Tensors come in the order of their elements' size, the largest first, then of their names: equal contents are
  /// equal files, and all elements lie at multiples of their size for readers that map the file.
  ///
  /// - Throws: `FileError`.
  public func write(to path: String) throws {
    let names = tensors.sorted { a, b in
      (b.value.dtype.byteCount, a.key) < (a.value.dtype.byteCount, b.key)
    }.map(\.key)
    var header: [String: Any] = metadata.isEmpty ? [:] : ["__metadata__": metadata]
    var offset = 0
    for name in names {
      let tensor = tensors[name]!
      let end = offset + tensor.count * tensor.dtype.byteCount
      header[name] = [
        "dtype": tensor.dtype.safetensorsName, "shape": tensor.shape,
        "data_offsets": [offset, end],
      ]
      offset = end
    }
    var json = try JSONSerialization.data(
      withJSONObject: header, options: [.sortedKeys, .withoutEscapingSlashes])
    while json.count % 8 != 0 { json.append(UInt8(ascii: " ")) }

    try replaceFile(at: path) { temporary in
      guard let file = fopen(temporary, "wb") else {
        throw FileError(path: path, attempt: "cannot write")
      }
      var isOpen = true
      defer { if isOpen { fclose(file) } }
      func put(_ bytes: UnsafeRawBufferPointer) throws {
        guard fwrite(bytes.baseAddress, 1, bytes.count, file) == bytes.count || bytes.isEmpty else {
          throw FileError(path: path, attempt: "cannot write")
        }
      }
      try withUnsafeBytes(of: UInt64(json.count).littleEndian) { try put($0) }
      try json.withUnsafeBytes { try put($0) }
      for name in names {
        let tensor = tensors[name]!
        let byteCount = tensor.count * tensor.dtype.byteCount
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 16)
        defer { block.deallocate() }
        tensor.copyBytes(to: block)
        try put(UnsafeRawBufferPointer(block))
      }
      isOpen = false
      guard fclose(file) == 0 else { throw FileError(path: path, attempt: "cannot write") }
    }
  }
}

// MARK: - Reading

extension Safetensors {
  /// The largest header that is read, in bytes; a state dict of a hundred thousand tensors fits.
  private static let maximalHeader = 32 << 20

  /// Reads a file; every size in it is checked against the file's before anything is allocated.
  ///
  /// - Throws: ``SafetensorsError`` where the file is torn or unsound, `FileError` where it cannot be read.
  public init(contentsOf path: String) throws {
    guard let file = fopen(path, "rb") else { throw FileError(path: path, attempt: "cannot read") }
    defer { fclose(file) }
    func fail(_ problem: String) -> SafetensorsError { .init(path: path, problem: problem) }
    func read(_ count: Int, _ what: String) throws -> Data {
      var data = Data(count: count)
      let got = data.withUnsafeMutableBytes { fread($0.baseAddress, 1, count, file) }
      guard got == count || count == 0 else {
        guard ferror(file) == 0 else { throw FileError(path: path, attempt: "cannot read") }
        throw fail("it ends inside \(what)")
      }
      return data
    }

    var status = stat()
    guard fstat(fileno(file), &status) == 0 else {
      throw FileError(path: path, attempt: "cannot read")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw FileError(path: path, attempt: "cannot read", reason: "it is no file")
    }
    let size = Int(status.st_size)
    guard size >= 8 else { throw fail("it has only \(size) bytes") }
    let length = try read(8, "the header's length").reversed().reduce(UInt64(0)) {
      $0 << 8 | UInt64($1)
    }
    guard length <= UInt64(min(size - 8, Self.maximalHeader)) else {
      throw fail("its header claims \(length) bytes")
    }
    let json = try read(Int(length), "the header")
    guard let header = try? JSONSerialization.jsonObject(with: json) as? [String: Any] else {
      throw fail("its header is no JSON object")
    }

    var entries: [Entry] = []
    var metadata: [String: String] = [:]
    for (name, value) in header {
      if name == "__metadata__" {
        guard let texts = value as? [String: String] else { throw fail("its metadata is no text") }
        metadata = texts
      } else {
        guard let entry = Entry(name: name, value: value) else {
          throw fail("the entry of \(name) is unsound")
        }
        entries.append(entry)
      }
    }
    entries.sort { ($0.start, $0.end) < ($1.start, $1.end) }
    var offset = 0
    for entry in entries {
      guard entry.start == offset, entry.end <= size - 8 - Int(length) else {
        throw fail("the bytes of \(entry.name) are not where the header says")
      }
      offset = entry.end
    }
    guard offset == size - 8 - Int(length) else {
      throw fail("it has \(size - 8 - Int(length)) bytes of data where the header says \(offset)")
    }
    var tensors: [String: Tensor] = [:]
    for entry in entries {
      let data = try read(entry.end - entry.start, entry.name)
      guard entry.dtype != .bool || data.allSatisfy({ $0 <= 1 }) else {
        throw fail("\(entry.name) holds bytes that are neither true nor false")
      }
      tensors[entry.name] = data.withUnsafeBytes {
        Tensor(bytes: $0, shape: entry.shape, dtype: entry.dtype)
      }
    }
    self.init(tensors: tensors, metadata: metadata)
  }

  /// A tensor's line in the header, sound in itself.
  private struct Entry {
    let name: String
    let dtype: DType
    let shape: [Int]
    let start: Int
    let end: Int

    init?(name: String, value: Any) {
      guard let value = value as? [String: Any],
        let dtype = (value["dtype"] as? String).flatMap(DType.init(safetensorsName:)),
        let shape = value["shape"] as? [Int], shape.count <= 16, shape.allSatisfy({ $0 >= 0 }),
        let offsets = value["data_offsets"] as? [Int], offsets.count == 2,
        0 <= offsets[0], offsets[0] <= offsets[1]
      else { return nil }
      // Extents are bounded as if none were 0: libtorch multiplies the others for its strides.
      var bound = dtype.byteCount
      for extent in shape {
        let (product, overflow) = bound.multipliedReportingOverflow(by: max(extent, 1))
        guard !overflow else { return nil }
        bound = product
      }
      let byteCount = shape.contains(0) ? 0 : bound
      guard byteCount == offsets[1] - offsets[0] else { return nil }
      (self.name, self.dtype, self.shape) = (name, dtype, shape)
      (start, end) = (offsets[0], offsets[1])
    }
  }
}

extension DType {
  fileprivate var safetensorsName: String {
    switch self {
    case .uint8: "U8"
    case .int8: "I8"
    case .int16: "I16"
    case .int32: "I32"
    case .int64: "I64"
    case .float16: "F16"
    case .float32: "F32"
    case .float64: "F64"
    case .bool: "BOOL"
    case .bfloat16: "BF16"
    }
  }

  fileprivate init?(safetensorsName name: String) {
    guard let dtype = DType.allCases.first(where: { $0.safetensorsName == name }) else {
      return nil
    }
    self = dtype
  }
}
