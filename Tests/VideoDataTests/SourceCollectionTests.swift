import Foundation
import SafeFiles
import TestSupport
import Testing
import VideoData
import VideoSamples

@Suite struct SourceCollectionTests {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func names(_ collection: SourceCollection) -> [String] {
    collection.sources.map { folder.relative($0.description) }
  }

  private func collect(_ names: String..., frameFolders: Bool = false) throws -> SourceCollection {
    try SourceCollection(
      paths: names.map { $0.hasPrefix("synthetic:") ? $0 : folder.path + "/" + $0 },
      frameFolders: frameFolders)
  }

  // MARK: Folders

  @Test func foldersAreSearchedInNaturalOrder() throws {
    for name in [
      "d/img_10.png", "d/img_2.JPG", "d/sub/b.webp", "d/clip.MP4", "d/.hidden.png",
      "d/.git/x.png", "d/notes.txt", "d/README",
    ] { try folder.write("", to: name) }
    let collection = try collect("d")
    #expect(names(collection) == ["d/clip.MP4", "d/img_2.JPG", "d/img_10.png", "d/sub/b.webp"])
    #expect(collection.sources[0] == .video(path: folder.path + "/d/clip.MP4"))
    #expect(collection.sources[1] == .picture(path: folder.path + "/d/img_2.JPG"))
    #expect(collection.problems.isEmpty && collection.likelyFrameFolders.isEmpty)
    // A slash at the end is not doubled in paths.
    #expect(try names(collect("d/")) == names(collection))
  }

