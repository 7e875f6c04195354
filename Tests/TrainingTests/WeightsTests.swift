import Configuration
import Foundation
import TestSupport
import Testing
import Torch
import Training
import VideoData
import VideoModels

extension TrainingRuns {
  @Suite struct WeightsTests {
    private func network(_ architecture: Architecture, classes: Int) -> VideoClassifier {
      VideoClassifier(
        architecture, width: 4, head: .actions, classes: classes, using: Generator(seed: 3))
    }

    private func state(_ model: VideoClassifier) -> [String: Tensor] {
      Dictionary(uniqueKeysWithValues: model.state.map { ($0.name, $0.tensor) })
    }

    @Test(arguments: [Architecture.r2d3d18, .r2plus1d10, .r3d18, .r3d10, .c3d, .opn])
    func aBareStateDictIsRecognized(architecture: Architecture) throws {
      let folder = try ScratchFolder()
      let model = network(architecture, classes: 6)
      let names: StateNames =
        architecture == .r3d18
        ? .torchvision : StateNames.vcop.supports(architecture) ? .vcop : .mosi
      let table = try #require(architecture.tensorNames(names, head: .actions))
      let renamed = model.state.map { (name: table[$0.name]!, tensor: $0.tensor) }
      try Safetensors(
        tensors: Dictionary(uniqueKeysWithValues: renamed.map { ($0.name, $0.tensor) })
      )
      .write(to: folder.file("w.safetensors"))
      try PyTorchCheckpoint.write(stateDict: renamed, metadata: [:], to: folder.file("w.pth"))
      for file in ["w.safetensors", "w.pth"] {
        let weights = try Weights(at: folder.file(file))
        #expect(weights.model.architecture == architecture && weights.model.width == 4)
        #expect(weights.model.batchNormEpsilon == names.epsilon(of: architecture))
        #expect(weights.classCount == 6 && weights.classNames == nil)
        let loaded = state(weights.makeModel())
        #expect(state(model).allSatisfy { $0.value.isEqual(to: loaded[$0.key]!) })
      }
    }

    /// A checkpoint of VCOP's task, as its authors' code saves it.
    @Test func aTasksCheckpointContainsItsNetwork() throws {
      let folder = try ScratchFolder()
      let backbone = Architecture.c3d.makeBackbone(width: 4, using: Generator(seed: 3))
      let table = try #require(Architecture.c3d.tensorNames(.vcop, head: nil))
      var tensors = backbone.state.map {
        (name: "module.base_network.\(table["backbone." + $0.name]!)", tensor: $0.tensor)
      }
      tensors.append(("module.fc7.weight", .ones([2, 3])))
      try PyTorchCheckpoint.write(stateDict: tensors, metadata: [:], to: folder.file("w.pt"))
      let weights = try Weights(at: folder.file("w.pt"))
      #expect(weights.model.architecture == .c3d && weights.classCount == nil)
      #expect(weights.model.batchNormEpsilon == 1e-5)
      #expect(weights.normalization?.mean == [0, 0, 0])
      let loaded = weights.makeModel().backbone.state
      #expect(zip(backbone.state, loaded).allSatisfy { $0.tensor.isEqual(to: $1.tensor) })
      #expect(weights.taskTensors.map(\.name) == ["module.fc7.weight"])
      #expect(try weights.loadTaskTensors()["module.fc7.weight"]?.shape == [2, 3])
    }

    /// A pretext task without classes: its network's state, and metadata without a list of classes.
    private func writeTaskCheckpoint(
      to path: String, classNames: String?, head: [String: Tensor] = [:]
    ) throws -> Backbone {
      let backbone = Architecture.r2d3d18.makeBackbone(width: 4, using: Generator(seed: 3))
      var tensors = head
      for (name, tensor) in backbone.state { tensors["model.backbone." + name] = tensor }
      tensors["model.decoder.0.weight"] = .ones([3, 2])
      tensors["model.aggregator.bias"] = .ones([5])
      tensors["optimizer.steps"] = .zeros([])
      var metadata = [
        "format": "mosi-checkpoint-1", "phase": "pretraining", "position": "{}",
        "configuration": "model: {width: 4}",
      ]
      metadata["class_names"] = classNames
      try Safetensors(tensors: tensors, metadata: metadata).write(to: path)
      return backbone
    }

