import Foundation
import SafeFiles
import Shards
import TestSupport
import Testing
import VideoData
import VideoSamples

/// Labeled videos in shards.
@Suite struct ShardDatasetTests: DatasetSuite {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func shard(_ name: String, _ members: KeyValuePairs<String, String>) throws {
    let writer = try TarWriter(folder.file(name))
    for (member, text) in members { try writer.add(member, Array(text.utf8)) }
    try writer.finish()
  }

  private func read() throws -> ActionDataset { try read(.shards, splits: nil) }

  private func lines(_ dataset: ActionDataset) -> [String] {
    dataset.videos.map { video in
      "\(video.subset.rawValue) \(dataset.classNames[video.label]) \(folder.relative(video.name))"
    }
  }

  @Test func labelsAreNumbersOfClassesOrTheirNames() throws {
    try shard(
      "v/set-train-0.tar",
      ["a.mp4": "", "a.cls": "1", "a.txt": "a caption", "b/c.d.avi": "", "b/c.txt": "0\n"])
    try shard(
      "v/test/x.tar", ["a.cls": "2", "a.json": "{}", "a.mp4": "", "p.jpg": "", "p.cls": "0"])
    #expect(
      lines(try read()) == [
        "train 1 v/set-train-0.tar/a.mp4", "train 0 v/set-train-0.tar/b/c.d.avi",
        "test 2 v/test/x.tar/a.mp4",
      ])
    try folder.write("run\njump\nwave\n", to: "v/classes.txt")
    #expect(lines(try read()).first == "train jump v/set-train-0.tar/a.mp4")
    try folder.write("run\njump\n", to: "v/classes.txt")
    #expect(
      complaint { try read() }
        == "v/test/x.tar labels a.mp4 with the class 2, but the last one is 1")
    try shard("v/set-train-0.tar", ["a.mp4": "", "a.cls": "jump"])
    try shard("v/test/x.tar", ["a.cls": "Run", "a.mp4": ""])
    #expect(
      lines(try read()) == [
        "train jump v/set-train-0.tar/a.mp4", "test run v/test/x.tar/a.mp4",
      ])
    try shard("v/test/x.tar", ["a.cls": "hop", "a.mp4": ""])
    #expect(complaint { try read() }.hasSuffix("labels a.mp4 with the unknown class hop"))
    removeFile(at: folder.path + "/v/classes.txt")
    #expect(try read().classNames == ["hop", "jump"])
  }

  @Test func whatHasNoSenseIsRefused() throws {
    #expect(complaint { try read() }.contains("does not exist"))
    try folder.write("", to: "v/notes.txt")
    #expect(complaint { try read() }.contains("has no shards"))
    try shard("v/a.tar", ["a.mp4": "", "a.cls": "0"])
    #expect(complaint { try read() }.contains("must have train, val or test in its name"))
    removeFile(at: folder.path + "/v/a.tar")
    let cases: [(String, String)] = [
      ("", "an empty text"), (String(repeating: "x", count: 1025), "a label has at most 1024"),
      ("a\u{1B}b", "control characters"),
    ]
    for (text, problem) in cases {
      try shard("v/train.tar", ["a.mp4": "", "a.cls": text])
      #expect(complaint { try read() }.contains(problem), "\(problem)")
    }
    try shard("v/train.tar", ["a.mp4": ""])
    #expect(complaint { try read() }.contains("the row has no label"))
    try shard("v/train.tar", ["a.mp4": "", "a.cls": "0", "a.txt": "", "b.cls": "1", "b.mp4": ""])
    try shard("v/test.tar", ["c.mp4": "", "d.mp4": "", "d.cls": "1"])
    let dataset = try read()
    #expect(dataset.videos.count == 3)
    #expect(dataset.remarks == [.unlabeledRows(1, list: folder.path + "/v/test.tar")])
  }

  /// A dataset that is packed and read again has the same videos in the same order with the same labels.
  @Test func packedDatasetsAreThemselves() throws {
    for name in ["run/a.mp4", "run/b.mp4", "jump/c.avi", "0 wave/d.mp4", "jump/a.mp4"] {
      try folder.write(name, to: "w/\(name)")
    }
    try folder.write(
      "path,label,split\nrun/a.mp4,run,train\njump/c.avi,jump,test\n0 wave/d.mp4,0 wave,train\n"
        + "run/b.mp4,run,val\njump/a.mp4,jump,train\ngone.mp4,run,test\n", to: "w/annotations.csv")
    let own = try read(.csv, videos: "w", splits: nil)
    let summary = try ShardPacking(into: folder.path + "/v", limit: .samples(2)).pack(
      own.present, warn: { _ in }, progress: { _ in })
    #expect(
      summary.shards == ["train-{000000..000001}.tar", "val-000000.tar", "test-000000.tar"])
    let packed = try read()
    #expect(packed.classNames == own.classNames && packed.remarks.isEmpty)
    for subset in Subset.allCases {
      let (wanted, found) = (own.present.videos(of: subset), packed.videos(of: subset))
      #expect(found.map(\.label) == wanted.map(\.label))
      for (wanted, found) in zip(wanted, found) {
        guard case .shardMember(let member)? = found.footage else { continue }
        let content = try readFile(at: member.file)[member.offset..<(member.offset + member.size)]
        #expect(String(decoding: content, as: UTF8.self) == wanted.name)
        #expect(member.name == wanted.name)
      }
    }
  }
}
