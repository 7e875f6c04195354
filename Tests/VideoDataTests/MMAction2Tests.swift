import Foundation
import TestSupport
import Testing
import VideoData

/// MMAction2's lists in their documented forms.
@Suite struct MMAction2Tests: DatasetSuite {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  @Test func listsOfVideosAreRead() throws {
    try folder.write(
      "run/a.mp4 1\nrun/with blank 2.mp4 0\r\n\n", to: "s/kinetics400_train_list_videos.txt")
    try folder.write(
      "run/c.mp4\t1\n\(folder.path)/else/d.mov 0\nwave\\e.mp4 0\n",
      to: "s/kinetics400_val_list_videos.txt")
    try folder.write("x.mp4 -1\n", to: "s/kinetics400_test_list_videos.txt")
    try touch(
      "v/run/a.mp4", "v/videos_train/run/with blank 2.mp4", "v/val/run/c.mp4", "else/d.mov",
      "v/videos_val/wave/e.mp4")
    let dataset = try read(.mmaction2)
    #expect(
      summary(dataset) == [
        "train 1 run/a.mp4 -> v/run/a.mp4",
        "train 0 run/with blank 2.mp4 -> v/videos_train/run/with blank 2.mp4",
        "val 1 run/c.mp4 -> v/val/run/c.mp4",
        "val 0 \(folder.path)/else/d.mov -> else/d.mov",
        "val 0 wave/e.mp4 -> v/videos_val/wave/e.mp4",
      ])
    #expect(dataset.classNames == ["0", "1"] && dataset.evaluationSubset == .validation)
    #expect(
      remarks(dataset) == [
        "s/kinetics400_test_list_videos.txt: 1 row has no label and is skipped"
      ])
  }

  @Test func listsOfFoldersOfFramesAreRead() throws {
    try folder.write(
      "some/directory-1 163 2\n100218 42 0\nmy dir 7 1\nwhole 0 30 1\n",
      to: "s/sthv2_train_list_rawframes.txt")
    try touch(
      "v/some/directory-1/img_00001.jpg", "v/rawframes/100218/img_00001.jpg", "v/my dir.mp4",
      "v/rawframes_train/whole/1.jpg")
    let dataset = try read(.mmaction2, splits: "s/sthv2_train_list_rawframes.txt", frameRate: 12)
    #expect(
      summary(dataset) == [
        "train 2 some/directory-1 -> v/some/directory-1 at 12.0",
        "train 0 100218 -> v/rawframes/100218 at 12.0", "train 1 my dir -> v/my dir.mp4",
        "train 1 whole -> v/rawframes_train/whole at 12.0",
      ])
    #expect(dataset.videos.map(\.listedFrames) == [163, 42, 7, 30])
  }

  @Test func labelMapsNameTheClasses() throws {
    try folder.write("Walk\nRun\n", to: "s/label_map.txt")
    try folder.write("a.mp4 1\n", to: "s/train.txt")
    try touch("v/a.mp4")
    #expect(try summary(read(.mmaction2)) == ["train Run a.mp4 -> v/a.mp4"])
    // Labels that count from 1 would all be off by one.
    try folder.write("a.mp4 1\nb.mp4 2\n", to: "s/train.txt")
    #expect(
      complaint { try read(.mmaction2) }
        == "s/train.txt, line 2: there is no class 2: the label map names 2, and labels count from 0"
    )
  }

  @Test func listsOfOneSplitAndOneFormAreTaken() throws {
    for split in 1...2 {
      for subset in ["train", "val"] {
        try folder.write(
          "\(subset)\(split)/a.avi 0\n", to: "s/ucf101_\(subset)_split_\(split)_videos.txt")
        try folder.write(
          "\(subset)\(split)/a 9 0\n", to: "s/ucf101_\(subset)_split_\(split)_rawframes.txt")
      }
    }
    try touch("v/x")
    let dataset = try read(.mmaction2, split: 2)
    #expect(dataset.videos.map(\.name) == ["train2/a.avi", "val2/a.avi"])
    #expect(
      dataset.remarks == [
        .skippedLists(
          taken: "ucf101_train_split_2_videos.txt", others: ["ucf101_train_split_2_rawframes.txt"]),
        .skippedLists(
          taken: "ucf101_val_split_2_videos.txt", others: ["ucf101_val_split_2_rawframes.txt"]),
      ])
    #expect(complaint { try read(.mmaction2, split: 3) } == "s has no lists of split 3")
    try folder.write("a.avi 0\n", to: "t/train.txt")
    #expect(
      complaint { try read(.mmaction2, splits: "t", split: 2) } == "t has no lists of split 2")
    try folder.write("a.avi 0\n", to: "t/train_2.txt")
    #expect(
      complaint { try read(.mmaction2, splits: "t") }
        == "t has the lists train.txt and train_2.txt for train: keep one of them")
    try folder.write("a.avi 0\n", to: "t/mine.txt")
    #expect(
      complaint { try read(.mmaction2, splits: "t/mine.txt") }
        == "t/mine.txt must have train, val or test in its name")
  }

  @Test(arguments: [
    (
      "a.mp4",
      "a line must be a path and a label, or a folder, its frames and a label, as in: run/a.mp4 3"
    ),
    (
      "a.mp4 walk",
      "a line must be a path and a label, or a folder, its frames and a label, as in: run/a.mp4 3"
    ),
    ("a.mp4,3", "blank expected before the label, found a comma: lines are path label"),
    ("a.mp4;3", "blank expected before the label, found a semicolon: lines are path label"),
    ("a.mp4 1 3", "the video has 2 labels, but only one is supported"),
    (
      "dir 5 30 1",
      "3 numbers follow the folder, but parts of videos and several labels are not supported: a line must be folder frames label"
    ),
    ("a.mp4 -2", "the label must be from 0 to 99999, not -2"),
    ("a.mp4 100000", "the label must be from 0 to 99999, not 100000"),
    ("a.mp4 -1", "the row has no label"), ("dir 0 1", "the video cannot have 0 frames"),
    ("../a.mp4 1", "the name \"../a.mp4\" leads out of the videos folder"),
    (
      "3",
      "a line must be a path and a label, or a folder, its frames and a label, as in: run/a.mp4 3"
    ),
    ("ok.mp4 1", "lists ok.mp4 again, after s/train.txt, line 1, but as 1 and not as 0"),
  ])
  func mistakesAreSaidWithTheirLine(line: String, problem: String) throws {
    try folder.write("ok.mp4 0\n\(line)\n", to: "s/train.txt")
    try touch("v/x")
    #expect(complaint { try read(.mmaction2) } == "s/train.txt, line 2: \(problem)")
  }
}
