import Foundation

// File names are bytes on Linux, which are usually but not always UTF-8. In this program, every path is a `String` in
// which a byte that is not UTF-8 is represented by a character of the private plane 16. Only the functions in this file
// make and read such characters. If a name contains them itself, their bytes are replaced one by one, so that different
// names stay different.

/// The character for byte 0x80; the characters for the bytes up to 0xFF follow.
private let firstEscape: UInt32 = 0x10FE80

/// The byte that a character of a path represents; nil for a character that represents itself.
private func escapedByte(_ scalar: Unicode.Scalar) -> UInt8? {
  guard (firstEscape...firstEscape + 0x7F).contains(scalar.value) else { return nil }
  return UInt8(scalar.value - firstEscape + 0x80)
}

extension String {
  /// The path with these bytes, which end before the first zero.
  public init(path bytes: some Collection<UInt8>) {
    let bytes = Array(bytes.prefix { $0 != 0 })
    if let text = String(validating: bytes, as: UTF8.self),
      !text.unicodeScalars.contains(where: { escapedByte($0) != nil })
    {
      self = text
      return
    }
    var scalars = String.UnicodeScalarView()
    var index = 0
    while index < bytes.count {
      let scalar = (1...4).lazy.compactMap { length -> Unicode.Scalar? in
        guard index + length <= bytes.count else { return nil }
        let text = String(validating: bytes[index..<index + length], as: UTF8.self)
        return text?.unicodeScalars.first
      }.first
      if let scalar, escapedByte(scalar) == nil {
        scalars.append(scalar)
        index += UTF8.width(scalar)
      } else {
        scalars.append(Unicode.Scalar(firstEscape + UInt32(bytes[index] & 0x7F))!)
        index += 1
      }
    }
    self = String(scalars)
  }

  /// The path in a C string.
  public init(path start: UnsafePointer<CChar>) {
    self.init(
      path: UnsafeBufferPointer(start: start, count: strlen(start)).map(UInt8.init(bitPattern:)))
  }

  /// The bytes of this path in the file system.
  public var pathBytes: [UInt8] {
    // The first byte of all characters in plane 16.
    guard utf8.contains(0xF4) else { return Array(utf8) }
    return unicodeScalars.flatMap { scalar in
      escapedByte(scalar).map { [$0] } ?? Array(UTF8.encode(scalar)!)
    }
  }

  /// Calls `body` with the bytes of this path, followed by a zero.
  ///
  /// - Throws: errors of `body`.
  public func withPathBytes<Result, Failure: Error>(
    _ body: (UnsafePointer<CChar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let bytes = pathBytes.map(CChar.init(bitPattern:)) + [0]
    var result: Swift.Result<Result, Failure>?
    bytes.withUnsafeBufferPointer { buffer in
      do throws(Failure) {
        result = .success(try body(buffer.baseAddress!))
      } catch {
        result = .failure(error)
      }
    }
    return try result!.get()
  }
}

extension Unicode.Scalar {
  /// The byte that the character represents in a path, such as `\xE9`; nil for a character that represents itself.
  public var pathEscape: String? {
    escapedByte(self).map { "\\x" + String($0, radix: 16, uppercase: true) }
  }
}
