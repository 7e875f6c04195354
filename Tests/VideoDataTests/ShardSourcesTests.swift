import Foundation
import KeyedRandom
import Media
import SafeFiles
import Shards
import TestSupport
import Testing
import VideoData
import VideoSamples

/// Shards as sources, and shards that are packed from sources.
@Suite struct ShardSourcesTests {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func collect(_ names: String...) throws -> SourceCollection {
    try SourceCollection(paths: names.map { folder.path + "/" + $0 })
  }

  private func names(_ sources: SourceList) -> [String] {
    sources.map { folder.relative($0.description) }
  }

  /// A shard whose members hold nothing.
  private func shard(_ name: String, _ members: String...) throws {
    let writer = try TarWriter(folder.file(name))
    for member in members { try writer.add(member, Array(member.utf8)) }
    try writer.finish()
  }

  /// Pictures and a video in folders.
  private func pictures() throws {
    for index in 0..<12 {
      try folder.picture("d/\(index % 3)/\(index).png", width: 30 + index, level: nil)
    }
    let frames = (0..<6).map { level in
      Picture(width: 32, height: 24, red: UInt8(40 * level), green: 100, blue: 50)
    }
    try folder.write(frames, to: "d/1/v.mp4")
  }

  @discardableResult
  private func pack(
    _ names: String..., to output: String = "s", limit: ShardPacking.Limit = .samples(5),
    stoppingAt stop: Int = .max
  ) throws -> ShardPacking.Summary {
    struct Stopped: Error {}
    let sources = try SourceCollection(paths: names.map { folder.path + "/" + $0 }).sources
    let packing = ShardPacking(into: folder.path + "/" + output, limit: limit)
    return try packing.pack(
      sources, warn: { _ in }, progress: { if $0 == stop { throw Stopped() } })
  }

  // MARK: Sources