    @Test(arguments: [nil, "null"] as [String?])
    func aTaskWithoutClassesGivesABackbone(classNames: String?) throws {
      let folder = try ScratchFolder()
      let path = folder.file("w.safetensors")
      let backbone = try writeTaskCheckpoint(to: path, classNames: classNames)
      let weights = try Weights(at: path)
      #expect(weights.classCount == nil && weights.classNames == nil)
      #expect(weights.description.head == nil)
      #expect(weights.tensors.keys.allSatisfy { $0.hasPrefix("backbone.") })
      #expect(weights.taskTensors.map(\.name) == ["aggregator.bias", "decoder.0.weight"])
      #expect(weights.taskTensors[1].shape == [3, 2])
      #expect(try weights.loadTaskTensors().keys.sorted() == weights.taskTensors.map(\.name))
      let model = network(.r2d3d18, classes: 3)
      try model.loadBackbone(weights.tensors)
      #expect(
        zip(backbone.state, model.backbone.state).allSatisfy { $0.tensor.isEqual(to: $1.tensor) })
      let inspection = try WeightsInspection(at: path)
      #expect(inspection.kind == .checkpoint && inspection.problem == nil)
      #expect(inspection.classCount == nil && inspection.taskTensors == weights.taskTensors)

      // They are kept for another machine, unless only the backbone is requested.
      for (ending, isAlone) in [("safetensors", false), ("pth", false), ("pth", true)] {
        let copy = folder.file("copy.\(ending)")
        try weights.write(to: copy, as: .mosi, backboneOnly: isAlone)
        let arrived = try Weights(at: copy)
        #expect(arrived.taskTensors == (isAlone ? [] : weights.taskTensors))
        #expect(arrived.classCount == nil && arrived.tensors.count == weights.tensors.count)
      }
      try weights.write(to: folder.file("a.pth"), as: .authors, backboneOnly: false)
      #expect(try Weights(at: folder.file("a.pth")).taskTensors.isEmpty)
    }

    /// The orders of clips, for example, which a task's own layers distinguish.
    @Test func classesOfATasksOwnHeadAreNotThoseOfAClassifier() throws {
      let folder = try ScratchFolder()
      let path = folder.file("w.safetensors")
      _ = try writeTaskCheckpoint(
        to: path, classNames: "[\"a\",\"b\"]", head: ["model.head.pairs.weight": .ones([2, 2])])
      let weights = try Weights(at: path)
      #expect(weights.classCount == nil && weights.classNames == nil)
      #expect(weights.taskTensors.map(\.name).contains("head.pairs.weight"))
    }

    /// With an optimizer's two moments, an evaluation would need three times the memory. These cannot even be loaded.
    @Test func theStateOfAnOptimizerIsNotRead() throws {
      let folder = try ScratchFolder()
      let path = folder.file("w.safetensors")
      _ = try writeTaskCheckpoint(to: path, classNames: nil)
      var file = try Safetensors(contentsOf: path)
      file.tensors["optimizer.mark"] = Tensor([Float(1)]).equal(to: 1)
      try file.write(to: path)
      var bytes = try bytes(path)
      // The tensor with the smallest elements is last: now it is neither true nor false.
      bytes[bytes.count - 1] = 7
      try bytes.write(to: URL(fileURLWithPath: path))
      #expect(throws: SafetensorsError.self) { try Safetensors(contentsOf: path) }
      #expect(try Weights(at: path).taskTensors.count == 2)
    }

