import Configuration
import Foundation
import TestSupport
import Testing
import Training
import VideoData
import VideoSamples

/// A few sources per folder, or per class if folders are classes.
@Suite struct PretrainingSourcesTests {
  private let folder: ScratchFolder
  private var settings = PretrainingConfiguration().sources

  init() throws {
    folder = try ScratchFolder()
    settings.paths = [folder.file("d")]
    settings.validationFraction = 0
  }

  /// Empty files, because only names matter here: `folders` by the number of pictures directly in them.
  private func make(_ folders: KeyValuePairs<String, Int>) throws {
    for (name, count) in folders {
      try FileManager.default.createDirectory(
        atPath: folder.file(name), withIntermediateDirectories: true)
      for index in 0..<count { try folder.write("", to: "\(name)/\(index).png") }
    }
  }

  private func sources(
    _ perFolder: Int, seed: Int = 0,
    change: (inout PretrainingConfiguration.Sources) -> Void = { _ in },
    note: (String) -> Void = { _ in }
  ) throws -> PretrainingSources {
    var settings = settings
    settings.maxPerFolder = perFolder == 0 ? nil : perFolder
    change(&settings)
    return try PretrainingSources(settings, seed: seed, note: note)
  }

  private func counts(_ sources: SourceList) -> [String: Int] {
    var counts: [String: Int] = [:]
    for source in sources {
      let name = source.folder.map { String($0.dropFirst(folder.path.count + 1)) }
      counts[name ?? "-", default: 0] += 1
    }
    return counts
  }

  @Test func theNumberPerFolderIsDrawnBySeed() throws {
    try make(["d/a": 30, "d/b": 40, "d/b/below": 12])
    let all = try sources(0).training
    #expect(all.count == 82)
    let five = try sources(5).training
    #expect(counts(five) == ["d/a": 5, "d/b": 5, "d/b/below": 5])
    #expect(try sources(5).training == five && sources(5, seed: 1).training != five)
    // In the collection's order, and smaller numbers draw subsets of what larger ones draw.
    #expect(Array(five) == all.filter(Set(five).contains))
    let ten = try sources(10).training
    #expect(counts(ten) == ["d/a": 10, "d/b": 10, "d/b/below": 10])
    #expect(Set(five).isSubset(of: ten))
    // Not the first of each folder: those could be by one photographer, or of the same hour.
    #expect(!five.contains(all[0]) || !five.contains(all[1]) || !five.contains(all[2]))
  }

  @Test func smallFoldersGiveAllTheirSourcesWithOneNote() throws {
    try make(["d/a": 3, "d/b": 7, "d/c": 2])
    var notes: [String] = []
    let drawn = try sources(4, note: { notes.append($0) })
    #expect(counts(drawn.training) == ["d/a": 3, "d/b": 4, "d/c": 2])
    #expect(notes == ["some folders hold fewer than 4 sources; all of theirs are taken"])
    notes = []
    _ = try sources(2, note: { notes.append($0) })
    #expect(notes.isEmpty)
  }

  /// A list names files in folders; procedural pictures are in no folder, and folders of frames in their parent.
  @Test func listsFramesAndProceduralPictures() throws {
    try make(["d/a": 20, "d/b": 20])
    let direct = try sources(3).training
    let lines = try sources(0).training.map(\.description)
    try folder.write(lines.joined(separator: "\n"), to: "all.txt")
    let listed = try sources(
      3, change: { $0.paths = [folder.file("all.txt"), "synthetic:dead-leaves:7"] })
    #expect(Array(listed.training) == direct + (0..<7).map { .deadLeaves(index: $0) })
    let framed = try sources(1, change: { $0.frameFolders = true })
    #expect(counts(framed.training) == ["d": 1])
  }

  /// The validation set is a share of the drawn sources; named validation sources are neither drawn from nor trained on.
  @Test func heldOutSourcesAreAShareOfTheDrawn() throws {
    try make(["d/a": 30, "d/b": 30])
    let whole = try sources(10).training
    let split = try sources(10, change: { $0.validationFraction = 0.2 })
    #expect(split.training.count == 16 && split.heldOut.count == 4)
    #expect(Set(split.training).union(split.heldOut) == Set(whole))

    try folder.write((0..<25).map { "d/a/\($0).png" }.joined(separator: "\n"), to: "val.txt")
    let named = try sources(10, change: { $0.validationPaths = [folder.file("val.txt")] })
    #expect(named.heldOut.count == 25 && counts(named.training) == ["d/a": 5, "d/b": 10])
    #expect(Set(named.training).isDisjoint(with: named.heldOut))
  }
}
