import Foundation
import TestSupport
import Testing
import VideoData

/// Small datasets in each format, with the variations and mistakes of real copies.
@Suite struct DatasetFormatTests: DatasetSuite {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  // MARK: UCF101

  private func writeUCF101(
    newline: String = "\n", classes: [String] = ["1 Walk", "2 Run"],
    train: [String] = ["Walk/a.avi 1", "Run/b.avi 2", "Run/c.avi 2"], test: [String] = ["Run/d.avi"]
  ) throws {
    for (name, lines) in [
      ("classInd", classes), ("trainlist02", train), ("testlist02", test),
    ] { try folder.write(lines.map { $0 + newline }.joined(), to: "s/\(name).txt") }
    try touch("v/x")
  }

  @Test(arguments: ["\n", "\r\n"])
  func ucf101FindsWhatPeopleHave(newline: String) throws {
    try writeUCF101(
      newline: newline, test: ["Run/d.avi", "Run/e.avi", "Walk/gone.avi", "Walk/both.avi"])
    try touch(
      "v/Walk/a.avi", "v/b.avi", "v/Run/c.MP4", "v/Run/c.txt", "v/Run/d/img_1.jpg",
      "v/Run/e.avi/1.jpg", "v/Walk/gone.txt", "v/Walk/both.mkv", "v/Walk/both.mp4")
    #expect(
      try summary(read(.ucf101, split: 2, frameRate: 12)) == [
        "train Walk Walk/a.avi -> v/Walk/a.avi", "train Run Run/b.avi -> v/b.avi",
        "train Run Run/c.avi -> v/Run/c.MP4", "test Run Run/d.avi -> v/Run/d at 12.0",
        "test Run Run/e.avi -> v/Run/e.avi at 12.0", "test Walk Walk/gone.avi -> absent",
        "test Walk Walk/both.avi -> v/Walk/both.mkv",
      ])
  }

  @Test func ucf101UsesTheOrderOfTheClassIndex() throws {
    try writeUCF101()
    #expect(try read(.ucf101, split: 2).classNames == ["Walk", "Run"])
    // A slash at the end of the folder's name is not doubled in paths.
    try touch("v/Walk/a.avi")
    #expect(
      try read(.ucf101, videos: "v//", split: 2).videos[0].footage
        == .video(path: folder.path + "/v/Walk/a.avi"))
  }

  @Test(arguments: [
    (
      ["Walk/a.avi 2"],
      "s/trainlist02.txt, line 1: Walk/a.avi has the label 2, but Walk is 1 in classInd.txt"
    ),
    (
      ["Walk/a.avi 1", "", "Swim/a.avi 1"],
      "s/trainlist02.txt, line 3: the class Swim is not in classInd.txt"
    ),
    (["Walk/a.avi"], "s/trainlist02.txt, line 1: Walk/a.avi has no label"),
    (["a.avi 1"], "s/trainlist02.txt, line 1: a.avi is not of the form Class/name.avi"),
    (
      ["Walk/../../a.avi 1"],
      "s/trainlist02.txt, line 1: the name \"Walk/../../a.avi\" leads out of the videos folder"
    ),
    (
      ["/Walk/a.avi 1"],
      "s/trainlist02.txt, line 1: the name \"/Walk/a.avi\" leads out of the videos folder"
    ),
    (
      ["Run/d.avi 2"],
      "s/testlist02.txt, line 1: lists Run/d.avi again, after s/trainlist02.txt, line 1, but for test and not for train"
    ),
  ])
  func ucf101MistakesAreSaidWithTheirLine(train: [String], sentence: String) throws {
    try writeUCF101(train: train)
    #expect(complaint { try read(.ucf101, split: 2) } == sentence)
  }

  @Test(arguments: [
    ["0 Walk", "1 Run"], ["1 Walk", "3 Run"], ["1 Walk", "1 Run"], ["1 Walk", "2 Walk"],
    ["Walk", "Run"], ["1 Walk", "99999999999999999999 Run"],
  ])
  func classIndexWithGapsIsAnError(classes: [String]) throws {
    try writeUCF101(classes: classes)
    #expect(complaint { try read(.ucf101, split: 2) }.hasPrefix("s/classInd.txt, line "))
  }

  /// The folder in the original archive is HandstandPushups; in many copies it is HandStandPushups.
  @Test func namesDifferingInCaseAreFoundAndReportedOnce() throws {
    try writeUCF101(
      classes: ["1 HandstandPushups", "2 Run"],
      train: ["HandstandPushups/a.avi 1", "HandstandPushups/b.avi 1", "Run/c.avi 2"],
      test: ["HandStandPushups/d.avi", "Run/e.avi", "Run/f.avi", "Run/F.avi"])
    try touch(
      "v/HandStandPushups/a.avi", "v/HandStandPushups/B.mp4", "v/HandStandPushups/d/1.jpg",
      "v/Run/c.avi", "v/Run/E.avi", "v/Run/e.AVI", "v/Run/f.avi")
    let dataset = try read(.ucf101, split: 2)
    #expect(
      summary(dataset) == [
        "train HandstandPushups HandstandPushups/a.avi -> v/HandStandPushups/a.avi",
        "train HandstandPushups HandstandPushups/b.avi -> v/HandStandPushups/B.mp4",
        "train Run Run/c.avi -> v/Run/c.avi",
        "test HandstandPushups HandStandPushups/d.avi -> v/HandStandPushups/d at 25.0",
        "test Run Run/e.avi -> v/Run/e.AVI", "test Run Run/f.avi -> v/Run/f.avi",
        // Its only file belongs to the other one.
        "test Run Run/F.avi -> absent",
      ])
    #expect(
      remarks(dataset) == [
        "the class HandStandPushups of a list is read as HandstandPushups",
        "2 videos are found under names that differ from the list only in case, the first: HandstandPushups/a.avi as "
          + "HandStandPushups/a.avi",
      ])
  }

  /// It is unknown which of the two is meant.
  @Test func ambiguousNamesDifferingInCaseAreNotGuessed() throws {
    try folder.write("run/a.mp4,run,train\nwave/b.mp4,wave,train\n", to: "v/annotations.csv")
    try touch("v/RUN/a.mp4", "v/Run/a.mp4", "v/wave/B.mp4", "v/wave/B.MP4")
    #expect(try read(.csv, splits: nil).videos.allSatisfy { $0.footage == nil })
  }

  /// `a.mp4` would match both `a.avi` and itself, in training and in test.
  @Test func oneFileForTwoEntriesIsAnError() throws {
    try writeUCF101(train: ["Run/d.mp4 2"])
    try touch("v/Run/d.mp4")
    #expect(
      complaint { try read(.ucf101, split: 2) }
        == "s/testlist02.txt, line 1: names Run/d.avi, but v/Run/d.mp4 was found for Run/d.mp4 already"
    )
  }

  @Test(arguments: DatasetKind.allCases.filter { $0.listPlace == .folder })
  func missingListsSayWhatIsExpected(kind: DatasetKind) throws {
    try touch("v/x", "s/notes.md")
    for splits in ["s", "nowhere", nil] {
      let text = complaint { try read(kind, splits: splits) }
      #expect(
        text.contains("\(kind.rawValue) needs a folder") && text.contains("://"), "\(text)")
      #expect(text.contains("\n") == false)
    }
  }

  // MARK: HMDB51

  private func writeHMDB51() throws {
    for (name, text) in [
      ("wave_test_split1", "a.avi 1 \nb(1)!.avi 2 \nc.avi 0 \n"),
      ("climb_stairs_test_split1", "d.avi 2 \r\ne.avi 1 \r\n"), ("climb_test_split1", "f.avi 1\n"),
      ("class_list", "wave\nclimb\n"), ("readme_test_split_notes", "hello"),
    ] { try folder.write(text, to: "s/\(name).txt") }
    try touch("v/x")
  }

  @Test func hmdb51ReadsTheUseOfEachVideo() throws {
    try writeHMDB51()
    try touch("v/wave/a.avi", "v/b(1)!/1.png", "v/climb_stairs/d.webm", "v/climb/e.avi")
    let dataset = try read(.hmdb51)
    #expect(dataset.classNames == ["climb", "climb_stairs", "wave"])
    #expect(
      summary(dataset) == [
        "train climb climb/f.avi -> absent",
        "test climb_stairs climb_stairs/d.avi -> v/climb_stairs/d.webm",
        "train climb_stairs climb_stairs/e.avi -> absent", "train wave wave/a.avi -> v/wave/a.avi",
        "test wave wave/b(1)!.avi -> v/b(1)! at 25.0",
      ])
  }

  /// Otherwise, the labels of all later classes would be shifted.
  @Test func classWithoutItsFileIsAnError() throws {
    try writeHMDB51()
    try folder.write("a.avi 1\n", to: "s/wave_test_split2.txt")
    #expect(
      complaint { try read(.hmdb51, split: 2) }.hasPrefix("s/climb_test_split2.txt does not exist"))
  }

  @Test(arguments: [
    ("a.avi 3", "a line must be a name and 0, 1 or 2, as in: name.avi 1"),
    ("a.avi", "a line must be a name and 0, 1 or 2, as in: name.avi 1"),
    ("../a.avi 1", "\"../a.avi\" cannot be a part of a file's name"),
    (".. 1", "\"..\" cannot be a part of a file's name"),
  ])
  func hmdb51MistakesAreSaidWithTheirLine(line: String, problem: String) throws {
    try writeHMDB51()
    try folder.write("ok.avi 1\n\(line)\n", to: "s/climb_test_split1.txt")
    #expect(complaint { try read(.hmdb51) } == "s/climb_test_split1.txt, line 2: \(problem)")
  }

  // MARK: Kinetics

  @Test func kineticsFilesMayHaveTimesWithoutZeros() throws {
    try folder.write("zumba,id,27,37,train\nzumba,di,7,17,train\n", to: "s/train.csv")
    try touch("v/zumba/id_27_37.mp4", "v/zumba/di_7_17.mkv", "v/zumba/di_000007_000017.mp4")
    #expect(
      try summary(read(.kinetics)) == [
        "train zumba zumba/id_000027_000037 -> v/zumba/id_27_37.mp4",
        "train zumba zumba/di_000007_000017 -> v/zumba/di_000007_000017.mp4",
      ])
  }

  @Test func repeatedRowsCountOnce() throws {
    try folder.write(
      "zumba,a,1,11,train\nzumba,b,1,11,train\nzumba,a,1,11,train\nzumba,a,1,11,train\n",
      to: "s/train.csv")
    try touch("v/a.mp4")
    let dataset = try read(.kinetics)
    #expect(dataset.videos.map(\.name) == ["zumba/a_000001_000011", "zumba/b_000001_000011"])
    #expect(
      remarks(dataset) == [
        "2 rows repeat an earlier row and count once, the first: s/train.csv, line 3"
      ])
  }

  @Test(arguments: [
    "youtube_id,time_start,time_end,split\nz,1,11,test\ny,1,11,test\n",
    "z,1,11,test\ny,2,12,test\n",
    "z,1,11\ny,2.0,12.0\n", ",z,1,11,test\n,y,2,12,test\n",
  ])
  func kineticsTestListsNeedNoLabels(text: String) throws {
    try folder.write("zumba,a,1,11,train\n", to: "s/train.csv")
    try folder.write(text, to: "s/test.csv")
    try touch("v/a.mp4")
    let dataset = try read(.kinetics)
    #expect(summary(dataset) == ["train zumba zumba/a_000001_000011 -> v/a.mp4"])
    #expect(remarks(dataset) == ["s/test.csv: 2 rows have no label and are skipped"])
    try folder.write(text.replacingOccurrences(of: "test", with: "train"), to: "s/train.csv")
    #expect(complaint { try read(.kinetics) }.hasSuffix(": the row has no label"))
  }

  @Test func kineticsListsMaySpellClassesOtherwiseThanTheMap() throws {
    try folder.write("id,name\n0,shaking hands\n1,zumba\n", to: "s/kinetics_400_labels.csv")
    try folder.write(
      "shaking_hands,a,1,11,train\nZumba,b,1,11,train\nZumba,c,1,11,train\n", to: "s/train.csv")
    try touch("v/a.mp4")
    let dataset = try read(.kinetics)
    #expect(dataset.classNames == ["shaking hands", "zumba"])
    #expect(dataset.videos.map(\.label) == [0, 1, 1])
    #expect(
      remarks(dataset) == [
        "the class shaking_hands of a list is read as shaking hands",
        "the class Zumba of a list is read as zumba",
      ])
  }

  @Test func kineticsFindsEachLayout() throws {
    try folder.write(
      "label,youtube_id,time_start,time_end,split,is_cc\n\"air drumming\",-a_1,7,17,train,0\n"
        + "\"shaking, hands\",b,0,10,train,0\nzumba,c,3500,3510,train,1\nzumba,d,1,11,train,0\n"
        + "zumba,g,1,11,train,0\n",
      to: "s/train.csv")
    try folder.write(
      "air drumming,e,1.0,11.0,validate\r\nzumba,f,2,12,val\r\nzumba,h,2,12,val\r\n",
      to: "s/val.csv")
    try folder.write("youtube_id,time_start,time_end,split\nz,1,11,test\n", to: "s/test.csv")
    try touch(
      "v/air_drumming/-a_1_000007_000017.mp4", "v/shaking, hands/b_000000_000010.mkv",
      "v/train/zumba/c_003500_003510.webm", "v/train/d.mp4", "v/val/air drumming/e.mp4",
      "v/f_000002_000012/img_00001.jpg", "v/g_000001_000011.avi", "v/train/zumba/h.mp4")
    let dataset = try read(.kinetics)
    #expect(dataset.classNames == ["air drumming", "shaking, hands", "zumba"])
    #expect(dataset.evaluationSubset == .validation)
    #expect(
      summary(dataset).sorted() == [
        "train air drumming air drumming/-a_1_000007_000017 -> v/air_drumming/-a_1_000007_000017.mp4",
        "train shaking, hands shaking, hands/b_000000_000010 -> v/shaking, hands/b_000000_000010.mkv",
        "train zumba zumba/c_003500_003510 -> v/train/zumba/c_003500_003510.webm",
        "train zumba zumba/d_000001_000011 -> v/train/d.mp4",
        "train zumba zumba/g_000001_000011 -> v/g_000001_000011.avi",
        "val air drumming air drumming/e_000001_000011 -> v/val/air drumming/e.mp4",
        "val zumba zumba/f_000002_000012 -> v/f_000002_000012 at 25.0",
        "val zumba zumba/h_000002_000012 -> absent",
      ])
  }

  @Test(arguments: [
    ("map-k400-class.csv", "#0 zumba\r\n#1 air drumming\r\n"),
    ("label_map.txt", "zumba\nair drumming\n"),
    ("classes.txt", "0,zumba\n1,air drumming\n"),
  ])
  func classMapGivesTheOrder(name: String, text: String) throws {
    try folder.write(text, to: "s/\(name)")
    try folder.write("air drumming,a,1,11,test\n", to: "s/test.csv")
    try touch("v/x")
    let dataset = try read(.kinetics)
    #expect(dataset.classNames == ["zumba", "air drumming"] && dataset.videos[0].label == 1)
    // Labeled test lists are evaluated on.
    #expect(dataset.evaluationSubset == .test)
    try folder.write("yoga,a,1,11,val\n", to: "s/val.csv")
    #expect(
      complaint { try read(.kinetics) }
        == "s/val.csv, line 1: the class yoga is not in the class map")
  }

  @Test(arguments: [
    ("zumba,a,1,11,holdout", "the split must be train, validate or test, not holdout"),
    ("zumba,a,x,11,val", "the times must be seconds, not x and 11"),
    ("zumba,a,1,1e300,val", "the times must be seconds, not 1 and 1e300"),
    ("zumba,a,nan,11,val", "the times must be seconds, not nan and 11"),
    ("zumba,../a,1,11,val", "\"../a\" cannot be a part of a file's name"),
    ("..,a,1,11,val", "\"..\" cannot be a part of a file's name"),
    ("zumba,a,1,11", "the row has 4 columns, the first one 5"),
    (
      "zumba,ok,1,11,val",
      "lists zumba/ok_000001_000011 again, after s/train.csv, line 1, but for val and not for train"
    ),
    (",a,1,11,train", "the row has no label"),
  ])
  func kineticsMistakesAreSaidWithTheirLine(line: String, problem: String) throws {
    try folder.write("zumba,ok,1,11,train\n\n\(line)\n", to: "s/train.csv")
    try touch("v/x")
    #expect(complaint { try read(.kinetics) } == "s/train.csv, line 3: \(problem)")
  }

  // MARK: csv

  @Test func csvColumnsAreFoundByName() throws {
    try folder.write(
      "\u{FEFF}Split,note,Video,CLASS\r\ntrain,\"one, \"\"two\"\"\r\nthree\",run/a.mp4,10\r\n"
        + "validation,,./b.mp4,2\r\ntesting,,\(folder.path)/else/c.mov,2\r\n",
      to: "v/annotations.csv")
    try touch("v/run/a.avi", "v/b.mp4", "else/c.mov")
    let dataset = try read(.csv, splits: nil)
    #expect(dataset.classNames == ["2", "10"])
    #expect(
      summary(dataset) == [
        "train 10 run/a.mp4 -> v/run/a.avi", "val 2 b.mp4 -> v/b.mp4",
        "test 2 \(folder.path)/else/c.mov -> else/c.mov",
      ])
  }

  @Test func csvNeedsNoHeader() throws {
    try folder.write("frames/a,wave,train\n \"b, c.mp4\" , wave , TEST \n\n", to: "s/mine.csv")
    try touch("v/frames/a/1.jpg", "v/b, c.mp4")
    #expect(
      try summary(read(.csv, splits: "s/mine.csv")) == [
        "train wave frames/a -> v/frames/a at 25.0", "test wave b, c.mp4 -> v/b, c.mp4",
      ])
  }

  /// Lists that are made on Windows, or by joining paths.
  @Test func csvPathsAreNormalized() throws {
    try folder.write(
      "left\\a.mp4,wave,train\n./left/../left/b.mp4,wave,train\nleft//c.mp4,run,test\n",
      to: "v/annotations.csv")
    try touch("v/left/a.mp4", "v/left/b.mp4", "v/left/c.mp4")
    #expect(
      try summary(read(.csv, splits: nil)) == [
        "train wave left/a.mp4 -> v/left/a.mp4", "train wave left/b.mp4 -> v/left/b.mp4",
        "test run left/c.mp4 -> v/left/c.mp4",
      ])
  }

  @Test func csvRowsForTestingNeedNoLabel() throws {
    try folder.write("a.mp4,wave,train\nb.mp4,,test\nc.mp4,,test\n", to: "v/annotations.csv")
    try touch("v/a.mp4")
    let dataset = try read(.csv, splits: nil)
    #expect(summary(dataset) == ["train wave a.mp4 -> v/a.mp4"])
    #expect(remarks(dataset) == ["v/annotations.csv: 2 rows have no label and are skipped"])
  }

  @Test(arguments: [
    ("a.mp4,wave,dev", 1, "the split must be train, val or test, not dev"),
    ("a.mp4,wave", 1, "without a header the columns are path,label,split, but there are 2"),
    ("a.mp4,wave,train\nb.mp4,wave", 2, "the row has 2 columns, the first one 3"),
    (
      "path,label\na.mp4,wave", 1,
      "the header must have one column named split or subset, not 0"
    ),
    (
      "path,file,label,split\n", 1,
      "the header must have one column named path or video or file or filename, not 2"
    ),
    ("a.mp4,,train", 1, "the row has no label"), (",wave,train", 1, "the row has no path"),
    (
      "path,label,split,note\na.mp4,wave,train,\"1\n2\"\nb.mp4,\"wave,train\n", 4,
      "a quote is not closed"
    ),
    ("a.mp4,\"wave\"s,train", 1, "text follows a closing quote; a quote inside a field is doubled"),
    ("../a.mp4,wave,train", 1, "the name \"../a.mp4\" leads out of the videos folder"),
    (
      "a.mp4,wave,train\n./a.mp4,wave,test", 2,
      "lists a.mp4 again, after s/m.csv, line 1, but for test and not for train"
    ),
    (
      "a.mp4,wave,train\na.mp4,run,train", 2,
      "lists a.mp4 again, after s/m.csv, line 1, but as run and not as wave"
    ),
    (
      "path\tlabel\tsplit\na.mp4\twave\ttrain", 1,
      "comma expected, found a tab: columns must be separated by commas"
    ),
    (
      "a.mp4;wave;train", 1,
      "comma expected, found a semicolon: columns must be separated by commas"
    ),
    ("a.mp4 wave train", 1, "comma expected, found a blank: columns must be separated by commas"),
    (
      "a.mp4,wave,train\nb.mp4;wave;train", 2,
      "comma expected, found a semicolon: columns must be separated by commas"
    ),
    (
      "..\\a.mp4,wave,train", 1, "the name \"..\\a.mp4\" leads out of the videos folder"
    ),
    (
      "left/../../x.mp4,wave,train", 1,
      "the name \"left/../../x.mp4\" leads out of the videos folder"
    ),
    (
      "C:\\v\\a.mp4,wave,train", 1,
      "the name \"C:\\v\\a.mp4\" begins with a Windows drive: paths must be relative to the videos folder"
    ),
    (String(repeating: ",", count: 2000), 1, "it has more than 1024 columns"),
    (
      "..\u{2F}\u{301}a.mp4,wave,train", 1,
      "the name \"..\u{2F}\u{301}a.mp4\" leads out of the videos folder"
    ),
    (
      "a\u{600}/../../b.mp4,wave,train", 1,
      "the name \"a\u{600}/../../b.mp4\" leads out of the videos folder"
    ),
    ("a.mp4,\"wa\nve\",train", 1, "the name \"wave\" has control characters in it"),
    ("\u{1B}[31ma.mp4,wave,train", 1, "the name \"[31ma.mp4\" has control characters in it"),
    ("a.mp4,wave,\"\u{1B}[31m\"", 1, "the split must be train, val or test, not [31m"),
  ])
  func csvMistakesAreSaidWithTheirLine(text: String, line: Int, problem: String) throws {
    try folder.write(text, to: "s/m.csv")
    try touch("v/x")
    #expect(
      complaint { try read(.csv, splits: "s/m.csv") } == "s/m.csv, line \(line): \(problem)")
  }

  @Test func listsThatAreNotTextNotFilesOrTooLargeAreErrors() throws {
    try touch("v/x")
    try Data([0x61, 0, 0x0A, 0]).write(to: URL(fileURLWithPath: folder.file("s/m.csv")))
    #expect(
      complaint { try read(.csv, splits: "s/m.csv") }
        == "s/m.csv cannot be read: it is not UTF-8 text")
    #expect(
      complaint { try read(.csv, splits: "s") }.hasPrefix("s cannot be read: it is not a file"))
    #expect(complaint { try read(.csv, splits: nil) }.hasPrefix("v/annotations.csv does not exist"))
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.file("s/m.csv")))
    try handle.truncate(atOffset: 1 << 40)
    #expect(complaint { try read(.csv, splits: "s/m.csv") }.contains("larger than the 256 MiB"))
    try folder.write("path,label,split\n", to: "s/m.csv")
    #expect(
      complaint { try read(.csv, splits: "s/m.csv") } == "s/m.csv contains no videos to train on")
  }

  /// In Swift, the dot and the combining character after it are a single character.
  @Test func extensionsAreFoundByBytes() throws {
    try folder.write("a\u{600}.mp4,wave,train\n", to: "s/m.csv")
    try touch("v/a\u{600}.mp4")
    #expect(try read(.csv, splits: "s/m.csv").videos[0].footage != nil)
  }

  // MARK: Class folders

  @Test func foldersOfSubsetsHoldClasses() throws {
    try touch(
      "v/train/wave/2.mp4", "v/train/wave/10.avi", "v/train/run/a/1.jpg", "v/train/run/b.mp4",
      "v/train/run/b/1.jpg", "v/validation/run/c.mp4", "v/test/hop/d.mp4", "v/README",
      "v/train/wave/notes.txt", "v/train/.hidden/e.mp4")
    let dataset = try read(.folders, splits: nil)
    #expect(dataset.classNames == ["hop", "run", "wave"])
    #expect(
      summary(dataset) == [
        "train run train/run/a -> v/train/run/a at 25.0",
        "train run train/run/b.mp4 -> v/train/run/b.mp4",
        "train wave train/wave/2.mp4 -> v/train/wave/2.mp4",
        "train wave train/wave/10.avi -> v/train/wave/10.avi",
        "val run validation/run/c.mp4 -> v/validation/run/c.mp4",
        "test hop test/hop/d.mp4 -> v/test/hop/d.mp4",
      ])
  }

  @Test func foldersOfClassesGiveAFifthToTheTest() throws {
    for index in 0..<20 { try touch("v/run/\(index).mp4", "v/train/\(index).mp4") }
    try touch("v/hop/a.mp4", "v/hop/b.mp4", "v/sit/only.mp4")
    // A class may be called train.
    let dataset = try read(.folders, splits: nil)
    #expect(dataset.classNames == ["hop", "run", "sit", "train"])
    let test = dataset.videos(of: .test)
    #expect((0..<4).map { label in test.count { $0.label == label } } == [1, 4, 0, 4])
    // The choice differs between classes, and is not just the first ones.
    let chosen = (1...3).map { label in
      test.filter { $0.label == label }.map { $0.name.split(separator: "/")[1] }
    }
    #expect(chosen[0] != chosen[2] && chosen[0] != ["0.mp4", "1.mp4", "2.mp4", "3.mp4"])
    // Other formats of the videos and another class do not change the choice.
    for index in 0..<20 { try touch("w/run/\(index)/1.jpg") }
    try touch("w/zap/1.mp4")
    let again = try read(.folders, videos: "w", splits: nil)
    #expect(again.videos(of: .test).map(\.name) == chosen[0].map { "run/" + $0.dropLast(4) })
  }

  @Test func foldersOfUnknownLayoutsAreErrors() throws {
    try touch(
      "v/train/run/a.mp4", "v/test/run/b.mp4", "v/other/c.mp4", "e/run/notes.txt", "f/a.mp4")
    #expect(
      complaint { try read(.folders, splits: nil) }
        == "v has other beside test and train: it must hold folders of classes, or train, val and test with the classes in them"
    )
    #expect(
      complaint { try read(.folders, videos: "e", splits: nil) }
        == "e contains no videos to train on"
    )
    #expect(
      complaint { try read(.folders, videos: "f", splits: nil) }
        == "f contains no videos to train on"
    )
    #expect(
      complaint { try read(.folders, videos: "g", splits: nil) }
        == "g does not exist: name the folder of the videos")
    #expect(
      complaint { try read(.folders, videos: "f/a.mp4", splits: nil) }
        == "f/a.mp4 is a file: --data-root names the folder of the videos, --splits their lists")
  }

  // MARK: All

  @Test func unknownSplitsAreErrors() throws {
    try touch("v/run/a.mp4")
    #expect(
      complaint { try read(.folders, splits: nil, split: 2) }
        == "there is no split 2 of folders: it comes with a single one, 1")
    #expect(
      complaint { try read(.ucf101, split: 0) }
        == "there is no split 0 of ucf101: its splits are 1, 2 and 3")
    #expect(
      complaint { try read(.mmaction2, split: 0) }
        == "there is no split 0 of mmaction2: they count from 1")
  }

  @Test func linksToVideosAndFoldersAreFollowed() throws {
    try touch("real/a.mp4", "real/b/1.jpg", "v/x")
    try folder.write("a.mp4,run,train\nb.mp4,run,test\nc.mp4,run,test\n", to: "s/m.csv")
    for name in ["a.mp4", "b", "c.mp4"] {
      try FileManager.default.createSymbolicLink(
        atPath: folder.path + "/v/" + name, withDestinationPath: "../real/" + name)
    }
    #expect(
      try summary(read(.csv, splits: "s/m.csv")) == [
        "train run a.mp4 -> v/a.mp4", "test run b.mp4 -> v/b at 25.0", "test run c.mp4 -> absent",
      ])
  }
}
