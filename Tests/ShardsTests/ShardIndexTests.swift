import Foundation
import SafeFiles
import Shards
import TestSupport
import Testing

/// What is kept of shards between starts. Serialized, for the cache's folder is a variable of the process.
@Suite(.serialized) final class ShardIndexTests {
  let folder: ScratchFolder

  init() throws {
    folder = try ScratchFolder()
    setenv("XDG_CACHE_HOME", folder.path + "/cache", 1)
  }

  deinit { unsetenv("XDG_CACHE_HOME") }

  private func write(_ names: String..., to file: String = "d/a.tar") throws -> String {
    let path = folder.file(file)
    let writer = try TarWriter(path)
    for name in names { try writer.add(name, Array(name.utf8)) }
    try writer.finish()
    return path
  }

  private func names(_ path: String) throws -> [String] {
    var names: [String] = []
    try Shard(at: path).forEachMember { name, _, _ in
      names.append(String(decoding: name, as: UTF8.self))
    }
    return names
  }

  private func setTime(_ path: String, _ seconds: Int) {
    var times = [timeval(tv_sec: seconds, tv_usec: 0), timeval(tv_sec: seconds, tv_usec: 0)]
    utimes(path, &times)
  }

  @Test func indexLiesBesideTheShardAndIsUsed() throws {
    let path = try write("a.jpg", "b.jpg")
    #expect(try names(path) == ["a.jpg", "b.jpg"])
    #expect(folder.names(in: "d") == ["a.tar", "a.tar.mosi-index"])
    // Another archive of the same size and time: the index speaks, not the shard.
    setTime(path, 1_000_000)
    #expect(try names(path) == ["a.jpg", "b.jpg"])
    _ = try write("c.jpg", "d.jpg")
    setTime(path, 1_000_000)
    #expect(try names(path) == ["a.jpg", "b.jpg"])
    // Another time makes it another shard.
    setTime(path, 1_000_001)
    #expect(try names(path) == ["c.jpg", "d.jpg"])
    _ = try write("c.jpg", "d.jpg", "e.jpg")
    setTime(path, 1_000_001)
    #expect(try names(path) == ["c.jpg", "d.jpg", "e.jpg"])
  }

  /// Every byte that is changed, and every length that it is cut to, is noticed.
  @Test func damagedIndexIsMadeAnew() throws {
    let path = try write("a.jpg", "b.jpg")
    _ = try names(path)
    let index = path + ".mosi-index"
    let good = Array(try readFile(at: index))
    for place in stride(from: 0, to: good.count, by: 7) {
      var bad = good
      bad[place] ^= 0x15
      try replaceFile(at: index, with: Data(bad))
      #expect(try names(path) == ["a.jpg", "b.jpg"], "byte \(place)")
      try replaceFile(at: index, with: Data(good[..<place]))
      #expect(try names(path) == ["a.jpg", "b.jpg"], "cut to \(place)")
      #expect(Array(try readFile(at: index)) == good)
    }
  }

  /// The index of a stranger may have a right hash.
  @Test func indexThatLeadsOutOfTheShardIsNotUsed() throws {
    let path = try write("a.jpg")
    _ = try names(path)
    let index = path + ".mosi-index"
    let text = Array(try readFile(at: index))
    // The member's size, in the byte after that of its place, 512 in two.
    let start = text.firstIndex(of: 0x0A)! + 1
    var bytes = Array(text[start...])
    #expect(Array(bytes.prefix(4)) == [0x80, 0x04, 5, 5])
    bytes.replaceSubrange(2..<3, with: [0xFF, 0xFF, 0xFF, 0x7F])
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    var header = String(decoding: text[..<start], as: UTF8.self)
    header.replace(/"hash":"[0-9a-f]+"/, with: "\"hash\":\"\(String(hash, radix: 16))\"")
    header.replace(/"length":[0-9]+/, with: "\"length\":\(bytes.count)")
    try replaceFile(at: index, with: Data(header.utf8) + bytes)
    #expect(try names(path) == ["a.jpg"])
    #expect(Array(try readFile(at: index)) == text)
  }

  @Test func remarksAreKept() throws {
    var tar = TarBytes()
    tar.member("../a.jpg", "x")
    tar.end()
    let path = try folder.write(tar.bytes, to: "d/a.tar")
    let first = try Shard(at: path).remarks
    #expect(first.map(\.kind) == [.unsafeNames])
    #expect(folder.exists("d/a.tar.mosi-index"))
    #expect(try Shard(at: path).remarks == first)
  }

