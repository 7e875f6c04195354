import Foundation
import SafeFiles
import TestSupport
import Testing

@Suite struct ReplaceFileTests {
  private struct Failure: Error {}

  @Test func makesAFile() throws {
    try withScratchFolder { folder in
      try replaceFile(at: "\(folder)/new.json", with: Data("one".utf8))
      #expect(try readFile(at: "\(folder)/new.json") == Data("one".utf8))
      #expect(try names(in: folder) == ["new.json"])
    }
  }

  @Test(arguments: ["file.bin", "no-extension", ".hidden", "two.dots.here", "späce d.ü"])
  func replacesAFile(name: String) throws {
    try withScratchFolder { folder in
      let path = "\(folder)/\(name)"
      for length in [1000, 0, 5, 300_000] {
        let content = Data((0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        try replaceFile(at: path, with: content)
        #expect(try readFile(at: path) == content)
        #expect(try names(in: folder) == [name])
      }
    }
  }

  /// `--output /dev/null` must not replace it with a file.
  @Test func devicesAndPipesStay() throws {
    try withScratchFolder { folder in
      let pipe = "\(folder)/pipe"
      #expect(mkfifo(pipe, 0o600) == 0)
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/link", withDestinationPath: "pipe")
      for path in [pipe, "\(folder)/link"] {
        let error = #expect(throws: FileError.self) {
          try replaceFile(at: path, with: Data("new".utf8))
        }
        #expect(error?.description == "cannot write \(path): it is a device or a pipe, not a file")
        #expect(throws: FileError.self) { try replaceFile(at: path) { _ in Issue.record() } }
      }
      var status = stat()
      #expect(stat(pipe, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
      #expect(try names(in: folder) == ["link", "pipe"])
    }
  }

  @Test func linksStayAndLeadToTheNewContent() throws {
    try withScratchFolder { folder in
      try makeFolder(at: "\(folder)/a")
      try replaceFile(at: "\(folder)/a/real", with: Data("old".utf8))
      let link = "\(folder)/link"
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "a/real")
      try replaceFile(at: link, with: Data("new".utf8))
      #expect(try readFile(at: "\(folder)/a/real") == Data("new".utf8))
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "a/real")
      #expect(try names(in: "\(folder)/a") == ["real"])
    }
  }

  @Test func controlCharactersAreFoundAndCombiningMarksAreNot() {
    for name in ["wave", "رقص\u{200F}", "soft\u{AD}hyphen", "zero\u{200B}width", "👩‍🚀"] {
      #expect(!name.hasControlCharacters, "\(name)")
    }
    for name in ["a\nb", "a\u{1B}[31m", "a\u{2028}b", "a\u{202E}b", "a\u{2066}b"] {
      #expect(name.hasControlCharacters)
    }
  }

  @Test func keepsTheOldFileWhereTheWriterFails() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/kept.txt"
      try replaceFile(at: path, with: Data("old".utf8))
      #expect(throws: Failure.self) {
        try replaceFile(at: path) { temporary in
          try Data("half of the ne".utf8).write(to: URL(fileURLWithPath: temporary))
          throw Failure()
        }
      }
      #expect(try readFile(at: path) == Data("old".utf8))
      #expect(try names(in: folder) == ["kept.txt"])
    }
  }

  @Test func keepsTheOldFileWhereTheWriterWritesNothing() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/kept.txt"
      try replaceFile(at: path, with: Data("old".utf8))
      let error = #expect(throws: FileError.self) { try replaceFile(at: path) { _ in } }
      // The user specified `path` and does not know the temporary name.
      #expect(error?.description == "cannot write \(path): No such file or directory")
      #expect(try readFile(at: path) == Data("old".utf8))
    }
  }

  /// Concurrent readers see the old file until the new one is complete.
  @Test func theOldFileIsThereWhileTheNewOneIsWritten() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/model.safetensors"
      try replaceFile(at: path, with: Data("old".utf8))
      try replaceFile(at: path) { temporary in
        try Data("new".utf8).write(to: URL(fileURLWithPath: temporary))
        #expect(try readFile(at: path) == Data("old".utf8))
        #expect(temporary.hasSuffix(".safetensors"), "writers choose formats by the ending")
        #expect(URL(fileURLWithPath: temporary).deletingLastPathComponent().path == folder)
      }
      #expect(try readFile(at: path) == Data("new".utf8))
    }
  }

  @Test func aReplacementIsCommittedOrLeavesNothing() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/film.mp4"
      for isCommitted in [true, false] {
        let replacement = FileReplacement(of: path)
        let content = Data("committed: \(isCommitted)".utf8)
        try content.write(to: URL(fileURLWithPath: replacement.temporaryPath))
        if isCommitted { try replacement.commit() }
      }
      #expect(try readFile(at: path) == Data("committed: true".utf8))
      #expect(try names(in: folder) == ["film.mp4"])
    }
  }

  @Test func relativePathsLeadToTheWorkingFolder() throws {
    let name = "replace-file-test-\(UUID().uuidString).txt"
    defer { try? FileManager.default.removeItem(atPath: name) }
    try replaceFile(at: name, with: Data("here".utf8))
    #expect(try readFile(at: name) == Data("here".utf8))
  }

  @Test func aMissingFolderIsNamed() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/absent/file.txt"
      let error = #expect(throws: FileError.self) {
        try replaceFile(at: path, with: Data("x".utf8))
      }
      #expect(error?.path == path)
      #expect(
        error?.description.lowercased().hasPrefix("cannot write \(path): no such file".lowercased())
          == true, "\(error?.description ?? "")")
    }
  }

  @Test func anExistingFolderIsNamedInTheError() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/taken"
      try makeFolder(at: path)
      let error = #expect(throws: FileError.self) {
        try replaceFile(at: path, with: Data("x".utf8))
      }
      #expect(error?.description == "cannot write \(path): Is a directory")
      #expect(try names(in: folder) == ["taken"])
    }
  }

  #if os(Linux)
    /// A limit on file sizes stands in for a full disk: the write fails half way.
    @Test func keepsTheOldFileWhereTheDiskIsFull() async {
      await #expect(processExitsWith: .success) {
        let folder = FileManager.default.temporaryDirectory.path + "/full-\(UUID().uuidString)"
        let path = "\(folder)/model.bin"
        try makeFolder(at: folder)
        try replaceFile(at: path, with: Data(count: 1000))
        signal(SIGXFSZ, SIG_IGN)
        var limit = rlimit(rlim_cur: 50_000, rlim_max: 50_000)
        setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
        var failed = false
        do {
          try replaceFile(at: path, with: Data(count: 1_000_000))
        } catch is FileError {
          failed = true
        }
        let kept = try readFile(at: path).count
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
        try? FileManager.default.removeItem(atPath: folder)
        exit(failed && kept == 1000 && files == ["model.bin"] ? EXIT_SUCCESS : EXIT_FAILURE)
      }
    }
  #endif
}

@Suite struct FolderAndReadingTests {
  @Test func makesFoldersAboveAndToleratesOnesThatAreThere() throws {
    try withScratchFolder { folder in
      for _ in 0..<2 { try makeFolder(at: "\(folder)/a/b/c") }
      #expect(try names(in: "\(folder)/a/b") == ["c"])
    }
  }

  @Test func aFileAtTheFoldersPathIsAnError() throws {
    try withScratchFolder { folder in
      try replaceFile(at: "\(folder)/a", with: Data("x".utf8))
      let error = #expect(throws: FileError.self) { try makeFolder(at: "\(folder)/a/b") }
      #expect(error?.description.hasSuffix("/a/b: \(folder)/a is a file") == true)
    }
  }

  @Test func aMissingFileIsNamed() {
    let error = #expect(throws: FileError.self) { try readFile(at: "/nowhere/at-all") }
    #expect(
      error?.description.lowercased().hasPrefix("cannot read /nowhere/at-all: no such file")
        == true, "\(error?.description ?? "")")
  }

  @Test func aFolderIsNotAFile() throws {
    try withScratchFolder { folder in
      #expect(throws: FileError.self) { try readFile(at: folder) }
    }
  }
}