  @Test func membersAreSourcesInTheOrderOfTheArchive() throws {
    try shard("s/b-10.tar", "x/2.jpg", "x/1.jpg", "notes.json", "c.mp4", "c.cls", "no ending")
    try shard("s/b-9.tar", "x/1.png")
    let collection = try collect("s")
    #expect(
      names(collection.sources) == [
        "s/b-9.tar/x/1.png", "s/b-10.tar/x/2.jpg", "s/b-10.tar/x/1.jpg", "s/b-10.tar/c.mp4",
      ])
    #expect(collection.sources.map(\.isStill) == [true, true, true, false])
    #expect(collection.problems.isEmpty && collection.remarks.isEmpty)
    // Again, by the indices that now lie there; named twice, or listed.
    #expect(try collect("s/", "s/b-9.tar").sources.count == 4)
    try folder.write("s/b-10.tar\ns/b-{9..9}.tar\n", to: "all.txt")
    #expect(try names(collect("all.txt").sources).first == "s/b-10.tar/x/2.jpg")
    #expect(try Set(collect("all.txt").sources) == Set(collection.sources))
  }

  @Test func rangesOfShardsAreExpanded() throws {
    for number in 8...11 {
      try shard("s/t-\(number < 10 ? "0" : "")\(number).tar", "\(number).jpg")
    }
    #expect(
      try names(collect("s/t-{09..11}.tar").sources) == [
        "s/t-09.tar/9.jpg", "s/t-10.tar/10.jpg", "s/t-11.tar/11.jpg",
      ])
    #expect(
      complaint { _ = try collect("s/t-{10..12}.tar") }
        .hasPrefix("\(folder.path)/s/t-12.tar does not exist"))
    // A file of that very name comes first.
    try shard("s/x-{1..2}.tar", "own.jpg")
    #expect(try names(collect("s/x-{1..2}.tar").sources) == ["s/x-{1..2}.tar/own.jpg"])
  }

  /// As they lie after a download was unpacked beside itself.
  @Test func shardsBesidePicturesAreNotRead() throws {
    try shard("d/all.tar", "a.jpg")
    try shard("d/more.tar.gz", "b.jpg")
    try folder.picture("d/all/a.jpg")
    let collection = try collect("d")
    #expect(names(collection.sources) == ["d/all/a.jpg"])
    #expect(
      collection.remarks == [
        "\(folder.path)/d/all.tar and 1 more beside it are not read: pictures, videos or folders lie beside; "
          + "name shards to read them"
      ])
    #expect(try names(collect("d/all.tar").sources) == ["d/all.tar/a.jpg"])
  }

  @Test func unreadableShardsAreTold() throws {
    try shard("s/1.tar", "a.jpg", "../b.jpg")
    try folder.write(String(repeating: "no archive ", count: 100), to: "s/2.tar")
    let collection = try collect("s")
    #expect(names(collection.sources) == ["s/1.tar/a.jpg"])
    #expect(collection.problems.map(\.reason) == ["is not a tar file"])
    #expect(collection.remarks.count == 1 && collection.remarks[0].contains("1 member skipped"))
    #expect(
      complaint { _ = try collect("s/2.tar") } == "\(folder.path)/s/2.tar is not a tar file")
  }

  // MARK: Samples

  /// Bit for bit what files give, by stills and by clips.
  @Test func samplesOfShardsAreThoseOfFiles() throws {
    try pictures()
    try pack("d")
    let (files, shards) = (try collect("d").sources, try collect("s").sources)
    #expect(files.count == 13 && shards.count == 13)
    let clips = TrainingClips(
      ClipSampling(frames: 4, interval: 2, targetRate: 30), preset: .released, side: 16)
    for rule in [.randomStill(height: 16, width: 16), clips.rule] {
      for index in 0..<13 {
        let id = SampleID.training(seed: 3, epoch: 1, source: index)
        let wanted = try SampleLoader(files, rule: rule).sample(id, of: index)
        let found = try SampleLoader(shards, rule: rule).sample(id, of: index)
        #expect(found.clips == wanted.clips && found.source == index)
      }
    }
    #expect(files.folderNumbers == shards.folderNumbers)
  }

  /// The pixels are read when they are needed: a shard that is cut meanwhile is an error, and never gives the bytes of others.
  @Test func shardThatChangesMeanwhileIsAnError() throws {
    try pictures()
    try pack("d", limit: .samples(100))
    let sources = try collect("s").sources
    let path = folder.path + "/s/shard-000000.tar"
    try replaceFile(at: path, with: try readFile(at: path).prefix(1000))
    let reports = Reports()
    let loader = SampleLoader(sources, rule: .randomStill(height: 16, width: 16)) {
      reports.add($0)
    }
    #expect(loader.sampleIfReadable(.validation(index: 12), of: 12) == nil)
    #expect(reports.all.map(\.reason) == ["\(sources[12]) is cut off: \(path) ends before it does"])
  }

  // MARK: Packing

  @Test func shardsHoldTheFilesInOrder() throws {
    try pictures()
    let summary = try pack("d")
    #expect(folder.names(in: "s") == ["shard-000000.tar", "shard-000001.tar", "shard-000002.tar"])
    #expect(summary.shards == ["shard-{000000..000002}.tar"] && summary.shardCount == 3)
    #expect(summary.samples == 13 && summary.skipped == 0)
    let sizes = try folder.contents(of: "s").values.map(\.count)
    #expect(summary.bytes == sizes.reduce(0, +))
    let (files, shards) = (try collect("d").sources, try collect("s").sources)
    #expect(
      names(shards).map { $0.split(separator: "/").dropFirst(2).joined(separator: "/") }
        == names(files).map { String($0.dropFirst(2)) })
    for (file, member) in zip(files, shards) {
      guard case .shardMember(let member) = member else { continue }
      let content = try readFile(at: member.file)[member.offset..<(member.offset + member.size)]
      #expect(Data(content) == (try readFile(at: file.path)))
    }
  }

  @Test func packingAgainGivesTheSameBytes() throws {
    try pictures()
    try pack("d", to: "one")
    try FileManager.default.copyItem(atPath: folder.path + "/d", toPath: folder.path + "/e")
    try pack("e", to: "two")
    let (one, two) = (try folder.contents(of: "one"), try folder.contents(of: "two"))
    #expect(one == two && one.count == 3)
    // From shards too, however they were cut.
    try pack("one", to: "three")
    #expect(
      try folder.contents(of: "three") == one)
  }

  @Test func shardsKeepTheirSize() throws {
    try pictures()
    let summary = try pack("d", limit: .bytes(9000))
    #expect(summary.shardCount > 1)
    let contents = try folder.contents(of: "s")
    #expect(contents.values.allSatisfy { $0.count <= 9000 })
    // One that is larger than a shard gets its own.
    try pack("d", to: "tiny", limit: .bytes(1))
    #expect(folder.names(in: "tiny").count == 13)
  }

  /// WebDataset takes all up to the first dot for the name of a sample.
  @Test func keysAreUniqueAndWithoutDots() throws {
    for name in [
      "d/a.png", "d/a.jpg", "d/a.b.png", "d/a_b.png", "d/x.y/a.png", "d/.e/c.png", "d/n\nl.png",
    ] { try folder.write("x", to: name) }
    let list = ["a.png", "a.jpg", "a.b.png", "a_b.png", "x.y/a.png", ".e/c.png"]
    try folder.write(list.joined(separator: "\n"), to: "d/all.txt")
    try pack("d/all.txt")
    #expect(
      try names(collect("s").sources).map { $0.split(separator: "/", maxSplits: 2).last! } == [
        "a.png", "a-2.jpg", "a_b.png", "a_b-2.png", "x.y/a.png", "_e/c.png",
      ])
    try pack("d/n\nl.png", to: "t")
    #expect(try names(collect("t").sources) == ["t/shard-000000.tar/n_l.png"])
  }

  @Test func unreadableFilesAreLeftOut() throws {
    try folder.picture("d/a.png")
    try folder.write("d/a.png\nd/gone.png\nd/empty.png\n", to: "all.txt")
    try folder.write("", to: "d/empty.png")
    var warnings: [String] = []
    let summary = try ShardPacking(into: folder.path + "/s", limit: .samples(5)).pack(
      try collect("all.txt").sources, warn: { warnings.append($0) }, progress: { _ in })
    #expect(summary.samples == 1 && summary.skipped == 2 && warnings.count == 2)
    #expect(warnings[0].contains("d/gone.png cannot be read"))
    // Nothing at all is an error, and leaves nothing.
    try folder.write("gone.png", to: "none.txt")
    #expect(complaint { try pack("none.txt", to: "t") }.hasSuffix("no source can be read"))
    #expect(folder.names() == ["all.txt", "d", "none.txt", "s"])
  }

  @Test func folderIsMadeWholeOrNotAtAll() throws {
    try pictures()
    #expect(complaint { try pack("d", stoppingAt: 7) } != "no error")
    #expect(folder.names() == ["d"])
    try pack("d")
    let before = try folder.contents(of: "s")
    #expect(
      complaint { try pack("d") } == "\(folder.path)/s is there already: name a new folder")
    #expect(try folder.contents(of: "s") == before)
    // An empty one is fine.
    try makeFolder(at: folder.path + "/empty")
    try pack("d", to: "empty/")
    #expect(try folder.contents(of: "empty") == before)
    let synthetic = try SourceCollection(paths: ["synthetic:dead-leaves:1"]).sources
    #expect(
      complaint {
        try ShardPacking(into: folder.path + "/t", limit: .samples(1)).pack(
          synthetic, warn: { _ in }, progress: { _ in })
      } == "synthetic:dead-leaves #0 is not a file and cannot be packed")
  }

  /// Python's own reader finds the same members with the same bytes.
  @Test(.enabled(if: program("python3") != nil)) func pythonReadsThem() throws {
    try pictures()
    let long = String(repeating: "long name ", count: 20)
    try folder.picture("d/\(long).png")
    try pack("d", limit: .samples(100))
    let script = """
      import hashlib, sys, tarfile
      for member in tarfile.open(sys.argv[1]):
          assert member.isfile() and member.mtime == 0 and member.uid == 0 and member.mode == 0o644
          print(member.name, member.offset_data, member.size)
      """
    let text = try output(
      of: program("python3")!, ["-c", script, folder.path + "/s/shard-000000.tar"])
    let expected = try collect("s").sources.compactMap { source -> String? in
      guard case .shardMember(let member) = source else { return nil }
      return "\(member.name) \(member.offset) \(member.size)"
    }
    #expect(
      String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init) == expected)
    #expect(expected.count == 14)
  }

  /// What Python writes, in its three formats, is read.
  @Test(.enabled(if: program("python3") != nil), arguments: ["PAX", "GNU", "USTAR"])
  func pythonsArchivesAreRead(format: String) throws {
    let script = """
      import io, sys, tarfile
      with tarfile.open(sys.argv[1], "w", format=tarfile.\(format)_FORMAT) as tar:
          for number in range(3):
              info = tarfile.TarInfo("é" * 40 + "/" + "n" * 90 + f"/{number}.jpg")
              info.size = number * 400
              tar.addfile(info, io.BytesIO(b"x" * info.size))
          link = tarfile.TarInfo("link.jpg")
          link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
          tar.addfile(link)
      """
    _ = try output(of: program("python3")!, ["-c", script, folder.file("s/a.tar")])
    let collection = try collect("s")
    let name =
      "s/a.tar/" + String(repeating: "é", count: 40) + "/" + String(repeating: "n", count: 90)
    #expect(names(collection.sources) == (0..<3).map { "\(name)/\($0).jpg" })
    #expect(collection.remarks.map { $0.contains("link.jpg") } == [true])
  }
}

/// What a loader reports.
private final class Reports: @unchecked Sendable {
  private(set) var all: [SampleLoader.SkippedSource] = []
  func add(_ source: SampleLoader.SkippedSource) { all.append(source) }
}
