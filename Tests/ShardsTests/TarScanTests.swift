import Foundation
import KeyedRandom
import SafeFiles
import Shards
import TestSupport
import Testing

/// What is read of archives, those of strangers too.
@Suite struct TarScanTests {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func shard(_ make: (inout TarBytes) -> Void) throws -> Shard {
    var tar = TarBytes()
    make(&tar)
    return try shard(tar.bytes)
  }

  private func shard(_ bytes: [UInt8]) throws -> Shard {
    let path = try folder.write(bytes, to: "\(UUID().uuidString).tar")
    return try Shard(at: path)
  }

  /// The members' names, each with its content.
  private func members(_ shard: Shard) throws -> [String] {
    let content = try readFile(at: shard.file)
    var found: [String] = []
    shard.forEachMember { name, offset, size in
      found.append(
        String(decoding: name, as: UTF8.self) + "="
          + String(decoding: content[offset..<(offset + size)], as: UTF8.self))
    }
    return found
  }

  // MARK: Formats

  @Test func membersOfAllFormatsAreFound() throws {
    let long = String(repeating: "long/", count: 30) + "name.jpg"
    let shard = try shard { tar in
      tar.member("a.jpg", "one")
      tar.member("b.jpg", "two", prefix: "folder/of/it")
      tar.member("old.jpg", "three", type: "\0", magic: "")
      tar.member("gnu.jpg", "four", magic: "ustar  ", prefix: "not a prefix")
      tar.member("././@LongLink", long + "\0", type: "L", magic: "ustar  ")
      tar.member("long/long", "five", magic: "ustar  ")
      tar.pax("path=pax/é.jpg", "mtime=12.5", "SCHILY.xattr.x=a=b\nc")
      tar.member("pax/__", "six")
      tar.pax("size=5")
      tar.header("sized.jpg", size: octal(0))
      tar.content(Array("seven".utf8))
      tar.header("binary.jpg", size: binary(5))
      tar.content(Array("eight".utf8))
      tar.member("PaxHeader/g", "20 comment=whatever\n", type: "g")
      tar.member("./here/./c.jpg", "nine")
      tar.member("empty.jpg", "")
      tar.end()
      tar.member("after the end.jpg", "ten")
    }
    #expect(
      try members(shard) == [
        "a.jpg=one", "folder/of/it/b.jpg=two", "old.jpg=three", "gnu.jpg=four", "\(long)=five",
        "pax/é.jpg=six", "sized.jpg=seven", "binary.jpg=eight", "here/c.jpg=nine", "empty.jpg=",
      ])
    #expect(shard.remarks.isEmpty && shard.count == 10)
  }

  /// Names longer than a header's field, and large sizes, as we write them ourselves.
  @Test func whatWeWriteIsRead() throws {
    let long = String(repeating: "é", count: 200) + ".jpg"
    let path = folder.file("own.tar")
    let writer = try TarWriter(path)
    try writer.add("a.jpg", Array("one".utf8))
    try writer.add(long, [])
    try writer.add(String(repeating: "x", count: 100), Array(repeating: 7, count: 512))
    let expected = writer.size
    try writer.finish()
    #expect(
      expected == TarWriter.size(ofMember: "a.jpg", size: 3)
        + TarWriter.size(ofMember: long, size: 0)
        + TarWriter.size(ofMember: String(repeating: "x", count: 100), size: 512))
    let shard = try Shard(at: path)
    var sizes: [String: Int] = [:]
    shard.forEachMember { sizes[String(decoding: $0, as: UTF8.self)] = $2 }
    #expect(sizes == ["a.jpg": 3, long: 0, String(repeating: "x", count: 100): 512])
  }

  // MARK: What is skipped

  @Test func namesThatLeadElsewhereAreSkipped() throws {
    let shard = try shard { tar in
      tar.member("/etc/passwd.jpg", "x")
      tar.member("../up.jpg", "x")
      tar.member("a/../../up.jpg", "x")
      tar.member("a\u{1B}[2J.jpg", "x")
      tar.member("a\nb.jpg", "x")
      tar.pax("path=" + String(repeating: "y", count: 4097))
      tar.member("short.jpg", "x")
      tar.member("good.jpg", "x")
      tar.member(".hidden.jpg", "x")
      tar.member("__MACOSX/._good.jpg", "x")
      tar.member("a..b.jpg", "x")
      tar.end()
    }
    #expect(try members(shard) == ["good.jpg=x", "a..b.jpg=x"])
    #expect(
      shard.remarks.map { $0.sentence("s.tar") } == [
        "s.tar: 6 members skipped: names must be relative, without .. and at most 4096 bytes long "
          + "(the first: /etc/passwd.jpg)"
      ])
  }

  @Test func linksDevicesAndSparseFilesAreSkipped() throws {
    let shard = try shard { tar in
      // Links and devices have no content, whatever their size says.
      for type in "12346" { tar.header("link\(type).jpg", size: octal(700), type: type) }
      tar.header("folder", size: octal(99), type: "5")
      tar.member("old folder/", "", type: "\0")
      tar.header("sparse.jpg", size: octal(3), type: "S", magic: "ustar  ", isExtended: true)
      var map = [UInt8](repeating: 0, count: 512)
      map[504] = 1
      tar.content(map)
      tar.content([UInt8](repeating: 1, count: 500))
      tar.content(Array("abc".utf8))
      tar.pax("GNU.sparse.major=1", "GNU.sparse.name=x.jpg", "GNU.sparse.realsize=9999999")
      tar.member("GNUSparseFile.0/x.jpg", "map and data")
      tar.member("of a later standard", "content", type: "Z")
      tar.member("good.jpg", "x")
      tar.end()
    }
    #expect(try members(shard) == ["good.jpg=x"])
    #expect(
      shard.remarks.map { $0.sentence("s.tar") } == [
        "s.tar: 5 members skipped: links and devices are not read (the first: link1.jpg)",
        "s.tar: 2 members skipped: sparse files are not read (the first: sparse.jpg)",
      ])
  }

  // MARK: Damage

  /// Each is an archive whose first member is good, and what is said of it.
  @Test(arguments: [
    (binary(first: 0xFF, .max), "damaged at byte 1024"),
    (binary(1 << 62), "damaged at byte 1024"), (binary(.max), "damaged at byte 1024"),
    (binary(1 << 40), "cut off in bad.jpg"), (octal(1 << 32), "cut off in bad.jpg"),
    (Array("7777777777z".utf8), "damaged at byte 1024"),
    (Array("-0000000001".utf8), "damaged at byte 1024"),
  ])
  func sizesBeyondTheFileEndTheArchive(size: [UInt8], problem: String) throws {
    let shard = try shard { tar in
      tar.member("good.jpg", "x")
      tar.header("bad.jpg", size: size)
      tar.content(Array("content".utf8))
      tar.end()
    }
    #expect(try members(shard) == ["good.jpg=x"])
    #expect(
      shard.remarks.map { $0.sentence("s.tar") }
        == ["s.tar: it is \(problem); the members before it are used"])
  }

  @Test(arguments: [
    "9999999 path=x\n", "0 path=x\n", "9 path=x", "path=x\n", "8 pathx\n", "-9 path=x\n",
    "99999999999999999999 path=x\n", "11 size=-1\n",
  ])
  func malformedPaxHeadersEndTheArchive(text: String) throws {
    let shard = try shard { tar in
      tar.member("good.jpg", "x")
      tar.member("PaxHeader/x", text, type: "x")
      tar.member("bad.jpg", "x")
      tar.end()
    }
    #expect(try members(shard) == ["good.jpg=x"])
    #expect(shard.remarks.map(\.kind) == [.damaged])
  }

  @Test func hugeExtensionsAreNotLoaded() throws {
    for type in ["x", "L", "g", "K"] as [Character] {
      let shard = try shard { tar in
        tar.member("good.jpg", "x")
        tar.header("huge", size: binary(1 << 40), type: type)
        tar.end()
      }
      #expect(try members(shard) == ["good.jpg=x"] && shard.remarks.map(\.kind) == [.damaged])
    }
  }

  @Test func truncatedArchivesGiveTheirWholeMembers() throws {
    var tar = TarBytes()
    for index in 0..<3 { tar.member("\(index).jpg", String(repeating: "x", count: 700)) }
    tar.end()
    for length in stride(from: 512, through: tar.bytes.count, by: 100) {
      let shard = try shard(Array(tar.bytes[..<length]))
      // A header and two blocks each.
      let whole = (0..<3).filter { length >= $0 * 1536 + 512 + 700 }.count
      #expect(shard.count == whole, "\(length) bytes")
      let isCut = length < 3 * 1536 && length % 1536 > 0 && length % 1536 < 512 + 700
      #expect(shard.remarks.map(\.kind) == (isCut ? [.cutOff] : []), "\(length) bytes")
    }
  }

  @Test func whatIsNoArchiveIsRefused() throws {
    for bytes in [Array("<html>not found</html>".utf8), [UInt8](repeating: 65, count: 2000)] {
      let path = try folder.write(bytes, to: "page.tar")
      let text = complaint { _ = try Shard(at: path) }
      #expect(bytes.count < 512 || text == "\(path) is not a tar file")
    }
    let empty = try folder.write("", to: "empty.tar")
    #expect(complaint { _ = try Shard(at: empty) } == "\(empty) is empty")
    let gone = folder.file("gone.tar")
    #expect(
      complaint { _ = try Shard(at: gone) } == "\(gone) cannot be read: No such file or directory")
    #expect(complaint { _ = try Shard(at: folder.path) } == "\(folder.path) is not a file")
  }

  /// Bytes changed at random: whatever is found lies in the file.
  @Test func changedBytesLeadNowhere() throws {
    var tar = TarBytes()
    tar.member("a.jpg", "one")
    tar.pax("path=p.jpg", "size=3")
    tar.member("b.jpg", "two")
    tar.member("././@LongLink", "long name.jpg\0", type: "L", magic: "ustar  ")
    tar.member("c", "three", magic: "ustar  ")
    tar.end()
    var generator = KeyedGenerator(18)
    for _ in 0..<200 {
      var bytes = tar.bytes
      for _ in 0...generator.integer(below: 3) {
        bytes[generator.integer(below: bytes.count)] = UInt8(generator.integer(below: 256))
      }
      // A right checksum lets the change through.
      for start in stride(from: 0, to: bytes.count - 511, by: 512) where bytes[start + 257] == 0x75
      {
        bytes.replaceSubrange(start + 148..<start + 156, with: Array(repeating: 0x20, count: 8))
        let sum = String(bytes[start..<start + 512].reduce(0) { $0 + Int($1) }, radix: 8)
        bytes.replaceSubrange(
          start + 148..<start + 156,
          with: Array((String(repeating: "0", count: 6 - sum.count) + sum).utf8) + [0, 0x20])
      }
      guard let shard = try? shard(bytes) else { continue }
      shard.forEachMember { name, offset, size in
        #expect(!name.isEmpty && offset >= 512 && size >= 0 && offset + size <= bytes.count)
      }
      for file in folder.names() { removeFile(at: folder.file(file)) }
    }
  }
}
