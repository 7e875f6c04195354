import Foundation
import TestSupport
import Testing
import VideoData

/// Datasets that can be read but are not what their owner intended.
@Suite struct DatasetFindingsTests: DatasetSuite {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func csv(_ rows: String...) throws -> ActionDataset {
    try folder.write(rows.joined(separator: "\n"), to: "v/annotations.csv")
    return try read(.csv, splits: nil)
  }

  /// Otherwise, three classes would become four.
  @Test func classesThatAreSpelledAlmostAlikeAreNamedAndStayApart() throws {
    let dataset = try csv(
      "1.mp4,LEFT,train", "2.mp4,left,train", "3.mp4,shaking_hands,train", "4.mp4,run,train",
      "5.mp4,shaking hands,val", "6.mp4,Shaking-Hands,val", "7.mp4,left,val", "8.mp4,LEFT,val",
      "9.mp4,run,val", "10.mp4,shaking_hands,val", "11.mp4,1-1,train", "12.mp4,11,train",
      "13.mp4,11,val", "14.mp4,1-1,val")
    #expect(dataset.classNames.count == 8)
    let findings = dataset.findings
    #expect(findings.first?.spoilsTraining == true)
    #expect(
      findings.map(\.description) == [
        "classes that are spelled almost alike count as different: LEFT and left; "
          + "Shaking-Hands and shaking hands and shaking_hands; if they are the same, spell them the same",
        "there is no training video for the classes Shaking-Hands, shaking hands, though there are videos to evaluate",
      ])
  }

  @Test func foldersWithoutVideosAreNotClasses() throws {
    try touch(
      "v/run/a.mp4", "v/run/b.mp4", "v/wave/a/1.jpg", "v/wave/b/1.jpg", "v/notes/readme.txt",
      "v/__MACOSX/run/._a.mp4", "v/.git/HEAD", "v/@eaDir/run/a.mp4", "v/wave/@eaDir/x.jpg",
      "v/pictures/1.jpg")
    try FileManager.default.createDirectory(
      atPath: folder.path + "/v/empty", withIntermediateDirectories: true)
    let dataset = try read(.folders, splits: nil)
    #expect(dataset.classNames == ["run", "wave"])
    #expect(dataset.videos.count == 4)
    #expect(
      dataset.findings == [
        .notClasses([".git", "@eaDir", "__MACOSX", "empty", "notes", "pictures"])
      ])
    #expect(
      remarks(dataset) == [
        ".git, @eaDir, __MACOSX, empty, notes, pictures are not classes: they hold no videos, or belong to the system"
      ])
  }

  @Test func theSameHoldsBelowFoldersOfSubsets() throws {
    try touch(
      "v/Train/run/a.mp4", "v/Train/wave/b.mp4", "v/Train/empty/readme.txt", "v/Test/run/c.mp4",
      "v/Test/wave/d.mp4", "v/Test/__MACOSX/run/._c.mp4", "v/__MACOSX/Train/run/._a.mp4",
      "v/annotations/list.txt", "v/Test/empty/readme.txt")
    let dataset = try read(.folders, splits: nil)
    // In upper case, they are also subsets and not two classes.
    #expect(
      summary(dataset) == [
        "train run Train/run/a.mp4 -> v/Train/run/a.mp4",
        "train wave Train/wave/b.mp4 -> v/Train/wave/b.mp4",
        "test run Test/run/c.mp4 -> v/Test/run/c.mp4",
        "test wave Test/wave/d.mp4 -> v/Test/wave/d.mp4",
      ])
    #expect(dataset.findings == [.notClasses(["__MACOSX", "annotations", "empty"])])
  }

  @Test func classWithoutTrainingVideosIsNamed() throws {
    let findings = try csv("1.mp4,run,train", "2.mp4,run,test", "3.mp4,hop,test").findings
    #expect(findings == [.untrainedClasses(["hop"])])
    #expect(findings[0].spoilsTraining)
    #expect(
      findings[0].description
        == "there is no training video for the class hop, though there are videos to evaluate")
    // Listed videos that do not exist cannot be used for training either.
    try touch("v/2.mp4", "v/3.mp4")
    #expect(
      try read(.csv, splits: nil).present.findings == [.nothingToTrainOn])
  }

  @Test func oneClassIsNamed() throws {
    let findings = try csv("1.mp4,run,train", "2.mp4,run,test").findings
    #expect(findings == [.oneClass("run")] && findings[0].spoilsTraining)
    #expect(
      findings[0].description
        == "there is one class, run: every prediction is correct, and an accuracy of 100% is meaningless"
    )
  }

  @Test func missingEvaluationVideosAreReported() throws {
    try touch("v/run/a.mp4", "v/wave/b.mp4")
    let findings = try read(.folders, splits: nil).findings
    #expect(findings == [.nothingToEvaluate] && findings[0].spoilsTraining)
  }

  @Test func classesThatAreNotEvaluatedOrNotUsedAreNamedWithoutSpoilingATraining() throws {
    try folder.write("a\nb\nc\n", to: "s/label_map.txt")
    try folder.write("1.mp4 0\n2.mp4 1\n", to: "s/train.txt")
    try folder.write("3.mp4 0\n", to: "s/val.txt")
    try touch("v/x")
    let findings = try read(.mmaction2).findings
    #expect(findings == [.unusedClasses(["c"]), .unevaluatedClasses(["b"])])
    #expect(findings.allSatisfy { !$0.spoilsTraining })
  }

  @Test func longListsOfNamesAreCut() throws {
    let rows = (0..<12).map { "\($0).mp4,c\($0),test" } + ["x.mp4,run,train"]
    try folder.write(rows.joined(separator: "\n"), to: "v/annotations.csv")
    let text = try read(.csv, splits: nil).findings.map(\.description).joined()
    #expect(text.contains("c0, c1, c2, c3, c4, c5, c6, c7 and 4 more, though"))
  }

  @Test func classesThatAMirrorSwapsAreFoundByLeftAndRight() throws {
    func mirrored(_ names: String...) -> DatasetFinding? {
      ActionDataset(classNames: names, videos: []).mirroredClasses
    }
    #expect(
      mirrored(
        "Pushing something from left to right", "Pushing something from right to left", "Opening")
        == .mirroredClasses([
          ["Pushing something from left to right", "Pushing something from right to left"]
        ]))
    #expect(mirrored("turn_LEFT", "turn_right") == .mirroredClasses([["turn_LEFT", "turn_right"]]))
    #expect(mirrored("left", "leftover", "upright", "up right", "bright") == nil)
  }

  /// Names of folders may contain control sequences.
  @Test func sentencesContainNoControlCharacters() throws {
    try touch("v/run/a.mp4", "v/run/b.mp4", "v/\u{1B}[31mred/notes.txt")
    let text = try read(.folders, splits: nil).findings.map(\.description).joined()
    #expect(text.contains("?[31mred") && !text.contains("\u{1B}"))
  }
}
