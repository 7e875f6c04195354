import Foundation

// Names of files are bytes on Linux: mostly UTF-8, sometimes not. In this program every path is a `String`, in which a byte
// that is not UTF-8 is a character of its own, from the private plane 16. Only the functions here make and read such
// characters. A name that holds them itself has their bytes replaced one by one, so that different names stay different.

/// What stands for the byte 0x80; the bytes up to 0xFF follow.
private let firstEscape: UInt32 = 0x10FE80

/// The byte that a character of a path stands for; nil for one that is itself.
private func escapedByte(_ scalar: Unicode.Scalar) -> UInt8? {
  guard (firstEscape...firstEscape + 0x7F).contains(scalar.value) else { return nil }
  return UInt8(scalar.value - firstEscape + 0x80)
}

extension String {
  /// The path that the system knows by these bytes, which end before the first zero.
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

  /// The path in a string of C's.
  public init(path start: UnsafePointer<CChar>) {
    self.init(
      path: UnsafeBufferPointer(start: start, count: strlen(start)).map(UInt8.init(bitPattern:)))
  }

  /// Calls `body` with the bytes by which the system knows this path, and a zero.
  public func withPathBytes<Result, Failure: Error>(
    _ body: (UnsafePointer<CChar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var bytes: [CChar] = []
    // The first byte of all characters of plane 16.
    if utf8.contains(0xF4) {
      for scalar in unicodeScalars {
        if let byte = escapedByte(scalar) {
          bytes.append(CChar(bitPattern: byte))
        } else {
          bytes += UTF8.encode(scalar)!.map(CChar.init(bitPattern:))
        }
      }
    } else {
      bytes = utf8.map(CChar.init(bitPattern:))
    }
    bytes.append(0)
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
  /// The byte for which it stands in a path, as `\xE9`; nil for a character that is itself.
  public var pathEscape: String? {
    escapedByte(self).map { "\\x" + String($0, radix: 16, uppercase: true) }
  }
}
