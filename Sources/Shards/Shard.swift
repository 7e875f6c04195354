import Foundation
import KeyedRandom
import SafeFiles

/// A tar file of pictures or videos, as the library WebDataset names them, with the places of its members.
///
/// The places are kept in an index beside the shard, or in ``cacheFolder`` if nothing can be written there. A shard that has
/// changed since, by its size or time, is read again, and so is one with a damaged index. A shard in gzip is unpacked into the
/// cache once, for it cannot be read from the middle: pictures and videos hardly get smaller by gzip.
public struct Shard: Sendable {
  /// The path by which it was named.
  public let path: String
  /// The file in which the members lie: the shard, or what it was unpacked to.
  public let file: String
  /// What its owner should know.
  public let remarks: [ShardRemark]
  private let members: ShardMembers

  /// The number of its members.
  public var count: Int { members.count }

  /// Whether the file is a shard by its name: `.tar`, `.tar.gz` or `.tgz`.
  public static func isNamed(like path: String) -> Bool {
    let name = path.lowercased()
    return [".tar", ".tar.gz", ".tgz"].contains { name.hasSuffix($0) && name.count > $0.count }
  }

  /// Reads the index of a shard, or makes it.
  ///
  /// - Throws: ``ShardError`` if the shard cannot be read, is not a tar file, or cannot be unpacked.
  public init(at path: String) throws {
    guard let status = fileStatus(at: path) else {
      throw ShardError(path, "cannot be read: \(String(cString: strerror(errno)))")
    }
    guard status.kind == .file else { throw ShardError(path, "is not a file") }
    if let problem = standIn(at: path) { throw ShardError(path, problem) }
    self.path = path
    let cached = Self.cacheFolder + "/" + Self.cacheName(of: path)
    let isCompressed = try isGzip(path)
    let places = isCompressed ? [cached] : [path, cached]
    for place in places.map({ $0 + Self.indexEnding }) {
      guard let index = ShardIndex(at: place, of: status, unpacked: isCompressed ? cached : nil)
      else { continue }
      (file, remarks, members) = (isCompressed ? cached : path, index.remarks, index.members)
      return
    }
    file = isCompressed ? cached : path
    if isCompressed { try Self.unpack(path, to: cached, of: status) }
    let scan = try TarScan(file, path: path)
    (remarks, members) = (scan.remarks, scan.members)
    // What was read while it was written would be kept for good.
    guard fileStatus(at: path) == status else { return }
    let index = ShardIndex(
      status, unpackedSize: isCompressed ? fileStatus(at: cached)?.size : nil, remarks, members)
    for place in places {
      if place == cached { try? makeFolder(at: Self.cacheFolder) }
      // Without an index the shard is read again each time, which only takes time.
      if (try? index.write(to: place + Self.indexEnding)) != nil { return }
    }
  }

  /// Calls `body` with each member in the order of the archive: its name as bytes, where it begins in ``file``, and its
  /// size, both in bytes.
  public func forEachMember(
    _ body: (_ name: ArraySlice<UInt8>, _ offset: Int, _ size: Int) throws -> Void
  ) rethrows {
    try members.forEachWhile { name, offset, size in
      try body(name, offset, size)
      return true
    }
  }

  // MARK: Places

  private static let indexEnding = ".mosi-index"

  /// The folder of indices and unpacked shards: `mosi/shards` in `XDG_CACHE_HOME`, which is `~/.cache` unless it is set.
  public static var cacheFolder: String {
    func variable(_ name: String) -> String? {
      getenv(name).map { String(path: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
    }
    let caches =
      variable("XDG_CACHE_HOME") ?? variable("HOME").map { $0 + "/.cache" } ?? "/tmp/mosi-cache"
    return caches + "/mosi/shards"
  }

  /// The name of a shard in the cache: no other shard on this machine has it.
  private static func cacheName(of path: String) -> String {
    let real = realPath(of: path)
    var hash = FNV1a()
    hash.add(real.utf8)
    let digits = String(hash.value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits + "-" + PathParts(real).name
  }

  /// Unpacks the shard at `path` unless another process has just done it.
  private static func unpack(_ path: String, to target: String, of status: FileStatus) throws {
    do {
      try makeFolder(at: cacheFolder)
      try withLock(at: target + ".lock") {
        let isThere =
          ShardIndex(at: target + indexEnding, of: status, unpacked: target) != nil
        if !isThere { try gunzip(path, to: target, compressedSize: status.size) }
      }
    } catch let error as FileError {
      throw ShardError(
        path,
        "must be unpacked into \(cacheFolder), which fails: \(error.reason); unpack it with gunzip, or name another "
          + "folder with XDG_CACHE_HOME")
    }
  }
}

/// Keeps other processes out of `body` while it runs.
private func withLock(at path: String, _ body: () throws -> Void) throws {
  let descriptor = openFile(at: path, O_RDWR | O_CREAT)
  guard descriptor >= 0 else { throw FileError(path: path, attempt: "cannot write") }
  defer { close(descriptor) }
  // Some file systems cannot lock; what is written takes its place whole in any case.
  while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
  try body()
}