  @Test func indexGoesToTheCacheIfTheFolderCannotBeWritten() throws {
    let path = try write("a.jpg")
    // Root may write everywhere: a folder in the index's place stands in for that.
    try makeFolder(at: path + ".mosi-index/x")
    #expect(try names(path) == ["a.jpg"])
    #expect(
      folder.names(in: "cache/mosi/shards").filter { $0.hasSuffix("a.tar.mosi-index") }.count == 1)
    setTime(path, 1_000_000)
    _ = try names(path)
    _ = try write("b.jpg")
    setTime(path, 1_000_000)
    #expect(try names(path) == ["a.jpg"])
    // Nor can the cache: it works all the same.
    setenv("XDG_CACHE_HOME", "/dev/null/cache", 1)
    #expect(try names(path) == ["b.jpg"])
  }

  // MARK: gzip

  private func gzip(_ path: String) throws {
    try output(of: "/bin/sh", ["-c", "gzip -nf \"$0\"", path])
  }

  @Test func shardsInGzipAreUnpackedOnce() throws {
    let plain = try write("a.jpg", "b.jpg")
    try gzip(plain)
    let path = plain + ".gz"
    let shard = try Shard(at: path)
    #expect(try names(path) == ["a.jpg", "b.jpg"])
    #expect(shard.file.hasPrefix(folder.path + "/cache/mosi/shards/"))
    #expect(folder.names(in: "d") == ["a.tar.gz"])
    // Not again, until it changes.
    let before = fileStatus(at: shard.file)
    _ = try Shard(at: path)
    #expect(fileStatus(at: shard.file) == before)
    try gzip(try write("c.jpg"))
    setTime(path, 1_000_000)
    #expect(try names(path) == ["c.jpg"])
    // Nor is a copy used that was cut off.
    try replaceFile(at: shard.file, with: Data(try readFile(at: shard.file).prefix(700)))
    #expect(try names(path) == ["c.jpg"])
  }

  @Test func damagedGzipIsRefused() throws {
    let plain = try write("a.jpg", "b.jpg")
    try gzip(plain)
    let path = plain + ".gz"
    let good = Array(try readFile(at: path))
    try replaceFile(at: path, with: Data(good[..<(good.count / 2)]))
    #expect(complaint { _ = try Shard(at: path) }.hasPrefix("\(path) is damaged or cut off"))
    var bad = good
    bad[good.count - 6] ^= 1
    try replaceFile(at: path, with: Data(bad))
    #expect(complaint { _ = try Shard(at: path) }.hasPrefix("\(path) is damaged or cut off"))
    // Nothing is left of it.
    #expect(folder.names(in: "cache/mosi/shards").allSatisfy { $0.hasSuffix(".lock") })
    setenv("XDG_CACHE_HOME", "/dev/null/cache", 1)
    try replaceFile(at: path, with: Data(good))
    #expect(complaint { _ = try Shard(at: path) }.hasPrefix("\(path) must be unpacked into"))
  }

  // MARK: Names

  @Test func rangesInBracesAreWrittenOut() {
    #expect(
      expandingBraces(in: "a-{08..11}.tar") == ["a-08.tar", "a-09.tar", "a-10.tar", "a-11.tar"])
    #expect(expandingBraces(in: "{1..2}/{3..2}") == ["1/3", "1/2", "2/3", "2/2"])
    #expect(expandingBraces(in: "{a..b}{}{1..}{1.2}{0..0}x") == ["{a..b}{}{1..}{1.2}0x"])
    for name in ["", "a", "{", "}", "{1..2", "{-1..2}", "{1,2}", "{9999999999..1}"] {
      #expect(expandingBraces(in: name) == [name])
    }
    #expect(expandingBraces(in: "{0..999999}")?.count == 1_000_000)
    #expect(expandingBraces(in: "{0..1000000}") == nil)
    #expect(expandingBraces(in: "{0..99999}{0..99999}{0..99999}{0..99999}") == nil)
  }

  @Test func shardsAreKnownByTheirNames() {
    for name in ["a.tar", "d/b.TAR", "c.tar.gz", "c.tgz"] { #expect(Shard.isNamed(like: name)) }
    for name in ["", ".tar", "tar", "a.tar.mosi-index", "a.gz", "a.zip", "a.jpg"] {
      #expect(!Shard.isNamed(like: name))
    }
  }
}
