import Foundation
import KeyedRandom
import TestSupport
import Testing
import Torch
import Training
import VideoModels

@Suite struct ConvertTests {
  let folder: ScratchFolder
  let tool: Tool

  init() throws {
    folder = try ScratchFolder()
    tool = Tool(folder: folder)
  }

  /// A run whose normalizations differ from each other and from those of a new network.
  private func run(_ architecture: Architecture) throws {
    try folder.finetuned {
      $0.model.architecture = architecture
      $0.clip.frames = 8
      $0.clip.size = side(architecture)
    }
    let path = folder.file("r/last.safetensors")
    var file = try Safetensors(contentsOf: path)
    var generator = KeyedGenerator(8)
    for name in file.tensors.keys.sorted() {
      let tensor = file.tensors[name]!
      guard tensor.shape.count == 1, tensor.dtype == .float32 else { continue }
      file.tensors[name] = Tensor(
        (0..<tensor.count).map { _ in Float(generator.uniform(in: 0.2...1.5)) },
        shape: tensor.shape)
    }
    try file.write(to: path)
  }

  /// The side of small clips.
  private func side(_ architecture: Architecture) -> Int { architecture == .opn ? 75 : 24 }

  /// The output of Python for clips, next to that of `mosi features`.
  private func compare(_ tensor: String, script: [String], count: Int, side: Int = 24) throws {
    let clips = Tensor.normal([3, 3, 8, side, side], using: Generator(seed: 1))
    try Safetensors(tensors: ["clips": clips]).write(to: folder.file("clips.safetensors"))
    try PyTorchCheckpoint.write(.tensor(clips), to: folder.file("clips.pt"))
    let features = try tool.run(
      "features", "--weights", "w.pth", "clips.safetensors", "--output", "f.safetensors")
    #expect(features.status == 0, "\(features.errors)")
    let printed = try tool.wait(for: tool.start(pythonWithTorch!, ["-W", "ignore"] + script))
    #expect(printed.status == 0, "\(printed.errors)")
    let numbers = printed.output.split(whereSeparator: \.isWhitespace).map { Float($0) ?? .nan }
    let written = try Safetensors(contentsOf: folder.path + "/f.safetensors").tensors
    #expect((written["logits"] == nil) == (tensor == "features"))
    let expected = try #require(written[tensor])
    try #require(numbers.count == 3 * count && expected.shape == [3, count])
    let scale = expected.absolute().flattened().max([0]).item
    #expect(difference(Tensor(numbers, shape: [3, count]), expected) < 1e-5 * max(scale, 1))
  }

  @Test(
    .enabled(
      if: pythonWithTorch != nil, "no Python with PyTorch at .libtorch/venv or MOSI_TORCH_PYTHON"),
    arguments: [Architecture.r2d3d18, .r2plus1d10, .vcopR2plus1d10, .r3d10, .c3d, .opn],
    ["mosi", "authors"])
  func plainPyTorchPrintsTheSameLogits(architecture: Architecture, program: String) throws {
    // The authors' code has none of VCOP's networks and not OPN's, and VCOP's code uses other names.
    if program == "authors", StateNames.vcop.supports(architecture) || architecture == .opn {
      return
    }
    try run(architecture)
    let script = [repository + "/python/mosi/networks.py", "w.pth", "clips.pt"]
    #expect(try tool.run("convert", "r", "w.pth", "--to", program).status == 0)
    let side = side(architecture)
    try compare("logits", script: script, count: 2, side: side)
    #expect(try tool.run("convert", "r", "w.pth", "--to", program, "--backbone-only").status == 0)
    let counts: [Architecture: Int] = [.r2d3d18: 16, .opn: 42]
    try compare("features", script: script, count: counts[architecture] ?? 32, side: side)
  }

  /// Compares with PyTorch networks that have torchvision's names and structure, and another epsilon.
  @Test(
    .enabled(
      if: pythonWithTorch != nil, "no Python with PyTorch at .libtorch/venv or MOSI_TORCH_PYTHON"),
    arguments: [
      (Architecture.r3d18, "r3d_18"), (.mc318, "mc3_18"),
      (.torchvisionR2plus1d18, "r2plus1d_18"),
    ])
  func torchvisionsNetworksGiveTheSameLogits(architecture: Architecture, name: String) throws {
    try run(architecture)
    #expect(try tool.run("convert", "r", "w.pth", "--to", "torchvision").status == 0)
    let script = """
      import sys, torch
      sys.path.insert(0, "\(repository)/Tests/VideoModelsTests/Goldens")
      sys.dont_write_bytecode = True
      from torchvision_networks import VideoResNet
      model = VideoResNet("\(name)", width=4, classes=2)
      model.load_state_dict(torch.load("w.pth", weights_only=True))
      with torch.no_grad():
          for row in model.eval()(torch.load("clips.pt", weights_only=True)).tolist():
              print(*row)
      """
    try compare("logits", script: ["-c", script], count: 2)
  }