    @Test func foreignWeightsAreRecognizedByTheirTensors() throws {
      let folder = try ScratchFolder()
      var tensors = state(network(.r2d3d18, classes: 2))
      tensors["backbone.conv4.res_1.conv_branch.a.weight"] = nil
      try Safetensors(tensors: tensors).write(to: folder.file("w.safetensors"))
      let path = folder.file("w.safetensors")
      #expect(
        complaint { _ = try Weights(at: path) }
          == "\(path) is most similar to r2d3d-18 of width 4, but the tensors do not fit the model: missing "
          + "backbone.conv4.res_1.conv_branch.a.weight")
      try Safetensors(tensors: ["x": .zeros([2])]).write(to: path)
      #expect(
        complaint { _ = try Weights(at: path) }.contains(
          "does not contain a network that mosi knows"))
      #expect(
        complaint { _ = try Weights(at: folder.path) }.contains(
          "is a folder without last.safetensors"))
      #expect(complaint { _ = try Weights(at: "nowhere") }.hasPrefix("nowhere does not exist"))
    }

    /// The claims of a file are compared before anything of the claimed size is allocated.
    @Test func falseClaimsAreDetected() throws {
      let folder = try ScratchFolder()
      let path = folder.file("w.safetensors")
      func claim(
        width: Int = 4, names: [String] = ["x", "y"], change: (inout [String: Tensor]) -> Void
      )
        throws
      {
        var tensors = state(network(.r2d3d18, classes: 2))
        change(&tensors)
        try Safetensors(
          tensors: Dictionary(uniqueKeysWithValues: tensors.map { ("model." + $0.key, $0.value) }),
          metadata: [
            "format": "mosi-checkpoint-1", "phase": "fine-tuning", "position": "{}",
            "configuration": "model: {width: \(width)}",
            "class_names": String(decoding: try JSONEncoder().encode(names), as: UTF8.self),
          ]
        ).write(to: path)
      }
      try claim { _ in }
      #expect(try Weights(at: path).classNames == ["x", "y"])
      try claim(width: 1024) { _ in }
      #expect(
        complaint { _ = try Weights(at: path) }.contains(
          "([4, 3, 1, 7, 7], but [1024"))
      try claim(names: ["x"]) { _ in }
      #expect(complaint { _ = try Weights(at: path) }.hasSuffix("names 1 classes for a head of 2"))
      try claim(names: ["x", "x"]) { _ in }
      #expect(complaint { _ = try Weights(at: path) }.hasSuffix("names 1 classes for a head of 2"))
      try claim { $0["head.out.weight"] = $0["head.out.weight"]!.to(.int32) }
      #expect(
        complaint { _ = try Weights(at: path) }.contains("head.out.weight holds numbers as int32"))
    }

    /// A few bytes of aliases could expand to more than fits into memory.
    @Test func expandingConfigurationsAreRejected() throws {
      let folder = try ScratchFolder()
      let lines = (1...9).map { level in
        "l\(level): &l\(level) [\(Array(repeating: "*l\(level - 1)", count: 9).joined(separator: ", "))]"
      }
      let path = try folder.write(
        (["l0: &l0 x"] + lines).joined(separator: "\n"), to: "bomb.yaml")
      #expect(
        complaint { _ = try FinetuningConfiguration(file: path) }
          == "the configuration \(path) cannot be read: it is too long")
    }

    @Test func classesAreMatchedByName() throws {
      let folder = try ScratchFolder()
      let path = folder.file("w.safetensors")
      let tensors = state(network(.r2d3d18, classes: 2))
      try Safetensors(
        tensors: Dictionary(uniqueKeysWithValues: tensors.map { ("model." + $0.key, $0.value) }),
        metadata: [
          "format": "mosi-checkpoint-1", "phase": "fine-tuning", "position": "{}",
          "configuration": "model: {width: 4}", "class_names": "[\"run\",\"jump\"]",
        ]
      ).write(to: path)
      let weights = try Weights(at: path)
      let video = LabeledVideo(name: "v", label: 0, subset: .test, footage: nil)
      let swapped = try ClassOrder(weights, ActionDataset(classNames: ["jump", "run"], videos: []))
      #expect(swapped.names == ["run", "jump"] && swapped.relabeled(video).label == 1)
      #expect(
        complaint {
          _ = try ClassOrder(weights, ActionDataset(classNames: ["jump", "swim"], videos: []))
        }
          == "\(path) knows other classes than the dataset: only the dataset has swim; only the weights have run"
      )
    }
  }
}
