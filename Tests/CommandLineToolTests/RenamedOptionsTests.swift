import Foundation
import TestSupport
import Testing

/// Options and commands under their names in earlier versions.
@Suite struct RenamedOptionsTests {
  let folder: ScratchFolder
  let tool: Tool

  init() throws {
    folder = try ScratchFolder()
    tool = Tool(folder: folder)
  }

  /// Each former name reaches the check of the current option.
  @Test(arguments: [
    (["gradcam", "--weights", "r", "--input", "a.mp4", "--layer", "conv6"], "stage conv6"),
    (["gradcam", "--weights", "r", "--input", "a.mp4", "--label", "7"], "no label 7"),
    (["localize", "--weights", "r", "--videos", "nowhere", "--label", "true"], "nowhere"),
    (["localize", "--weights", "r", "--seeds", "0"], "--random-networks must be from 1"),
    (["clusters", "--weights", "r", "--videos", "nowhere"], "nowhere"),
    (["predict", "--weights", "r", "--input", "nowhere.mp4"], "nowhere.mp4"),
    (
      ["features", "--weights", "r", "--input", "nowhere.mp4", "--output", "f.safetensors"],
      "nowhere.mp4"
    ),
    (["pretrain", "--output", "p", "--val-fraction", "1"], "validation_fraction"),
    (["pretrain", "--output", "p", "--val-sources", "nowhere"], "nowhere does not exist"),
    (
      [
        "finetune", "--output", "f", "--weights", "none", "--dataset", "folders", "--videos",
        "nowhere",
      ], "nowhere does not exist"
    ),
    (["finetune", "--output", "f", "--weights", "none", "--cache=-1"], "--cache-mb must be"),
    (["retrieve", "--weights", "r", "--videos", "nowhere"], "nowhere does not exist"),
    (["datasets", "check", "--dataset", "folders", "--videos", "nowhere"], "nowhere does not"),
    (
      ["reproduce", "effect", "--dataset", "sprites", "--output", "o", "--seeds", "0"],
      "--repeats must be"
    ),
    (
      ["reproduce", "effect", "--dataset", "sprites", "--output", "o", "--budget", "0"],
      "--budget-hours must be"
    ),
    (["synthesize", "actions", "--output", "s", "--train", "0"], "--train must be from 1"),
    (["curves", "nowhere", "--against", "seed", "--output", "c.png"], "nowhere"),
  ])
  func areStillAccepted(arguments: [String], text: String) throws {
    try folder.finetuned()
    try folder.action("a.mp4", sinks: true, seed: 1)
    let result = try tool.usage(arguments)
    #expect(result.status != 0 && result.errors.contains(text), "\(result.errors)")
    #expect(!result.errors.contains("Unknown option"), "\(result.errors)")
  }

  @Test(arguments: [
    ["gradcam", "--weights", "r", "a.mp4", "--stage", "conv3", "--layer", "conv4"],
    ["gradcam", "--weights", "r", "a.mp4", "--input", "b.mp4"],
    ["localize", "--weights", "r", "--explain", "target", "--label", "true"],
    ["localize", "--weights", "r", "--random-networks", "2", "--seeds", "2"],
    ["pretrain", "--output", "p", "--validation-fraction", "0.1", "--val-fraction", "0.1"],
    ["datasets", "check", "--dataset", "csv", "--data-root", "v", "--videos", "v"],
    [
      "finetune", "--output", "f", "--weights", "none", "--cache-mb", "1", "--cache", "1",
    ],
    [
      "reproduce", "effect", "--dataset", "sprites", "--output", "o", "--repeats", "1", "--seeds",
      "1",
    ],
  ])
  func areRefusedBesideTheNewOnes(arguments: [String]) throws {
    let result = try tool.usage(arguments)
    #expect(result.status == 2 && result.errors.contains("is the old name of"), "\(result.errors)")
  }

  /// --help shows only the current names.
  @Test func formerNamesAreHidden() throws {
    let commands =
      [
        "pretrain", "finetune", "evaluate", "predict", "retrieve", "features", "gradcam",
        "localize",
        "clusters", "curves", "reproduce", "synthesize",
      ].map { [$0] } + [["datasets", "check"], ["datasets", "list"]]
    for command in commands {
      let help = try tool.usage(command + ["--help"]).output
      #expect(!help.isEmpty)
      for name in [
        "--layer", "--label ", "--videos", "--input", "--val-", "--cache ", "--budget ", "--seeds",
        "actions  ",
      ] {
        #expect(!help.contains(name), "\(name) in the help of \(command)")
      }
    }
  }
}
