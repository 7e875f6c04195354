import Foundation
import Media
import TestSupport
import Testing

@Suite struct DatasetsTests {
  let folder: ScratchFolder
  let tool: Tool

  /// A CSV dataset of five intact videos.
  init() throws {
    folder = try ScratchFolder()
    tool = Tool(folder: folder)
    for index in 0..<5 {
      let writer = try MP4Writer(
        path: folder.file("v/\(index).mp4"), width: 48, height: 40, framesPerSecond: 10)
      for frame in 0..<3 { try writer.append(folder.picture(index + frame)) }
      try writer.finish()
    }
    try write(extra: "")
  }

  private func write(extra: String) throws {
    try folder.write(
      "path,label,split\n0.mp4,wave,train\n1.mp4,run,train\n2.mp4,run,val\n3.mp4,wave,test\n"
        + "4.mp4,run,test\n"
        + extra,
      to: "v/annotations.csv")
  }

  private func rows(_ text: String) -> [[Substring]] {
    text.split(separator: "\n").map { $0.split(separator: " ") }
  }

  private func check(_ arguments: String...) throws -> Tool.Result {
    try tool.run(["datasets", "check", "--dataset", "csv", "--data-root", "v"] + arguments)
  }

  @Test func wholeDatasetsPassTheCheck() throws {
    let result = try check()
    #expect(result.status == 0 && result.errors.isEmpty)
    #expect(
      rows(result.output) == [
        ["class", "train", "val", "test", "absent"], ["run", "1", "1", "1", "0"],
        ["wave", "1", "0", "1", "0"], ["2", "classes", "2", "1", "2", "0"],
      ])
    let decoded = try check("--decode", "--workers", "3")
    #expect(decoded.status == 0 && decoded.errors.isEmpty)
    #expect(rows(decoded.output)[3] == ["2", "classes", "2", "1", "2", "0", "0"])
  }

  @Test func missingAndBrokenVideosAreListedWithStatusOne() throws {
    try write(extra: "gone.mp4,run,test\nbroken.mp4,run,test\n")
    try folder.write("nothing", to: "v/broken.mp4")
    let absent = try check()
    #expect(absent.status == 1)
    #expect(absent.errors == "mosi: error: of 7 listed videos, 1 is absent\n")
    let result = try check("--decode")
    #expect(result.status == 1)
    #expect(result.errors == "mosi: error: of 7 listed videos, 1 is absent and 1 is undecodable\n")
    let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[3].hasPrefix("2 classes") && lines[4].isEmpty)
    #expect(lines[5].hasPrefix("absent       test  gone.mp4    there is no such video"))
    #expect(lines[6].hasPrefix("undecodable  test  broken.mp4  v/broken.mp4 "))
  }

  @Test func jsonHasTheSameContent() throws {
    try write(extra: "gone.mp4,run,test\n")
    let result = try check("--json")
    #expect(result.status == 1 && result.complaints.count == 1)
    let json = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
    let totals = json?["totals"] as? [String: Any]
    #expect(totals?["listed"] as? [String: Int] == ["train": 2, "val": 1, "test": 3])
    #expect(totals?["absent"] as? Int == 1 && totals?["undecodable"] == nil)
    let classes = json?["classes"] as? [[String: Any]]
    #expect(classes?.map { $0["name"] as? String } == ["run", "wave"])
    #expect(classes?[0]["listed"] as? [String: Int] == ["train": 1, "val": 1, "test": 2])
    let problems = json?["problems"] as? [[String: String]]
    #expect(problems?.count == 1 && problems?[0]["video"] == "gone.mp4")
    #expect(problems?[0]["kind"] == "absent" && problems?[0]["subset"] == "test")
    #expect(json?["decoded"] as? Bool == false)
  }

  /// A check that only counts would not detect them.
  @Test func meaninglessTrainingsFailTheCheck() throws {
    try folder.write(
      "path,label,split\n0.mp4,WAVE,train\n1.mp4,run,train\n2.mp4,run,test\n3.mp4,wave,test\n"
        + "4.mp4,WAVE,test\n2.mp4,run,test\n", to: "v/annotations.csv")
    let result = try check()
    #expect(result.status == 1)
    #expect(
      result.errors == """
        1 row repeats an earlier row and counts once, the first: v/annotations.csv, line 7
        warning: classes that are spelled almost alike count as different: WAVE and wave; if they are the same, spell \
        them the same
        warning: there is no training video for the class wave, though there are videos to evaluate
        mosi: error: a training would be meaningless (see the warnings)

        """)
    let findings = try json(check("--json").output)["findings"] as? [[String: Any]] ?? []
    #expect(findings.map { $0["spoils_training"] as? Bool } == [false, true, true])
    #expect((findings[1]["text"] as? String)?.hasPrefix("classes that are spelled") == true)

    for (rows, words) in [
      ("0.mp4,run,train\n1.mp4,run,test\n", "there is one class, run"),
      ("0.mp4,run,train\n1.mp4,wave,train\n", "nothing can be evaluated"),
      ("0.mp4,run,test\n1.mp4,wave,test\n", "there is no training video"),
    ] {
      try folder.write(rows, to: "v/annotations.csv")
      let result = try check()
      #expect(result.errors.contains(words))
      #expect(result.complaints.count == 1 && result.status == 1)
    }
  }

  @Test func aFileInPlaceOfTheVideosFolderIsReported() throws {
    let result = try tool.run(
      "datasets", "check", "--dataset", "csv", "--videos", "v/annotations.csv")
    #expect(result.status == 1)
    #expect(
      result.complaints == [
        "mosi: error: v/annotations.csv is a file: --data-root names the folder of the videos, --splits their lists"
      ])
  }

  /// The list can be used for pre-training from any folder.
  @Test func listPrintsAbsolutePathsOfExistingVideos() throws {
    try write(extra: "gone.mp4,run,train\n")
    let result = try tool.run(
      "datasets", "list", "--dataset", "csv", "--data-root", "v", "--subset", "train")
    #expect(result.status == 0)
    #expect(result.errors == "warning: 1 of 3 videos are absent\n")
    let paths = result.output.split(separator: "\n").map(String.init)
    #expect(paths.map { ($0 as NSString).lastPathComponent } == ["0.mp4", "1.mp4"])
    for path in paths {
      #expect(path.hasPrefix("/") && FileManager.default.fileExists(atPath: path))
    }
    try folder.write("gone.mp4,run,test\n", to: "v/annotations.csv")
    for (subset, words) in [
      ("test", "none of the 1 videos for test"), ("val", "has no videos for val"),
    ] {
      let nothing = try tool.run(
        "datasets", "list", "--dataset", "csv", "--data-root", "v", "--subset", subset)
      #expect(nothing.status == 1 && nothing.output.isEmpty)
      #expect(nothing.complaints.count == 1 && nothing.errors.contains(words))
    }
  }

  @Test func errorsOfListsAreOneSentence() throws {
    try write(extra: "x.mp4,run,dev\n")
    let result = try check()
    #expect(result.status == 1 && result.output.isEmpty)
    #expect(
      result.errors
        == "mosi: error: v/annotations.csv, line 7: the split must be train, val or test, not dev\n"
    )
  }

  @Test(arguments: [
    ["datasets", "check", "--data-root", "v"], ["datasets", "check", "--dataset", "csv"],
    ["datasets", "check", "--dataset", "imagenet", "--data-root", "v"],
    ["datasets", "check", "--dataset", "ucf101", "--data-root", "v"],
    ["datasets", "check", "--dataset", "ssv2", "--data-root", "v"],
    ["datasets", "check", "--dataset", "mmaction2", "--data-root", "v"],
    ["datasets", "check", "--dataset", "folders", "--data-root", "v", "--splits", "s"],
    ["datasets", "check", "--dataset", "csv", "--data-root", "v", "--split", "1,2"],
    ["datasets", "check", "--dataset", "csv", "--data-root", "v", "--split", "0"],
    ["datasets", "check", "--dataset", "csv", "--data-root", "v", "--split", "1,,2"],
    ["datasets", "check", "--dataset", "csv", "--data-root", "v", "--frame-rate", "0"],
    ["datasets", "check", "--dataset", "csv", "--data-root", "v", "--frame-rate", "nan"],
    ["datasets", "check", "--dataset", "csv", "--data-root", "v", "--workers", "0"],
    ["datasets", "list", "--dataset", "csv", "--data-root", "v"],
    ["datasets", "list", "--dataset", "csv", "--data-root", "v", "--subset", "dev"],
  ])
  func wrongUsageIsStatusTwo(arguments: [String]) throws {
    let result = try tool.usage(arguments)
    #expect(result.status == 2 && result.output.isEmpty)
    #expect(result.errors.contains("Error: ") && result.errors.contains("Usage: mosi datasets"))
  }
}
