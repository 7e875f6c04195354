import Foundation
import SafeFiles

/// Named tensors and text in the safetensors format: the length of the header in 8 bytes, a JSON header, then the
/// elements of all tensors without gaps.
public struct Safetensors: Sendable {
  /// The tensors, of any shape, by name.
  public var tensors: [String: Tensor]
  /// Text by name.
  public var metadata: [String: String]
  /// True if the file has a checksum. If all of it is read, its bytes are verified.
  ///
  /// The checksum is the CRC-32 of all bytes of the file, with zeros in place of its own eight hexadecimal digits. In the
  /// file it is the metadata entry `mosi_crc32`, which ``metadata`` omits.
  public var hasChecksum: Bool

  /// Tensors of any shape and text, by name.
  public init(
    tensors: [String: Tensor], metadata: [String: String] = [:], hasChecksum: Bool = false
  ) {
    self.tensors = tensors
    self.metadata = metadata
    self.hasChecksum = hasChecksum
  }
}

/// A file that is not a valid safetensors file.
public struct SafetensorsError: Error, Sendable, CustomStringConvertible {
  /// The path of the file.
  public let path: String
  /// What is wrong with it.
  public let problem: String

  /// An error about the file at `path`.
  public init(path: String, problem: String) {
    self.path = path
    self.problem = problem
  }

  public var description: String { "\(path) is not a readable safetensors file: \(problem)" }
}

// MARK: - Writing

extension Safetensors {
  /// Writes the file. An existing file at `path` is replaced only when the new one is complete.
  ///
  /// Tensors are sorted by the size of their elements, the largest first, then by name: equal contents give equal files,
  /// and all elements are aligned for readers that map the file.
  ///
  /// - Throws: `FileError`.
  public func write(to path: String) throws {
    let names = tensors.sorted { a, b in
      (b.value.dtype.byteCount, a.key) < (a.value.dtype.byteCount, b.key)
    }.map(\.key)
    var metadata = metadata
    if hasChecksum { metadata[ChecksumDigits.name] = ChecksumDigits.placeholder }
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
      let file = try OutputFile(temporary, for: path)
      var checksum = CRC32()
      func put(_ bytes: UnsafeRawBufferPointer) throws {
        if hasChecksum { checksum.add(bytes) }
        try file.put(bytes)
      }
      try withUnsafeBytes(of: UInt64(json.count).littleEndian) { try put($0) }
      try json.withUnsafeBytes { try put($0) }
      for name in names { try tensors[name]!.withElements { try put($0) } }
      if hasChecksum, let digits = ChecksumDigits(in: [UInt8](json)) {
        try file.replace(ChecksumDigits.text(checksum.value), at: 8 + digits.place.lowerBound)
      }
      try file.close()
    }
  }
}

// MARK: - Reading

extension Safetensors {
  /// The maximum size of a header in bytes; a state dict of a hundred thousand tensors fits.
  private static let maximalHeader = 32 << 20

  /// Reads a file. Every size in it is checked against the size of the file before memory is allocated.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - isWanted: returns false for the names of tensors to skip. If none is skipped, the checksum, if there is one, is
  ///     verified.
  /// - Throws: ``SafetensorsError`` if the file is damaged, `FileError` if it cannot be read.
  public init(contentsOf path: String, where isWanted: (_ name: String) -> Bool = { _ in true })
    throws
  {
    let file = try InputFile(path: path)
    do {
      let header = try Header(of: file)
      var tensors: [String: Tensor] = [:]
      // The checksum of the header so far; the entries follow in the order of their bytes, without gaps.
      var checksum = header.checksum?.ofHeader
      for entry in header.entries {
        guard isWanted(entry.summary.name) else {
          checksum = nil
          continue
        }
        let bytes = try file.read(entry.bytes)
        checksum?.add(bytes)
        guard entry.summary.dtype != .bool || bytes.allSatisfy({ $0 <= 1 }) else {
          throw Unsound("\(quoted(entry.summary.name)) holds bytes that are neither true nor false")
        }
        tensors[entry.summary.name] = bytes.withUnsafeBytes {
          Tensor(bytes: $0, shape: entry.summary.shape, dtype: entry.summary.dtype)
        }
      }
      if let checksum, checksum.value != header.checksum?.written {
        throw Unsound("its bytes have changed since it was written (the checksum differs)")
      }
      self.init(
        tensors: tensors, metadata: header.metadata, hasChecksum: header.checksum != nil)
    } catch let error as Unsound {
      throw SafetensorsError(path: path, problem: error.problem)
    }
  }

