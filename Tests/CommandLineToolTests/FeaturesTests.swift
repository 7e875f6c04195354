import Foundation
import KeyedRandom
import TestSupport
import Testing
import Torch
import Training
import VideoData
import VideoModels

@Suite struct FeaturesTests {
  let folder: ScratchFolder
  let tool: Tool
  let model: VideoClassifier

  init() throws {
    folder = try ScratchFolder()
    tool = Tool(folder: folder)
    model = try folder.finetuned()
  }

  private func written(_ name: String) throws -> Safetensors {
    try Safetensors(contentsOf: folder.path + "/" + name)
  }

  private func clips(_ shape: [Int]) -> Tensor {
    var generator = KeyedGenerator(3)
    return Tensor(
      (0..<shape.reduce(1, *)).map { _ in Float(generator.normal()) }, shape: shape)
  }

  /// The tool writes the same tensors as the library in this process.
  @Test func clipsInAFileAreUsedUnchanged() throws {
    let clips = clips([5, 3, 4, 24, 24])
    try Safetensors(tensors: ["clips": clips, "labels": Tensor([1, 2])])
      .write(to: folder.file("clips.safetensors"))
    let result = try tool.run(
      "features", "--weights", "r", "clips.safetensors", "--output", "f.safetensors",
      "--batch", "2")
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    #expect(result.output == "f.safetensors: features [5, 16], logits [5, 2]\n")
    let found = try written("f.safetensors").tensors
    let (features, logits) = withoutGradients {
      let features = model.features(clips)
      return (features, model.classify(features))
    }
    for (name, expected) in [("features", features), ("logits", logits)] {
      let tensor = try #require(found[name])
      #expect(tensor.dtype == .float32 && tensor.shape == expected.shape)
      #expect(difference(tensor, expected) < 1e-5)
    }
  }

  @Test func eachVideoOrEachClipHasARow() throws {
    try folder.action("a.mp4", sinks: false, seed: 1)
    try folder.action("frames", sinks: true, seed: 2)
    let arguments = [
      "features", "--weights", "r", "a.mp4", "frames", "--clips", "3", "--crops", "3",
    ]
    #expect(try tool.run(arguments + ["--output", "mean.safetensors"]).status == 0)
    let each = try tool.run(arguments + ["--output", "each.safetensors", "--per-clip"])
    #expect(each.output == "each.safetensors: features [18, 16], logits [18, 2]\n")
    let (mean, rows) = (try written("mean.safetensors"), try written("each.safetensors"))
    #expect(try json(mean.metadata["videos"]!, [String].self) == ["a.mp4", "frames"])
    #expect(
      try json(rows.metadata["videos"]!, [String].self)
        == [String](repeating: "a.mp4", count: 9) + [String](repeating: "frames", count: 9))
    let weights = try Weights(at: folder.path + "/r")
    let inference = VideoInference(
      model: model, normalization: weights.normalization!, clip: weights.clip!,
      clips: 3, crops: 3, device: .cpu, workers: 1)
    let expected = try inference.run([
      .video(path: folder.path + "/a.mp4"),
      .frameFolder(path: folder.path + "/frames", framesPerSecond: 25),
    ]).map { try $0.get() }
    for (name, values) in [
      ("features", expected.map(\.features)), ("logits", expected.map(\.logits)),
    ] {
      let all = Tensor(values.joined().flatMap { $0 }, shape: [18, values[0][0].count])
      #expect(difference(rows.tensors[name]!, all) < 1e-5)
      #expect(difference(mean.tensors[name]!, all.reshaped([2, 9, -1]).mean([1])) < 1e-5)
    }
  }

  @Test(arguments: [[5, 4, 4, 24, 24], [3, 4, 24, 24], [0, 3, 4, 24, 24], [1, 3, 4, 7, 24]])
  func wrongShapesAreRefused(shape: [Int]) throws {
    try Safetensors(tensors: ["clips": clips(shape)]).write(to: folder.file("clips.safetensors"))
    let result = try tool.run(
      "features", "--weights", "r", "clips.safetensors", "--output", "f.safetensors")
    #expect(result.status == 1 && result.complaints.count == 1, "\(result.errors)")
    #expect(result.errors.contains("\(shape)") && result.errors.contains("[M, 3, N, H, W]"))
    #expect(!folder.exists("f.safetensors"))
  }

  /// A transformer sees only whole cubes: clips with a remainder are refused on each side, and not cut.
  @Test func clipsOfWholeCubesAreNeeded() throws {
    let trained = try tool.run(
      ["pretrain", "--sources", "synthetic:dead-leaves:4", "--output", "v", "--epochs", "1"] + tiny
        + ["--set", "model.architecture=vit-tiny", "--set", "sources.validation_fraction=0"])
    #expect(trained.status == 0, "\(trained.errors)")
    for (shape, status) in [
      ([1, 3, 2, 16, 24], 0), ([1, 3, 2, 16, 20], 1), ([1, 3, 2, 20, 16], 1),
    ] {
      try Safetensors(tensors: ["clips": clips(shape)]).write(to: folder.file("clips.safetensors"))
      let result = try tool.run(
        "features", "--weights", "v", "clips.safetensors", "--output", "v.safetensors")
      #expect(Int(result.status) == status, "\(result.errors)")
      #expect(status == 0 || result.errors.contains("needs multiples of 2 x 8 x 8"))
    }
  }

  /// A mistyped path must not destroy a network.
  @Test func inputsAreNotOverwritten() throws {
    try Safetensors(tensors: ["clips": clips([1, 3, 4, 24, 24])])
      .write(to: folder.file("clips.safetensors"))
    for output in ["r/last.safetensors", "./r/../r/last.safetensors", "clips.safetensors"] {
      let before = try folder.bytes(output)
      let result = try tool.run(
        "features", "--weights", "r", "clips.safetensors", "--output", output)
      #expect(
        result.status == 1 && result.errors.contains("choose another file"), "\(result.errors)")
      #expect(try folder.bytes(output) == before)
    }
    let nowhere = try tool.run(
      "features", "--weights", "r", "clips.safetensors", "--output", "none/f.safetensors"
    )
    #expect(nowhere.status == 1 && nowhere.errors.contains("cannot write into"))
  }

  /// Wrong types, other tensors and broken videos are errors, and an existing file stays.
  @Test func unusableInputLeavesTheOutputAsItWas() throws {
    try folder.action("a.mp4", sinks: false, seed: 1)
    try folder.write("Dear diary", to: "text.mp4")
    try Safetensors(tensors: ["clips": clips([1, 3, 4, 24, 24]).to(.float64)])
      .write(to: folder.file("double.safetensors"))
    try Safetensors(tensors: ["x": Tensor([1.0])]).write(to: folder.file("other.safetensors"))
    try folder.write(Data([255, 255, 255, 255, 255, 255, 255, 127, 0]), to: "huge.safetensors")
    try folder.write("older", to: "f.safetensors")
    for (input, text) in [
      (["double.safetensors"], "float64"), (["other.safetensors"], "has no tensor named clips"),
      (["huge.safetensors"], "its header claims"), (["a.mp4", "text.mp4"], "text.mp4 "),
      (["gone.mp4"], "gone.mp4 "), (["gone.safetensors"], "gone.safetensors"),
    ] {
      let result = try tool.run(
        ["features", "--weights", "r", "--output", "f.safetensors"] + input)
      #expect(result.status == 1 && result.output.isEmpty)
      #expect(
        result.complaints.count == 1 && result.complaints[0].contains(text), "\(result.errors)")
      #expect(try folder.bytes("f.safetensors") == Data("older".utf8))
    }
  }
}