  /// The same comparison with VCOP's names.
  @Test(
    .enabled(
      if: pythonWithTorch != nil, "no Python with PyTorch at .libtorch/venv or MOSI_TORCH_PYTHON"))
  func vcopsC3DGivesTheSameLogits() throws {
    try run(.c3d)
    let result = try tool.run("convert", "r", "w.pth", "--to", "vcop")
    #expect(result.status == 0, "\(result.errors)")
    let script = """
      import sys, torch
      sys.path.insert(0, "\(repository)/Tests/VideoModelsTests/Goldens")
      sys.dont_write_bytecode = True
      from vcop_networks import C3D
      model = C3D(width=4, classes=2)
      model.load_state_dict(torch.load("w.pth", weights_only=True))
      with torch.no_grad():
          for row in model.eval()(torch.load("clips.pt", weights_only=True)).tolist():
              print(*row)
      """
    try compare("logits", script: ["-c", script], count: 2)
  }

  @Test(
    .enabled(
      if: pythonWithTorch != nil, "no Python with PyTorch at .libtorch/venv or MOSI_TORCH_PYTHON"))
  func plainPyTorchSaysWhatItCannotLoad() throws {
    try run(.r3d18)
    #expect(try tool.run("convert", "r", "w.pth", "--to", "torchvision").status == 0)
    try folder.write("Dear diary", to: "text.safetensors")
    let script = repository + "/python/mosi/networks.py"
    for (file, text) in [("w.pth", "mosi convert"), ("text.safetensors", "is neither")] {
      let refused = try tool.wait(
        for: tool.start(pythonWithTorch!, ["-W", "ignore", script, file]))
      #expect(refused.status == 1 && refused.errors.contains(text), "\(refused.errors)")
      #expect(!refused.errors.contains("Traceback"))
    }
  }

  @Test func convertReportsWhatItWrote() throws {
    try folder.finetuned { $0.model.architecture = .r3d18 }
    let result = try tool.run("convert", "r", "w.pth", "--to", "torchvision")
    #expect(result.status == 0)
    #expect(result.output.hasPrefix("w.pth: r3d-18 of width 4, a head for 2 actions, "))
    #expect(
      result.errors.contains("the scales were adjusted so that evaluation gives the same outputs"))
    let refused = try tool.run("convert", "r", "x.pth", "--to", "authors")
    #expect(refused.status == 1 && refused.complaints.count == 1 && !folder.exists("x.pth"))
    #expect(try tool.run("convert", "r", "x.pth", "--to", "onnx").status == 2)
  }

  @Test func inspectionsAreReadableAndParsable() throws {
    let model = try folder.finetuned()
    // The former name of the layout.
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
    #expect(report["class_names"] as? [String] == ["rises", "sinks"])

    try folder.write("no weights at all", to: "text.pth")
    let refused = try tool.run("inspect", "text.pth")
    #expect(refused.status == 1 && refused.complaints.count == 1)
    #expect(refused.errors.contains("neither a safetensors file nor a checkpoint of PyTorch"))
  }

  /// Names and texts in a foreign file must not control the terminal.
  @Test func controlCharactersAreNotPrinted() throws {
    try Safetensors(
      tensors: ["a\u{1B}[2Jb": .zeros([1])], metadata: ["k\u{7}": "v\u{1B}]0;x\u{7}"]
    ).write(to: folder.file("x.safetensors"))
    let text = try tool.run("inspect", "x.safetensors")
    #expect(text.status == 0 && text.output.contains("a?[2Jb"))
    #expect(!text.output.unicodeScalars.contains { $0.value < 32 && $0 != "\n" })
  }

  @Test func weightsThatAreNotFiniteAreShownAndNotUsed() throws {
    try folder.finetuned()
    try folder.action("a.mp4", sinks: false, seed: 1)
    let path = folder.file("r/last.safetensors")
    var file = try Safetensors(contentsOf: path)
    let bias = file.tensors["model.head.out.bias"]!
    file.tensors["model.head.out.bias"] = Tensor([Float.nan, 1], shape: bias.shape)
    try file.write(to: path)
    let shown = try tool.run("inspect", "r")
    #expect(shown.status == 0, "\(shown.errors)")
    #expect(shown.output.contains("\nnot finite "))
    #expect(shown.output.contains(" model.head.out.bias (1 of 2)\n"))
    let printed = try json(tool.run("inspect", "r", "--json").output)
    let unsound = try #require(printed["unsound_numbers"] as? [[String: Any]])
    #expect(unsound.map { $0["tensor"] as? String } == ["model.head.out.bias"])
    #expect(unsound[0]["count"] as? Int == 1)
    for command in [
      ["convert", "r", "w.pth", "--to", "mosi"], ["predict", "--weights", "r", "a.mp4"],
    ] {
      let result = try tool.run(command)
      #expect(result.status == 1 && result.complaints.count == 1, "\(result.errors)")
      #expect(result.errors.contains("r cannot be used: model.head.out.bias (1 of 2) has"))
    }
    #expect(!folder.exists("w.pth"))
  }
}