  /// The names, types and shapes of a file's tensors, in the order of their elements, and its metadata. No elements are
  /// read.
  ///
  /// - Throws: ``SafetensorsError``, `FileError`.
  public static func summary(of path: String) throws -> (
    tensors: [TensorSummary], metadata: [String: String]
  ) {
    let file = try InputFile(path: path)
    do {
      let header = try Header(of: file)
      return (header.entries.map(\.summary), header.metadata)
    } catch let error as Unsound {
      throw SafetensorsError(path: path, problem: error.problem)
    }
  }

  /// True if the first bytes of a file are those of a safetensors file, even if it is damaged.
  ///
  /// - Throws: `FileError`, also if it is not a regular file.
  public static func recognizes(_ path: String) throws -> Bool {
    let file = try InputFile(path: path)
    // The header follows its length.
    let start = try file.read(0..<min(file.size, 9))
    return start.count < 9 || start[8] == UInt8(ascii: "{") || start[7] == 0
  }

  /// The header of a file, checked against the size of the file.
  private struct Header {
    /// The entries in the order of their bytes, which have no gaps.
    let entries: [Entry]
    let metadata: [String: String]
    /// The content of the header, and the checksum of the header's bytes including those of its length; nil if it has
    /// none.
    let checksum: (written: UInt32, ofHeader: CRC32)?

    init(of file: InputFile) throws {
      guard file.size >= 8 else { throw Unsound("it has only \(file.size) bytes") }
      let lengthBytes = try file.read(0..<8)
      var cursor = ByteCursor(lengthBytes)
      let length = cursor.integer(UInt64.self)!
      guard length <= UInt64(min(file.size - 8, maximalHeader)) else {
        throw Unsound("its header claims \(length) bytes")
      }
      let dataStart = 8 + Int(length)
      let json = try file.read(8..<dataStart)
      guard let header = try? JSONSerialization.jsonObject(with: Data(json)) as? [String: Any]
      else {
        throw Unsound("its header is not a JSON object")
      }
      guard json.keyCount == Self.keyCount(header) else {
        throw Unsound("its header has a duplicate key")
      }

      var entries: [Entry] = []
      var metadata: [String: String] = [:]
      for (name, value) in header {
        if name == "__metadata__" {
          guard let texts = value as? [String: String] else {
            throw Unsound("its metadata is not text")
          }
          metadata = texts
        } else {
          if let type = (value as? [String: Any])?["dtype"] as? String,
            DType(safetensorsName: type) == nil
          {
            throw Unsound("it stores \(quoted(name)) as \(quoted(type)), which is not supported")
          }
          guard let entry = Entry(name: name, value: value, dataStart: dataStart) else {
            throw Unsound("the entry of \(quoted(name)) is invalid")
          }
          entries.append(entry)
        }
      }
      entries.sort {
        ($0.bytes.lowerBound, $0.bytes.upperBound, $0.summary.name)
          < ($1.bytes.lowerBound, $1.bytes.upperBound, $1.summary.name)
      }
      var offset = dataStart
      for entry in entries {
        guard entry.bytes.lowerBound == offset, entry.bytes.upperBound <= file.size else {
          throw Unsound("the bytes of \(quoted(entry.summary.name)) are not where the header says")
        }
        offset = entry.bytes.upperBound
      }
      guard offset == file.size else {
        throw Unsound(
          "it has \(file.size - dataStart) bytes of data instead of \(offset - dataStart)"
        )
      }
      if metadata.removeValue(forKey: ChecksumDigits.name) != nil,
        let digits = ChecksumDigits(in: json)
      {
        var ofHeader = CRC32()
        ofHeader.add(lengthBytes)
        ofHeader.add(digits.replaced(in: json))
        checksum = (digits.value, ofHeader)
      } else {
        checksum = nil
      }
      self.entries = entries
      self.metadata = metadata
    }

