import Foundation
import SafeFiles
import TestSupport
import Testing

@Suite struct PathBytesTests {
  private func bytes(_ path: String) -> [UInt8] {
    path.withPathBytes { start in
      var (bytes, index): ([UInt8], Int) = ([], 0)
      while start[index] != 0 {
        bytes.append(UInt8(bitPattern: start[index]))
        index += 1
      }
      return bytes
    }
  }

  @Test func textIsItself() {
    for name in ["", "a/b.jpg", "Übung 日本 🎬.mp4", "e\u{301}"] {
      #expect(String(path: Array(name.utf8)) == name)
      #expect(bytes(name) == Array(name.utf8))
    }
  }

  /// Latin-1, invalid UTF-8, and text that looks like the representation of bytes.
  @Test func everyNameRoundTrips() {
    var names: [[UInt8]] = [
      Array("caf".utf8) + [0xE9] + Array(".png".utf8), [0xFF, 0xFE], [0xC3], [0xE2, 0x82],
      [0xED, 0xA0, 0x80],
      [0xF4, 0x8F, 0xBA, 0x80], Array("\u{10FE80}\u{10FEFF}\u{10FF00}".utf8), [0xC0, 0xAF],
    ]
    var state: UInt64 = 7
    for length in 1..<300 {
      names.append(
        (0..<length % 17 + 1).map { _ in
          state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          return UInt8(truncatingIfNeeded: state >> 33) % 255 + 1
        })
    }
    var seen: Set<String> = []
    for name in Set(names) {
      let path = String(path: name)
      #expect(bytes(path) == name)
      #expect(seen.insert(path).inserted)
    }
  }

  @Test func bytesArePrintedByTheirNumbers() {
    #expect(String(path: [0x61, 0xE9, 0x2E, 0xFF]).printable == "a\\xE9.\\xFF")
  }
}

#if os(Linux)
  /// The file system with names that are not UTF-8.
  @Suite struct ByteNamedFilesTests {
    private let odd = String(path: [0xE9, 0x2E, 0xFC])

    @Test func filesAreWrittenReplacedAndRead() throws {
      try withScratchFolder { folder in
        let path = "\(folder)/\(odd)/\(odd)/\(odd)"
        try makeFolder(at: "\(folder)/\(odd)/\(odd)")
        for text in ["one", "two"] {
          try replaceFile(at: path, with: Data(text.utf8))
          #expect(try readFile(at: path) == Data(text.utf8))
        }
        #expect(fileStatus(at: path)?.size == 3 && fileKind(at: path) == .file)
        // The name consists of the bytes and not of their representation.
        let bytes = [CChar](
          path.withPathBytes { Array(UnsafeBufferPointer(start: $0, count: strlen($0))) })
        #expect(bytes.suffix(3) == [-23, 0x2E, -4] && access(bytes + [0], F_OK) == 0)
        #expect(try entries(ofFolder: "\(folder)/\(odd)").map(\.name) == [odd])
        removeFile(at: path)
        #expect(!fileExists(at: path))
      }
    }

    @Test func linksAndMissingFilesHaveRealPaths() throws {
      try withScratchFolder { folder in
        try makeFolder(at: "\(folder)/\(odd)")
        let link = "\(folder)/link"
        #expect(odd.withPathBytes { symlink($0, link) } == 0)
        #expect(realPath(of: "\(link)/./absent") == "\(folder)/\(odd)/absent")
        // The target of a link does not need to exist.
        #expect(symlink("link/absent", "\(folder)/second") == 0)
        #expect(realPath(of: "\(folder)/second") == "\(folder)/\(odd)/absent")
        try replaceFile(at: "\(folder)/second", with: Data("new".utf8))
        #expect(try readFile(at: "\(folder)/\(odd)/absent") == Data("new".utf8))
        // A cycle of links ends.
        #expect(symlink("circle", "\(folder)/circle") == 0)
        #expect(!realPath(of: "\(folder)/circle").isEmpty)
      }
    }
  }
#endif

@Suite struct PathPartsTests {
  @Test(arguments: [
    ("a", "", "a", ""), ("a/b.png", "a", "b.png", "png"), ("/a", "/", "a", ""), ("/", "/", "", ""),
    ("", "", "", ""), ("a/b/", "a", "b", ""), ("a/.hidden", "a", ".hidden", ""),
    ("two.dots.gz", "", "two.dots.gz", "gz"), ("a/b.", "a", "b.", ""), ("./x", ".", "x", ""),
    ("a//b", "a", "b", ""),
    ("a/\u{301}b", "a", "\u{301}b", ""),
  ])
  func pathsComeApart(path: String, folder: String, name: String, ending: String) {
    let parts = PathParts(path)
    #expect(parts.folder == folder && parts.name == name && parts.ending == ending)
    #expect(ending.isEmpty ? parts.stem == name : parts.stem + "." + ending == name)
  }

  /// The corresponding functions of Foundation crash for these.
  @Test func pathsOfOneLetterHaveARealPath() throws {
    #expect(realPath(of: "q") == realPath(of: ".") + "/q")
    #expect(realPath(of: "q/r/s") == realPath(of: ".") + "/q/r/s")
  }
}
