import Foundation
import KeyedRandom
import SafeFiles

/// What a file beside a shard, or in the cache, keeps of it: a line of JSON and the bytes of ``ShardMembers``.
struct ShardIndex {
  let remarks: [ShardRemark]
  let members: ShardMembers
  private let header: Header

  private struct Header: Codable {
    /// Other versions are not read.
    var version = 1
    /// The shard that it belongs to: its size in bytes and its time in seconds since 1970.
    let size: Int
    let modified: Double
    /// The size of the unpacked shard, if it is in gzip.
    let unpackedSize: Int?
    let members: Int
    let remarks: [ShardRemark]
    /// The length of what follows, and its hash.
    let length: Int
    let hash: String
  }

  init(
    _ status: FileStatus, unpackedSize: Int?, _ remarks: [ShardRemark], _ members: ShardMembers
  ) {
    self.remarks = remarks
    self.members = members
    header = Header(
      size: status.size, modified: status.modified, unpackedSize: unpackedSize,
      members: members.count, remarks: remarks, length: members.bytes.count,
      hash: hash(members.bytes))
  }

  /// Reads the index at `path`; nil if there is none, if it is damaged, or if it is not that of a shard with this status.
  ///
  /// - Parameter unpacked: the unpacked shard, if the shard is in gzip.
  init?(at path: String, of status: FileStatus, unpacked: String?) {
    guard let size = fileStatus(at: path)?.size, size <= 1 << 32,
      let data = try? readFile(at: path), let lineEnd = data.firstIndex(of: 0x0A),
      let header = try? JSON.decode(Header.self, from: data[..<lineEnd]),
      header.version == 1, header.size == status.size, header.modified == status.modified
    else { return nil }
    var fileSize = status.size
    if let unpacked {
      guard let size = fileStatus(at: unpacked)?.size, size == header.unpackedSize else {
        return nil
      }
      fileSize = size
    }
    let bytes = [UInt8](data[(lineEnd + 1)...])
    guard bytes.count == header.length, hash(bytes) == header.hash,
      let members = ShardMembers(bytes, count: header.members, fileSize: fileSize)
    else { return nil }
    self.header = header
    self.members = members
    remarks = header.remarks
  }

  func write(to path: String) throws {
    try replaceFile(at: path, with: JSON.lineEncoder.encode(header) + Data([0x0A]) + members.bytes)
  }
}

private func hash(_ bytes: [UInt8]) -> String {
  var hash = FNV1a()
  bytes.withUnsafeBufferPointer { hash.add($0) }
  return String(hash.value, radix: 16)
}