    /// The number of keys in a JSON value and all values below it.
    private static func keyCount(_ value: Any) -> Int {
      if let object = value as? [String: Any] {
        return object.values.reduce(object.count) { $0 + keyCount($1) }
      }
      return (value as? [Any])?.reduce(0) { $0 + keyCount($1) } ?? 0
    }
  }

  /// The entry of a tensor in the header, checked for consistency.
  private struct Entry {
    let summary: TensorSummary
    /// The range of its elements in the file.
    let bytes: Range<Int>

    init?(name: String, value: Any, dataStart: Int) {
      guard let value = value as? [String: Any],
        let dtype = (value["dtype"] as? String).flatMap(DType.init(safetensorsName:)),
        let shape = value["shape"] as? [Int], shape.count <= 16, shape.allSatisfy({ $0 >= 0 }),
        let offsets = value["data_offsets"] as? [Int], offsets.count == 2,
        0 <= offsets[0], offsets[0] <= offsets[1], offsets[1] <= Int.max - dataStart
      else { return nil }
      // Treat sizes of 0 as 1 in this check: libtorch multiplies the others to compute strides.
      var bound = dtype.byteCount
      for extent in shape {
        let (product, overflow) = bound.multipliedReportingOverflow(by: max(extent, 1))
        guard !overflow else { return nil }
        bound = product
      }
      let byteCount = shape.contains(0) ? 0 : bound
      guard byteCount == offsets[1] - offsets[0] else { return nil }
      summary = TensorSummary(name: name, dtype: dtype, shape: shape)
      bytes = (dataStart + offsets[0])..<(dataStart + offsets[1])
    }
  }
}

/// The checksum in the text of a header, `"mosi_crc32":"8c736521"`.
private struct ChecksumDigits {
  static let name = "mosi_crc32"
  static let placeholder = "00000000"

  /// The positions of the digits in the text.
  let place: Range<Int>
  let value: UInt32

  /// Nil if the text contains none. No value in the metadata can be mistaken for it, because quotation marks in values
  /// are escaped.
  init?(in json: [UInt8]) {
    let key = [UInt8]("\"\(Self.name)\":\"".utf8)
    let last = json.count - key.count - Self.placeholder.utf8.count
    guard last >= 0, let start = (0...last).first(where: { json[$0...].starts(with: key) }) else {
      return nil
    }
    place = start + key.count..<start + key.count + Self.placeholder.utf8.count
    guard let value = UInt32(String(decoding: json[place], as: UTF8.self), radix: 16),
      // Reject other spellings of the number, such as capital letters.
      Self.text(value) == Array(json[place])
    else { return nil }
    self.value = value
  }

  func replaced(in json: [UInt8]) -> [UInt8] {
    var json = json
    json.replaceSubrange(place, with: Self.placeholder.utf8)
    return json
  }

  static func text(_ checksum: UInt32) -> [UInt8] {
    let digits = String(checksum, radix: 16)
    return [UInt8]((placeholder.dropLast(digits.count) + digits).utf8)
  }
}

extension [UInt8] {
  /// The number of keys in valid JSON text: the number of colons outside strings.
  fileprivate var keyCount: Int {
    var count = 0
    var isInString = false
    var isEscaped = false
    for byte in self {
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\"") {
        isInString.toggle()
      } else if isInString {
        isEscaped = byte == UInt8(ascii: "\\")
      } else if byte == UInt8(ascii: ":") {
        count += 1
      }
    }
    return count
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
