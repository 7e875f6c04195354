import Foundation
import TestSupport
import Testing

/// An output among the sources would become a source of the next run.
@Suite struct OutputPlaceTests {
  let folder: ScratchFolder
  let tool: Tool

  init() throws {
    folder = try ScratchFolder()
    tool = Tool(folder: folder)
    try FileManager.default.createDirectory(
      atPath: folder.file("v/below"), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("link"), withDestinationPath: "v/below")
  }

  @Test(arguments: ["v", "v/", "v/new/deep", "./v/below/../x", "link", "link/new"])
  func resultsAmongTheSourcesAreRefused(output: String) throws {
    for command in [
      ["pretrain", "--sources", "v"], ["pretrain", "--sources", "x", "--validation-sources", "v"],
      ["preview", "--sources", "v"], ["gradcam", "--weights", "r", "v"],
      ["clusters", "--weights", "r", "v"], ["localize", "--weights", "r", "--sources", "v"],
      ["localize", "--weights", "r", "v"],
      ["finetune", "--weights", "none", "--dataset", "folders", "--data-root", "v"],
      ["reproduce", "effect", "--dataset", "sprites", "--pictures", "v"],
    ] {
      let result = try tool.run(command + ["--output", output])
      #expect(
        result.status != 0
          && result.errors.contains(
            "--output \(output) is inside v, where the next search would find the output"),
        "\(command): \(result.errors)")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("v")) == ["below"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("v/below")).isEmpty)
  }

  /// A folder whose name has the same beginning is another folder.
  @Test(arguments: ["vv", "w/v", "./v/../x"]) func otherPlacesAreTaken(output: String) throws {
    let result = try tool.run("preview", "--sources", "v", "--output", output)
    #expect(result.status != 0 && !result.errors.contains("is inside"), "\(result.errors)")
  }

  @Test func emptyPathsAreNamed() throws {
    let result = try tool.run(
      ["pretrain", "--sources", "synthetic:dead-leaves:12", "--output", ""] + tiny)
    #expect(result.status != 0 && result.errors.contains("\"\": the path is empty"), "\(result)")
  }
}
