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

  /// Weights that `mosi convert` wrote to `name`/w.pth, clips beside them, and the tensor that `mosi features` computes of them.
  private struct Comparison {
    let name: String
    let tensor: String
    let count: Int
  }

  /// Converts the run, and computes logits of clips or, without a head, features.
  private func converted(
    _ name: String, to program: String, backboneOnly: Bool = false, count: Int = 2, side: Int = 24
  ) throws -> Comparison {
    try FileManager.default.createDirectory(
      atPath: folder.file(name), withIntermediateDirectories: true)
    let weights = "\(name)/w.pth"
    let conversion = try tool.run(
      ["convert", "r", weights, "--to", program] + (backboneOnly ? ["--backbone-only"] : []))
    #expect(conversion.status == 0, "\(conversion.errors)")
    let clips = Tensor.normal([3, 3, 8, side, side], using: Generator(seed: 1))
    try Safetensors(tensors: ["clips": clips]).write(to: folder.file("\(name)/clips.safetensors"))
    try PyTorchCheckpoint.write(.tensor(clips), to: folder.file("\(name)/clips.pt"))
    let features = try tool.run(
      "features", "--weights", weights, "\(name)/clips.safetensors", "--output",
      "\(name)/f.safetensors")
    #expect(features.status == 0, "\(features.errors)")
    return Comparison(name: name, tensor: backboneOnly ? "features" : "logits", count: count)
  }

  /// Compares with the numbers that Python prints, a line for each clip of each comparison. One process prints all: importing
  /// PyTorch takes seconds.
  private func compare(_ comparisons: [Comparison], script: [String]) throws {
    let printed = try tool.wait(for: tool.start(pythonWithTorch!, ["-W", "ignore"] + script))
    #expect(printed.status == 0, "\(printed.errors)")
    let rows = printed.output.split(separator: "\n").map { row in
      row.split(separator: " ").map { Float($0) ?? .nan }
    }
    try #require(rows.count == 3 * comparisons.count)
    for (place, comparison) in comparisons.enumerated() {
      let numbers = rows[3 * place..<3 * place + 3].flatMap { $0 }
      let path = folder.file("\(comparison.name)/f.safetensors")
      let written = try Safetensors(contentsOf: path).tensors
      #expect((written["logits"] == nil) == (comparison.tensor == "features"))
      let expected = try #require(written[comparison.tensor])
      let shape = [3, comparison.count]
      try #require(
        numbers.count == 3 * comparison.count && expected.shape == shape, "\(comparison)")
      let scale = expected.absolute().flattened().max([0]).item
      #expect(
        difference(Tensor(numbers, shape: shape), expected) < 1e-5 * max(scale, 1),
        "\(comparison)")
    }
  }

  /// A script that prints the outputs for all comparisons of a network that `load` makes of the name.
  private func script(loading load: String, for comparisons: [Comparison]) -> [String] {
    let names = comparisons.map(\.name)
    return [
      "-c",
      """
      import sys, torch
      sys.dont_write_bytecode = True
      sys.path += ["\(repository)/Tests/VideoModelsTests/Goldens", "\(repository)/python/mosi"]
      \(load)
      for name in \(names):
          clips = torch.load(f"{name}/clips.pt", weights_only=True)
          with torch.no_grad():
              for row in load(name).eval()(clips).tolist():
                  print(*row)
      """,
    ]
  }

  @Test(
    .enabled(
      if: pythonWithTorch != nil, "no Python with PyTorch at .libtorch/venv or MOSI_TORCH_PYTHON"))
  func plainPyTorchPrintsTheSameLogits() throws {
    var comparisons: [Comparison] = []
    for architecture in [
      Architecture.r2d3d18, .r2plus1d10, .vcopR2plus1d10, .r3d10, .c3d, .opn,
    ] {
      try run(architecture)
      let features: [Architecture: Int] = [.r2d3d18: 16, .opn: 42]
      // The authors' code has none of VCOP's networks and not OPN's, and VCOP's code uses other names.
      let isAuthors = !StateNames.vcop.supports(architecture) && architecture != .opn
      for program in ["mosi"] + (isAuthors ? ["authors"] : []) {
        let name = "\(architecture.rawValue)-\(program)"
        let side = side(architecture)
        comparisons += [
          try converted(name, to: program, side: side),
          try converted(
            "\(name)-backbone", to: program, backboneOnly: true,
            count: features[architecture] ?? 32, side: side),
        ]
      }
    }
    #expect(comparisons.count == 16)
    let load = """
      import networks
      def load(name):
          return networks.load(f"{name}/w.pth")
      """
    try compare(comparisons, script: script(loading: load, for: comparisons))
    // The module is a program, too.
    let first = comparisons[0]
    let program = [repository + "/python/mosi/networks.py"]
    try compare([first], script: program + ["\(first.name)/w.pth", "\(first.name)/clips.pt"])
  }

  /// Compares with PyTorch networks that have torchvision's names and structure, and another epsilon.
  @Test(
    .enabled(
      if: pythonWithTorch != nil, "no Python with PyTorch at .libtorch/venv or MOSI_TORCH_PYTHON"))
  func torchvisionsNetworksGiveTheSameLogits() throws {
    let comparisons = try [
      (Architecture.r3d18, "r3d_18"), (.mc318, "mc3_18"), (.torchvisionR2plus1d18, "r2plus1d_18"),
    ].map { architecture, name in
      try run(architecture)
      return try converted(name, to: "torchvision")
    }
    let load = """
      from torchvision_networks import VideoResNet
      def load(name):
          model = VideoResNet(name, width=4, classes=2)
          model.load_state_dict(torch.load(f"{name}/w.pth", weights_only=True))
          return model
      """
    try compare(comparisons, script: script(loading: load, for: comparisons))
  }

  /// The same comparison with VCOP's names.
  @Test(
    .enabled(
      if: pythonWithTorch != nil, "no Python with PyTorch at .libtorch/venv or MOSI_TORCH_PYTHON"))
  func vcopsC3DGivesTheSameLogits() throws {
    try run(.c3d)
    let comparisons = [try converted("c3d", to: "vcop")]
    let load = """
      from vcop_networks import C3D
      def load(name):
          model = C3D(width=4, classes=2)
          model.load_state_dict(torch.load(f"{name}/w.pth", weights_only=True))
          return model
      """
    try compare(comparisons, script: script(loading: load, for: comparisons))
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
