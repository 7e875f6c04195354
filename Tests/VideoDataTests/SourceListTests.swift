import Foundation
import KeyedRandom
import SafeFiles
import TestSupport
import Testing
import VideoSamples

/// Sources in a list are those that went in, whatever form they are stored in.
@Suite struct SourceListTests {
  private let forms: [VideoSource] = [
    .picture(path: "a.png"), .picture(path: "/a.png"), .picture(path: "d/e/a.png"),
    .picture(path: "d//a.png"), .video(path: "../é/b c.mp4"), .video(path: "d/.mp4"),
    .video(path: String(path: [0x63, 0x2F, 0xE9, 0x2E, 0x6D, 0x70, 0x34])),
    .frameFolder(path: "d/run", framesPerSecond: 25),
    .frameFolder(path: "d/run/", framesPerSecond: 29.97),
    .frameFolder(path: "/", framesPerSecond: 1e-3),
    .deadLeaves(index: 0), .deadLeaves(index: 47), .deadLeaves(index: 9_999_999),
    .shardMember(
      ShardMember(
        shard: "s/é.tar", file: "s/é.tar", name: "dogs/1.jpg", offset: 512, size: 3, isVideo: false)
    ),
    .shardMember(
      ShardMember(
        shard: "s/é.tar.gz", file: "/cache/x.tar", name: "1.mp4", offset: 1 << 40, size: 1 << 33,
        isVideo: true)),
    .picture(path: "s/é.tar/1.jpg"),
    .shapes(ShapeVideo(.staticCircles, index: 0)),
    .shapes(ShapeVideo(.acceleratingShapes, index: 9_999_999, seed: .max, isRedrawn: true)),
    .shapes(ShapeVideo(.pictureShapes, index: 3, pictures: "a/é b:c")),
  ]

  @Test func everyFormComesBack() {
    #expect(Array(SourceList(forms)) == forms)
    #expect(SourceList(forms) == SourceList(SourceList(forms)))
    #expect(SourceList([VideoSource]()).isEmpty)
  }

  /// Thousands, so that they fill several blocks of the store.
  @Test func manyComeBackInTheirOrder() {
    var generator = KeyedGenerator(1)
    let sources = (0..<10_000).map { number -> VideoSource in
      switch generator.integer(below: 5) {
      case 3: .shapes(ShapeVideo(.movingShapes, index: number))
      case 0: .picture(path: "d\(generator.integer(below: 50))/\(number).jpg")
      case 1: .video(path: "/v/\(number).mp4")
      case 2: .frameFolder(path: "f/\(number)", framesPerSecond: Double(number + 1))
      default: .deadLeaves(index: number)
      }
    }
    let list = SourceList(sources)
    #expect(list.count == 10_000 && Array(list) == sources)
    let chosen: [UInt32] = [9999, 0, 4096, 4095, 8192, 7]
    let few = list.selecting(chosen)
    #expect(Array(few) == chosen.map { sources[Int($0)] })
    #expect(Array(few.selecting([5, 1, 1])) == [7, 0, 0].map { sources[$0] })
  }

  /// Repeats stand at the borders of the store's blocks too.
  @Test func repeatedSourcesAreSkipped() {
    var builder = SourceListBuilder(skipsRepeated: true)
    let unique = (0..<9000).map { VideoSource.picture(path: "d\($0 % 7)/\($0).jpg") }
    for (index, source) in unique.enumerated() {
      builder.append(source)
      builder.append(source)
      builder.append(unique[index / 2])
      builder.append(unique[0])
    }
    #expect(builder.count == 9000 && Array(builder.list) == unique)
    // Another form makes it another source.
    builder.append(.video(path: "d0/0.jpg"))
    builder.append(.frameFolder(path: "d0/0.jpg", framesPerSecond: 25))
    builder.append(.frameFolder(path: "d0/0.jpg/", framesPerSecond: 25))
    #expect(builder.count == 9002)
  }

  @Test func sourcesAreTakenAwayHoweverTheyAreSpelled() throws {
    let folder = try ScratchFolder()
    try folder.write("", to: "d/a.png")
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/link", withDestinationPath: "d")
    func list(_ names: String...) -> SourceList {
      SourceList(names.map { .picture(path: folder.path + "/" + $0) } + [.deadLeaves(index: 3)])
    }
    let all = list("d/a.png", "d/b.png", "link/c.png", "e/a.png")
    let rest = all.subtracting(list("link/a.png", "d/../link/c.png", "gone/x.png"))
    #expect(rest.map { folder.relative($0.path) } == ["d/b.png", "e/a.png"])
    #expect(all.selecting([1, 3]).subtracting([]) == all.selecting([1, 3]))
    #expect(all.selecting([1, 3]).subtracting(all.selecting([3])) == all.selecting([1]))
  }

  @Test func foldersAreNumberedAsTheyCome() {
    let list: SourceList = [
      .picture(path: "b/1.png"), .picture(path: "a/1.png"), .deadLeaves(index: 1),
      .video(path: "b//2.mp4"), .picture(path: "3.png"),
      .frameFolder(path: "a/run", framesPerSecond: 25), member("b/1.tar", "9.jpg"),
      member("1.tar", "a/9.jpg"), member("1.tar", "new/9.jpg"), member("1.tar", "a/8.jpg"),
    ]
    #expect(list.folderNumbers == [0, 1, nil, 0, 2, 1, 0, 1, 3, 1])
  }

  private func member(_ shard: String, _ name: String) -> VideoSource {
    .shardMember(
      ShardMember(shard: shard, file: shard, name: name, offset: 512, size: 1, isVideo: false))
  }

  /// Runs record this number: a resumed one compares it.
  @Test func descriptionsAreHashedAsTheirText() {
    var expected = FNV1a()
    for source in forms {
      expected.add(source.description.utf8)
      expected.add([0])
    }
    var hash = FNV1a()
    SourceList(forms).addDescriptions(to: &hash)
    #expect(hash.value == expected.value)
  }
}
