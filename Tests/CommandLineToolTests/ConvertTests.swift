import Foundation
import Testing
import Torch
import Training
import VideoModels

@Suite struct ConvertTests {
  let folder: Scratch
  let tool: Tool

  init() throws {
    folder = try Scratch()
    tool = Tool(folder: folder)
  }

  /// Examples/PyTorch/video_resnet.py, with the tool's own output as what it has to print.
  @Test(arguments: [Architecture.r2d3d18, .r2plus1d10], ["mosi", "released"])
  func plainPyTorchPrintsTheSameLogits(architecture: Architecture, program: String) throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let python =
      ProcessInfo.processInfo.environment["MOSI_TORCH_PYTHON"]
      ?? root.appendingPathComponent(".libtorch/venv/bin/python").path
    guard FileManager.default.isExecutableFile(atPath: python) else {
      print("skipped: no Python with PyTorch at .libtorch/venv/bin/python or MOSI_TORCH_PYTHON")
      return
    }
    try folder.finetuned { $0.model.architecture = architecture }
    Runtime.seed(1)
    let clips = Tensor.normal([3, 3, 4, 24, 24])
    try Safetensors(tensors: ["clips": clips]).write(to: folder.file("clips.safetensors"))
    try PyTorchCheckpoint.write(.tensor(clips), to: folder.file("clips.pt"))
    let features = try tool.run(
      "features", "--weights", "r", "--input", "clips.safetensors", "--output", "f.safetensors")
    let converted = try tool.run("convert", "r", "w.pth", "--to", program)
    #expect(features.status == 0 && converted.status == 0, "\(features.errors) \(converted.errors)")
    let script = root.appendingPathComponent("Examples/PyTorch/video_resnet.py").path
    let printed = try tool.wait(
      for: tool.start(python, ["-W", "ignore", script, "w.pth", "clips.pt"]))
    #expect(printed.status == 0, "\(printed.errors)")
    let logits = printed.output.split(whereSeparator: \.isWhitespace).map { Float($0) ?? .nan }
    let expected = try Safetensors(contentsOf: folder.path + "/f.safetensors").tensors["logits"]!
    #expect(logits.count == 6)
    #expect(difference(Tensor(logits, shape: [3, 2]), expected) < 1e-5)
  }

  @Test func whatIsWrittenIsSaid() throws {
    try folder.finetuned { $0.model.architecture = .r3d18 }
    let result = try tool.run("convert", "r", "w.pth", "--to", "torchvision")
    #expect(result.status == 0)
    #expect(result.output.hasPrefix("w.pth: r3d-18 of width 4, a head for 2 actions, "))
    #expect(result.errors.contains("scales were changed so that evaluation gives the same"))
    let refused = try tool.run("convert", "r", "x.pth", "--to", "released")
    #expect(refused.status == 1 && refused.complaints.count == 1 && !folder.exists("x.pth"))
    #expect(try tool.run("convert", "r", "x.pth", "--to", "onnx").status == 2)
  }

  @Test func inspectionsAreReadableAndParsable() throws {
    let model = try folder.finetuned()
    #expect(try tool.run("convert", "r", "w.pyth", "--to", "released").status == 0)
    let text = try tool.run("inspect", "w.pyth")
    #expect(text.status == 0 && text.errors.isEmpty)
    for part in [
      "r2d3d-18 of width 4", "a head for 2 actions", "rises, sinks", "4 frames of 24 x 24",
      "fine-tuning", "mosi \(Version.text)", "validation:",
      "backbone.conv5.res_2.conv_branch.b.weight",
    ] { #expect(text.output.contains(part), "\(part)") }
    let report = try json(try tool.run("inspect", "w.pyth", "--json").output)
    #expect(report["kind"] as? String == "weights" && report["form"] as? String == "pytorch")
    #expect(report["parameters"] as? Int == model.parameterCount)
    #expect((report["tensors"] as? [Any])?.count == model.state.count)
    #expect(report["classNames"] as? [String] == ["rises", "sinks"])

    try folder.write("no weights at all", to: "text.pth")
    let refused = try tool.run("inspect", "text.pth")
    #expect(refused.status == 1 && refused.complaints.count == 1)
    #expect(refused.errors.contains("neither a safetensors file nor a checkpoint of PyTorch"))
  }

  /// A stranger's names and texts must not steer the terminal.
  @Test func controlCharactersAreNotPrinted() throws {
    try Safetensors(
      tensors: ["a\u{1B}[2Jb": .zeros([1])], metadata: ["k\u{7}": "v\u{1B}]0;x\u{7}"]
    ).write(to: folder.file("x.safetensors"))
    let text = try tool.run("inspect", "x.safetensors")
    #expect(text.status == 0 && text.output.contains("a?[2Jb"))
    #expect(!text.output.unicodeScalars.contains { $0.value < 32 && $0 != "\n" })
  }
}
