import Foundation
import KeyedRandom
import TestSupport
import Testing
import VideoData

/// Something-Something V2 and Diving48, which have JSON lists.
@Suite struct JSONDatasetTests: DatasetSuite {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  // MARK: Something-Something V2

  private let labels = """
    {
      "Opening something": "1", "Pushing something from left to right": "0",
      "Putting something similar to other things that are already on the table": 2
    }
    """
  private let training = """
    [
    {"id":"78687", "label":"pushing a cup from left to right",
     "template":"Pushing [something] from left to right", "placeholders":["a cup"]},
    {"id": 42, "template": "Putting [something similar to other things that are already on the table]"}
    ]
    """

  private func writeSomething(labels: String? = nil, training: String? = nil) throws {
    try folder.write(labels ?? self.labels, to: "s/something-something-v2-labels.json")
    try folder.write(training ?? self.training, to: "s/something-something-v2-train.json")
    try folder.write(
      "[{\"id\":\"7\",\"template\":\"opening [something]\"}]",
      to: "s/something-something-v2-validation.json")
    try folder.write("[{\"id\":\"1\"},{\"id\":\"2\"}]", to: "s/something-something-v2-test.json")
    try touch("v/x")
  }

  @Test func somethingSomethingV2IsRead() throws {
    try writeSomething()
    try touch("v/78687.webm", "v/20bn-something-something-v2/42.mp4", "v/7/00001.jpg")
    let dataset = try read(.somethingSomethingV2, frameRate: 12)
    #expect(
      dataset.classNames == [
        "Pushing something from left to right", "Opening something",
        "Putting something similar to other things that are already on the table",
      ])
    #expect(dataset.videos.map(\.label) == [0, 2, 1])
    #expect(
      dataset.videos.map(\.footage) == [
        .video(path: folder.path + "/v/78687.webm"),
        .video(path: folder.path + "/v/20bn-something-something-v2/42.mp4"),
        .frameFolder(path: folder.path + "/v/7", framesPerSecond: 12),
      ])
    #expect(dataset.evaluationSubset == .validation)
    #expect(
      remarks(dataset) == [
        "the class opening something of a list is read as Opening something",
        "s/something-something-v2-test.json: 2 rows have no label and are skipped",
      ])
    #expect(DatasetKind.allCases.filter(\.distinguishesLeftFromRight) == [.somethingSomethingV2])
    // The names in the newer archive.
    for name in ["train", "validation", "labels"] {
      try FileManager.default.copyItem(
        atPath: folder.path + "/s/something-something-v2-\(name).json",
        toPath: folder.file("t/\(name).json"))
    }
    #expect(
      try summary(read(.somethingSomethingV2, splits: "t", frameRate: 12)) == summary(dataset))
  }

  /// RFC 8259, section 7.
  @Test func textsMayHaveEscapes() throws {
    try writeSomething(
      labels: #"{"a\u0020\"b\"\\\/ caf\u00e9 \ud83c\udfc3 é": 0}"#,
      training:
        #"[ {"id" : "1" , "template":"[a] \"b\"\\/ caf\u00E9 🏃 é", "x": [true, null, -1.5e3, {}, []]} ]"#
    )
    try folder.write("[]", to: "s/something-something-v2-validation.json")
    let dataset = try read(.somethingSomethingV2)
    #expect(dataset.classNames == ["a \"b\"\\/ café 🏃 é"] && dataset.videos.map(\.label) == [0])
  }

  @Test(arguments: [
    ("", 1, "it is incomplete JSON: a list in [ ] expected, but the file ends"),
    ("{}", 1, "it is not JSON: a list in [ ] expected, found {"),
    ("[\n{\"id\": \"1\"\n", 3, "it is incomplete JSON: a comma or } expected, but the file ends"),
    ("[\n{\"id\": \"1\" \"template\"", 2, "it is not JSON: a comma or } expected, found \""),
    (
      "[\n{\"id\": \"1\n\"}]", 2,
      "it is not JSON: a quote before the end of the line expected, found \n"
    ),
    ("[{\"id\": nan}]", 1, "it is not JSON: a value expected, found n"),
    ("[{\"id\": 1e999}]", 1, "it is not JSON: a value expected, found 1"),
    ("[{\"id\": \"\\ud800x\"}]", 1, "it is not JSON: both halves of \\u expected, found x"),
    (
      "[{\"id\": \"\\x\"}]", 1,
      "it is not JSON: one of \" \\ / b f n r t u after a backslash expected, found x"
    ),
    ("[]\n]", 2, "it is not JSON: the end of the file expected, found ]"),
    ("[\n\n3]", 3, "an entry of the list must be an object, as in: {\"id\": \"1\"}"),
    ("[{}]", 1, "the entry has no id"), ("[{\"id\": \"1\"}]", 1, "the row has no label"),
    ("[{\"id\": \"../1\"}]", 1, "\"../1\" cannot be a part of a file's name"),
    (
      "[\n{\"id\": \"1\", \"template\": \"Closing [something]\"}]", 2,
      "the template of 1 is not in labels.json: Closing [something]"
    ),
  ])
  func mistakesAreSaidWithTheirLine(text: String, line: Int, problem: String) throws {
    try writeSomething(training: text)
    let said = problem.replacingOccurrences(of: "\n", with: "")
    #expect(
      complaint { try read(.somethingSomethingV2) }
        == "s/something-something-v2-train.json, line \(line): \(said)")
  }

  @Test(arguments: [
    ("[]", "it is not JSON: an object in { } expected, found ["),
    ("{}", "the classes must be numbered 0 to 0 without a gap"),
    (#"{"a": 0, "b": 2}"#, "the classes must be numbered 0 to 1 without a gap"),
    (#"{"a": 0, "b": "0"}"#, "a and b have the same number 0"),
    (#"{"a": 0, "[a]": "1"}"#, "a class appears twice"),
    (#"{"a": "x"}"#, "the number of a must be from 0 to 99999"),
    (#"{"a": 100000}"#, "the number of a must be from 0 to 99999"),
    (#"{"a\u001b": 0}"#, "the name \"a\" has control characters in it"),
  ])
  func mistakesOfLabelsAreSaid(text: String, problem: String) throws {
    try writeSomething(labels: text)
    #expect(
      complaint { try read(.somethingSomethingV2) }
        == "s/something-something-v2-labels.json, line 1: \(problem)")
  }

  @Test func unusableListsGiveAnErrorWithTheRequirements() throws {
    try folder.write("[]", to: "s/train.json")
    try touch("v/x")
    #expect(
      complaint { try read(.somethingSomethingV2) }.hasPrefix(
        "s has no labels.json, which numbers the classes: ssv2 needs a folder with train.json"))
    #expect(
      complaint { try read(.somethingSomethingV2, splits: "s/train.json") }
        .hasPrefix("s/train.json is a file: ssv2 needs a folder with train.json"))
  }

  /// A file must not exhaust the stack or the memory.
  @Test func nestingAndSizesAreBounded() throws {
    for text in [
      String(repeating: "[", count: 1 << 20), "[{\"id\":" + String(repeating: "[", count: 1 << 20),
      "[{\"id\": [" + String(repeating: "0,", count: 1 << 20) + "0]}]",
    ] {
      try writeSomething(training: text)
      #expect(
        complaint { try read(.somethingSomethingV2) }
          == "s/something-something-v2-train.json, line 1: an entry has too many values in it for a list of videos"
      )
    }
  }

  /// No mutated list crashes the process or names a file outside; most give errors with a line.
  @Test func mutatedListsAreReadOrRefused() throws {
    try writeSomething()
    var generator = KeyedGenerator(1, 17)
    var refused = 0
    for _ in 0..<300 {
      var bytes = Array(training.utf8)
      for _ in 0..<1 + generator.integer(below: 3) {
        let place = generator.integer(below: bytes.count)
        switch generator.integer(below: 3) {
        case 0: bytes.remove(at: place)
        case 1: bytes.insert(Array("[]{}\":,\\u".utf8)[generator.integer(below: 9)], at: place)
        default: bytes[place] = UInt8(generator.integer(below: 128))
        }
      }
      try folder.write(bytes, to: "s/something-something-v2-train.json")
      let text = complaint { try read(.somethingSomethingV2) }
      #expect(!text.hasPrefix("untyped"))
      if text != "no error" { refused += 1 }
    }
    #expect((100..<300).contains(refused))
  }

  // MARK: Diving48

  private func writeDiving(
    _ training: String, vocabulary: String? = "[[\"Back\", \"15som\"], [\"Inward\", \"Dive\"]]"
  ) throws {
    try folder.write(training, to: "s/Diving48_V2_train.json")
    try folder.write(
      "[{\"vid_name\":\"c_00001\",\"label\":0,\"start_frame\":0,\"end_frame\":9}]",
      to: "s/Diving48_V2_test.json")
    if let vocabulary { try folder.write(vocabulary, to: "s/Diving48_vocab.json") }
    try touch("v/x")
  }

  @Test func diving48IsRead() throws {
    try writeDiving(
      """
      [{"vid_name": "-8_a", "label": 1, "start_frame": 0, "end_frame": 132},
       {"vid_name": "b", "label": 0, "start_frame": 12, "end_frame": 20}]
      """)
    try folder.write("[]", to: "s/Diving48_train.json")
    try touch("v/-8_a.mp4", "v/rgb/b.mp4", "v/c_00001/img_00001.jpg")
    let dataset = try read(.diving48)
    #expect(
      summary(dataset).sorted() == [
        "test Back 15som c_00001 -> v/c_00001 at 25.0", "train Back 15som b -> v/rgb/b.mp4",
        "train Inward Dive -8_a -> v/-8_a.mp4",
      ])
    #expect(dataset.evaluationSubset == .test)
    #expect(
      remarks(dataset) == [
        "Diving48_V2_test.json, Diving48_V2_train.json is read; Diving48_train.json is skipped",
        "1 row names a part of a video, but whole videos are read, the first: s/Diving48_V2_train.json, line 2",
      ])
  }

  @Test func withoutAVocabularyClassesAreNumbered() throws {
    try writeDiving("[{\"vid_name\": \"a\", \"label\": 3}]", vocabulary: nil)
    #expect(try read(.diving48).classNames == ["0", "1", "2", "3"])
  }

  @Test(arguments: [
    ("[{\"label\": 1}]", "the entry has no vid_name"),
    ("[{\"vid_name\": \"a\", \"label\": 2}]", "the label of a must be from 0 to 1"),
    ("[{\"vid_name\": \"a\", \"label\": -1}]", "the label of a must be from 0 to 1"),
    ("[{\"vid_name\": \"a\"}]", "the row has no label"),
    ("[{\"vid_name\": \"a/b\", \"label\": 0}]", "\"a/b\" cannot be a part of a file's name"),
  ])
  func mistakesOfDiving48AreSaid(text: String, problem: String) throws {
    try writeDiving(text)
    #expect(complaint { try read(.diving48) } == "s/Diving48_V2_train.json, line 1: \(problem)")
  }

  @Test(arguments: [
    ("[3]", "a class must be a list of words, as in: [\"Back\", \"15som\", \"05Twis\", \"FREE\"]"),
    ("[[\"a\"], [\"a\"]]", "the class a appears twice"),
  ])
  func mistakesOfVocabulariesAreSaid(text: String, problem: String) throws {
    try writeDiving("[]", vocabulary: text)
    #expect(complaint { try read(.diving48) } == "s/Diving48_vocab.json, line 1: \(problem)")
  }
}