  #if os(Linux)
    /// Latin-1 names of a file and of a folder.
    @Test func namesThatAreNotTextAreFound() throws {
      try folder.write("", to: "d/a.png")
      let odd = String(path: Array((folder.path + "/d/caf").utf8) + [0xE9])
      try makeFolder(at: odd)
      let file = odd + "/" + String(path: [0xFC]) + ".mp4"
      try replaceFile(at: file, with: Data())
      let collection = try collect("d")
      #expect(
        collection.sources == [.picture(path: folder.path + "/d/a.png"), .video(path: file)])
      #expect(try SourceCollection(paths: [file, odd]).sources == [.video(path: file)])
      #expect(file.printable.hasSuffix("/caf\\xE9/\\xFC.mp4"))
      // A list contains the bytes of the names.
      let list = try folder.write(
        Array("caf".utf8) + [0xE9, 0x2F, 0xFC] + Array(".mp4\n".utf8), to: "d/list.txt")
      #expect(try SourceCollection(paths: [list]).sources == [.video(path: file)])
    }
  #endif

  @Test func linksMayFormCycles() throws {
    try folder.write("", to: "d/e/a.png")
    let files = FileManager.default
    try files.createSymbolicLink(
      atPath: folder.path + "/d/e/up", withDestinationPath: folder.path + "/d")
    try files.createSymbolicLink(atPath: folder.path + "/d/self", withDestinationPath: ".")
    #expect(try names(collect("d")) == ["d/e/a.png"])
  }

  /// A source that is named twice would be both trained on and held out.
  @Test func eachSourceIsTakenOnce() throws {
    try folder.write("", to: "d/a.png")
    try folder.write("", to: "d/b.png")
    try folder.write("a.png\na.png\nb.png\n", to: "d/all.txt")
    #expect(try names(collect("d/b.png", "d", "d", "d/all.txt")) == ["d/b.png", "d/a.png"])
    #expect(try collect("synthetic:dead-leaves:3", "synthetic:dead-leaves:5").sources.count == 5)
    // In any spelling.
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/link", withDestinationPath: "d")
    #expect(try names(collect("d/a.png", "./d/a.png", "d/../d/a.png", "link/a.png")) == ["d/a.png"])
  }

  @Test func nothingFoundIsAnError() throws {
    try folder.write("", to: "d/notes.md")
    let text = complaint { _ = try collect("d") }
    #expect(text == "no picture or video was found in \(folder.path)/d")
  }

  @Test func missingPathIsAnError() {
    let text = complaint { _ = try collect("nowhere") }
    #expect(text.hasPrefix("\(folder.path)/nowhere does not exist"))
  }

  @Test func unknownKindIsAnError() throws {
    try folder.write("", to: "notes.md")
    #expect(complaint { _ = try collect("notes.md") }.contains("neither a picture nor a video"))
  }

  // MARK: Frame folders

  @Test func frameFoldersAreVideosOnRequest() throws {
    for frame in 1...9 { try folder.write("", to: "d/run/frame_\(frame).jpg") }
    try folder.write("", to: "d/one/only.jpg")
    try folder.write("", to: "d/loose.png")
    let single = try collect("d")
    #expect(single.sources.count == 11)
    #expect(single.likelyFrameFolders == [folder.path + "/d/run"])
    let videos = try collect("d", frameFolders: true)
    // A folder with other files among its pictures, or with a single picture, is not a video.
    #expect(
      videos.sources == [
        .picture(path: folder.path + "/d/loose.png"),
        .picture(path: folder.path + "/d/one/only.jpg"),
        .frameFolder(path: folder.path + "/d/run", framesPerSecond: 25),
      ])
  }

  @Test func onlyNumbersInARowLookLikeFrames() throws {
    for frame in 1...9 { try folder.write("", to: "gap/f\(frame == 5 ? 50 : frame).jpg") }
    for frame in 1...9 {
      try folder.write("", to: "mixed/\(frame % 2 == 0 ? "a" : "b")\(frame).jpg")
    }
    for frame in 1...7 { try folder.write("", to: "few/f\(frame).jpg") }
    #expect(try collect("gap", "mixed", "few").likelyFrameFolders.isEmpty)
  }

  // MARK: Lists

  @Test func listsNameFilesRelativeToThemselves() throws {
    try folder.write("", to: "pictures/a.png")
    try folder.write("", to: "pictures/b c.png")
    try folder.write("", to: "elsewhere.mp4")
    try folder.write(
      "\u{FEFF}# mine\r\npictures/b c.png\r\n\r\n  pictures/a.png  \r\n#skipped.png\r\n"
        + "\(folder.path)/elsewhere.mp4\r\nsynthetic:dead-leaves:1\r\n", to: "all.LST")
    #expect(
      try names(collect("all.LST")) == [
        "pictures/b c.png", "pictures/a.png", "elsewhere.mp4", "synthetic:dead-leaves #0",
      ])
  }

  /// A bad line costs one source and not the run: loading reports it.
  @Test func badListEntriesAreKept() throws {
    try folder.write("", to: "a.png")
    try folder.write("", to: "notes.md")
    try folder.write("gone.png\na.png\ngone.mov\nnotes.md\ngone\n", to: "all.txt")
    let collection = try collect("all.txt")
    #expect(names(collection) == ["gone.png", "a.png", "gone.mov", "notes.md", "gone"])
    #expect(collection.sources[2] == .video(path: folder.path + "/gone.mov"))
  }

  /// ImageNet's lists and MMAction2's.
  @Test func labelsAfterPathsAreSkippedAndReported() throws {
    for name in ["a.jpg", "b c.jpg", "d 3", "dir/1.jpg", "e.mp4"] { try folder.write("", to: name) }
    try folder.write(
      "a.jpg 3\nb c.jpg\t12\ngone.jpg 7\ndir 120 1\ne.mp4 2\nnowhere 5\n", to: "labeled.txt")
    try folder.write("a.jpg\n", to: "plain.txt")
    let collection = try collect("labeled.txt", "plain.txt")
    #expect(
      names(collection) == ["a.jpg", "b c.jpg", "gone.jpg", "dir/1.jpg", "e.mp4", "nowhere 5"])
    #expect(collection.labeledLists.map(folder.relative) == ["labeled.txt"])
  }

  @Test func listsMayNameFoldersAndEachOther() throws {
    try folder.write("", to: "d/a.png")
    try folder.write("", to: "b.png")
    try folder.write("d\nsecond.list\nfirst.txt\n", to: "first.txt")
    try folder.write("first.txt\nb.png\n", to: "second.list")
    #expect(try names(collect("first.txt")) == ["d/a.png", "b.png"])
  }

  /// A folder whose name looks like a file's is searched, wherever it stands among the entries of its folder.
  @Test func entriesNamedLikeFilesMayBeFolders() throws {
    for name in ["d/one.mp4/1.png", "d/one.mp4/2.png", "d/two.mp4/1.png", "e/a.mp4"] {
      try folder.write("", to: name)
    }
    try folder.write("d/one.mp4\nd/gone.mp4\nd/two.mp4\ne/a.mp4\n", to: "all.txt")
    #expect(
      try names(collect("all.txt")) == [
        "d/one.mp4/1.png", "d/one.mp4/2.png", "d/gone.mp4", "d/two.mp4/1.png", "e/a.mp4",
      ])
  }

  /// Lists are read in parts of a MiB; lines cross their borders.
  @Test func longListsAreReadWhole() throws {
    let lines = (0..<40_000).map { "some/folder/or/other/picture_\($0).jpg" }
    try folder.write("\u{FEFF}" + lines.joined(separator: "\n"), to: "all.txt")
    #expect(try names(collect("all.txt")) == lines)
    try folder.write(lines.joined(separator: "\r\n") + "\r\n", to: "windows.txt")
    #expect(try names(collect("windows.txt")) == lines)
    let path = try folder.write(
      [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20 + 1), to: "line.txt")
    #expect(
      complaint { _ = try collect("line.txt") }
        == "the list \(path) cannot be read: it has a line of more than 1 MiB")
  }

  @Test func blanksAndNumbersInNamesStay() throws {
    for name in ["a 1.jpg", "b.jpg 2", "é .png"] { try folder.write("", to: name) }
    try folder.write("a 1.jpg\n\t b.jpg 2 \n\u{A0}é .png\u{2003}\n  12 13\n", to: "all.txt")
    let collection = try collect("all.txt")
    #expect(names(collection) == ["a 1.jpg", "b.jpg 2", "é .png", "12 13"])
    #expect(collection.labeledLists.isEmpty)
  }

  @Test func listThatIsNotTextIsAnError() throws {
    let path = folder.file("binary.txt")
    try Data([0xFF, 0xFE, 0x61, 0]).write(to: URL(fileURLWithPath: path))
    #expect(
      complaint { _ = try collect("binary.txt") }
        == "the list \(path) cannot be read: it is not UTF-8 text")
  }

  // MARK: Synthetic

  @Test func syntheticNamesMakeSources() throws {
    #expect(
      try collect("synthetic:dead-leaves:2").sources
        == [.deadLeaves(index: 0), .deadLeaves(index: 1)])
  }

  @Test(arguments: [
    "synthetic:", "synthetic:dead-leaves", "synthetic:dead-leaves:", "synthetic:dead-leaves:0",
    "synthetic:dead-leaves:-1", "synthetic:dead-leaves:1.5", "synthetic:dead-leaves:5:6",
    "synthetic:dead-leaves:99999999999999999999", "synthetic:dead-leaves:10000001",
    "synthetic:leaves:5", "synthetic:dead-leaves:5:redrawn", "synthetic:moving-shapes:0",
    "synthetic:moving-shapes:5:again", "synthetic:moving-shapes:5:seed=-1",
    "synthetic:moving-shapes:5:from=x", "synthetic:picture-shapes:5",
    "synthetic:picture-shapes:5:from=", "synthetic:moving-shapes:redrawn:5",
  ])
  func malformedSyntheticNamesAreErrors(name: String) {
    let complaint = complaint { _ = try collect(name) }
    #expect(
      complaint.hasPrefix(
        "\(name) is not a synthetic source: write synthetic:dead-leaves:N or synthetic:LEVEL:N"))
    #expect(complaint.hasSuffix("textured-shapes, picture-shapes"))
  }

  @Test func namesOfShapesMakeVideos() throws {
    #expect(
      try collect("synthetic:moving-shapes:2").sources
        == [
          .shapes(ShapeVideo(.movingShapes, index: 0)),
          .shapes(ShapeVideo(.movingShapes, index: 1)),
        ])
    #expect(try collect("synthetic:static-circles").sources.count == 9537)
    #expect(
      try collect("synthetic:textured-shapes:1:seed=7:redrawn").sources
        == [.shapes(ShapeVideo(.texturedShapes, index: 0, seed: 7, isRedrawn: true))])
    try folder.picture("p/1.png", level: 3)
    let path = folder.file("p")
    #expect(
      try collect("synthetic:picture-shapes:1:from=\(path)").sources
        == [.shapes(ShapeVideo(.pictureShapes, index: 0, pictures: path))])
    #expect(
      complaint { _ = try collect("synthetic:picture-shapes:1:from=\(path)/gone") }
        .hasPrefix("\(path)/gone does not exist"))
  }

  /// What videos show is a part of the sources: another picture is another training.
  @Test func picturesThatVideosShowAreFound() throws {
    let folder = try ScratchFolder()
    try folder.picture("p/1.png", level: 3)
    try folder.write("p/1.png\nsynthetic:picture-shapes:2:from=list.txt\n", to: "list.txt")
    let path = folder.file("p")
    let name = "synthetic:picture-shapes:2:from=\(path)"
    func shown() throws -> [SourceList] { try SourceCollection(paths: [name]).shownPictures }
    #expect(try shown() == [[.picture(path: "\(path)/1.png")]])
    try folder.picture("p/2.png", level: 4)
    #expect(
      try shown() == [[.picture(path: "\(path)/1.png"), .picture(path: "\(path)/2.png")]])
    // A list of pictures may name videos that show that list again.
    let list = folder.file("list.txt")
    #expect(
      try SourceCollection(paths: ["synthetic:picture-shapes:2:from=\(list)"]).shownPictures
        == [[.picture(path: "\(path)/1.png")]])
    #expect(SourceCollection.searchedPath(of: name) == path)
    #expect(SourceCollection.searchedPath(of: path) == path)
    try folder.write("", to: "q/text.txt")
    #expect(
      complaint {
        _ = try SourceCollection(paths: ["synthetic:picture-shapes:2:from=\(folder.file("q"))"])
      }.hasPrefix("no picture or video was found in"))
  }

  // MARK: Held-out sources

  @Test(arguments: [
    (1, 0.1, 0), (1, 0.99, 0), (2, 0.01, 1), (2, 0.99, 1), (10, 0.25, 3), (10, 0.999, 9),
    (500, 0.12, 60), (7, 0.0, 0),
  ])
  func splitIsDisjointAndCompleteAndLeavesSomethingToTrainOn(
    count: Int, fraction: Double, heldOut: Int
  ) throws {
    let collection = try collect("synthetic:dead-leaves:\(count)")
    let split = collection.split(heldOut: fraction)
    #expect(split.heldOut.count == heldOut)
    #expect(split.training.count == count - heldOut)
    #expect(Set(split.training).isDisjoint(with: split.heldOut))
    #expect(Set(split.training).union(split.heldOut) == Set(collection.sources))
    // The same again, and both in the collection's order.
    let again = collection.split(heldOut: fraction)
    #expect(again.training == split.training && again.heldOut == split.heldOut)
    let training = Set(split.training)
    #expect(Array(split.training) == collection.sources.filter { training.contains($0) })
  }

  /// Held-out sources are spread over the list and not its last ones (of the same class, for example).
  @Test func heldOutSourcesAreSpread() throws {
    let split = try collect("synthetic:dead-leaves:1000").split(heldOut: 0.2)
    let firstHalf = split.heldOut.count { source in
      if case .deadLeaves(let index) = source { index < 500 } else { false }
    }
    #expect((70...130).contains(firstHalf))
  }
}
