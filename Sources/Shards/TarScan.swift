import Foundation
import SafeFiles

/// One pass over the headers of a tar file. The content of members is not read.
///
/// Own code and not libarchive's: that library reads members in their order and does not tell where their bytes lie, and it
/// would be another library in the Python wheel.
struct TarScan {
  /// The maximum number of members of a shard.
  static let mostMembers = 10_000_000
  /// The maximum size of a pax or GNU header in bytes.
  private static let longestExtension = 1 << 20

  private(set) var members = ShardMembers()
  private(set) var remarks: [ShardRemark] = []
  private let path: String
  private var file: BufferedFile

  /// Reads the headers of the file at `file`.
  ///
  /// - Parameter path: the path by which messages name it.
  /// - Throws: ``ShardError`` if it cannot be read, is not a tar file, or has too many members.
  init(_ file: String, path: String) throws {
    self.path = path
    self.file = try BufferedFile(file, path: path)
    try scan()
  }

  private mutating func scan() throws {
    var offset = 0
    var extra = TarExtension()
    while offset < file.size {
      let header: TarHeader
      do {
        guard let block = try file.bytes(at: offset, count: TarHeader.blockSize) else {
          // The zeros at the end are not needed.
          let rest = try file.bytes(at: offset, count: file.size - offset) ?? []
          if rest.contains(where: { $0 != 0 }) { remark(.cutOff, "its last header") }
          return
        }
        header = try block.withUnsafeBytes { (bytes) throws(TarHeader.Problem) in
          try TarHeader(bytes)
        }
      } catch TarHeader.Problem.end {
        return
      } catch TarHeader.Problem.invalid {
        guard offset > 0 else { throw ShardError(path, "is not a tar file") }
        return remark(.damaged, "byte \(offset)")
      }
      offset += TarHeader.blockSize
      switch header.type {
      case UInt8(ascii: "x"), UInt8(ascii: "g"), UInt8(ascii: "L"), UInt8(ascii: "K"):
        guard header.size <= Self.longestExtension else {
          return remark(.damaged, "byte \(offset - TarHeader.blockSize)")
        }
        guard let content = try file.bytes(at: offset, count: header.size) else {
          return remark(.cutOff, "its last header")
        }
        if header.type == UInt8(ascii: "L") {
          extra.name = Array(content.prefix { $0 != 0 })
        } else if header.type == UInt8(ascii: "x"), !extra.read(pax: content) {
          return remark(.damaged, "byte \(offset - TarHeader.blockSize)")
        }
        offset += header.size.roundedToBlocks
      default:
        let name = extra.name ?? header.name
        var size = extra.size ?? header.size
        var isMoreSparse = header.hasMoreSparseBlocks
        while isMoreSparse {
          guard let block = try file.bytes(at: offset, count: TarHeader.blockSize) else {
            return remark(.cutOff, String(path: name))
          }
          isMoreSparse = block[block.startIndex + 504] != 0
          offset += TarHeader.blockSize
        }
        switch header.type {
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"):
          guard size <= file.size - offset else { return remark(.cutOff, String(path: name)) }
          if extra.isSparse {
            remark(.sparse, String(path: name))
          } else {
            try add(name, offset: offset, size: size)
          }
        case UInt8(ascii: "1")...UInt8(ascii: "6"):
          // Their size says nothing about the archive.
          size = 0
          if header.type != UInt8(ascii: "5") { remark(.notFiles, String(path: name)) }
        case UInt8(ascii: "S"): remark(.sparse, String(path: name))
        default: break
        }
        guard size <= file.size - offset else { return remark(.cutOff, String(path: name)) }
        offset += size.roundedToBlocks
        extra = TarExtension()
      }
    }
  }

  private mutating func add(_ name: [UInt8], offset: Int, size: Int) throws {
    // Old programs marked folders so.
    guard name.last != UInt8(ascii: "/") else { return }
    let parts = name.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    let isSafe =
      !name.isEmpty && name.count <= TarHeader.longestName && parts.first != []
      && !parts.contains(Array("..".utf8)[...]) && !String(path: name).hasControlCharacters
    guard isSafe else { return remark(.unsafeNames, String(path: name.prefix(200))) }
    let named = parts.filter { $0 != [] && $0 != [UInt8(ascii: ".")] }
    // Hidden files do not count in folders either; macOS puts one beside each file.
    guard !named.contains(where: { $0.first == UInt8(ascii: ".") }) else { return }
    guard members.count < Self.mostMembers else {
      throw ShardError(
        path, "has more than \(Format.grouped(Self.mostMembers)) members: split it into several")
    }
    members.append(
      name: Array(named.joined(separator: [UInt8(ascii: "/")]))[...], offset: offset, size: size)
  }

  private mutating func remark(_ kind: ShardRemark.Kind, _ first: String) {
    if let index = remarks.firstIndex(where: { $0.kind == kind }) {
      remarks[index].count += 1
    } else {
      remarks.append(ShardRemark(kind: kind, count: 1, first: first))
    }
  }
}

extension Int {
  /// The bytes that a content of this size takes in an archive.
  var roundedToBlocks: Int { (self + TarHeader.blockSize - 1) & ~(TarHeader.blockSize - 1) }
}

/// A file that is read in small pieces from front to back.
private struct BufferedFile {
  let size: Int
  private let path: String
  private let descriptor: Descriptor
  private var buffer: [UInt8] = []
  /// The place of the buffer in the file.
  private var start = 0

  private final class Descriptor {
    let number: Int32
    init(_ number: Int32) { self.number = number }
    deinit { close(number) }
  }

  init(_ file: String, path: String) throws(ShardError) {
    self.path = path
    let number = openFile(at: file, O_RDONLY)
    guard number >= 0 else {
      throw ShardError(path, "cannot be opened: \(String(cString: strerror(errno)))")
    }
    descriptor = Descriptor(number)
    size = fileStatus(at: file)?.size ?? 0
  }

  /// `count` bytes at `offset`; nil if the file ends before them.
  mutating func bytes(at offset: Int, count: Int) throws(ShardError) -> ArraySlice<UInt8>? {
    guard offset <= size - count else { return nil }
    if offset < start || offset + count > start + buffer.count {
      // Most contents are larger: more would be read in vain.
      let wanted = min(max(count, 4096), size - offset)
      let descriptor = descriptor.number
      var status = 0
      buffer = [UInt8](unsafeUninitializedCapacity: wanted) { bytes, filled in
        filled = 0
        repeat {
          status = pread(
            descriptor, bytes.baseAddress! + filled, wanted - filled, off_t(offset + filled))
          if status > 0 { filled += status }
        } while status > 0 && filled < wanted || status < 0 && errno == EINTR
      }
      start = offset
      guard status >= 0 else {
        throw ShardError(path, "cannot be read: \(String(cString: strerror(errno)))")
      }
      guard buffer.count >= count else { return nil }
    }
    return buffer[(offset - start)..<(offset - start + count)]
  }
}
