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
      Runtime.seed(3)
      return VideoClassifier(architecture, width: 4, head: .actions, classes: classes)
    }

    private func state(_ model: VideoClassifier) -> [String: Tensor] {
      Dictionary(uniqueKeysWithValues: model.state.map { ($0.name, $0.tensor) })
    }

    @Test(arguments: [Architecture.r2d3d18, .r2plus1d10, .r3d18])
    func aBareStateDictIsRecognized(architecture: Architecture) throws {
      let folder = try ScratchFolder()
      let model = network(architecture, classes: 6)
      let names: StateNames = architecture == .r3d18 ? .torchvision : .released
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
        #expect(weights.model.batchNormEpsilon == (names == .released ? 1e-3 : 1e-5))
        #expect(weights.classCount == 6 && weights.classNames == nil)
        let loaded = state(weights.makeModel())
        #expect(state(model).allSatisfy { $0.value.isEqual(to: loaded[$0.key]!) })
      }
    }

    @Test func strangersAreToldByTheirTensors() throws {
      let folder = try ScratchFolder()
      var tensors = state(network(.r2d3d18, classes: 2))
      tensors["backbone.conv4.res_1.conv_branch.a.weight"] = nil
      try Safetensors(tensors: tensors).write(to: folder.file("w.safetensors"))
      let path = folder.file("w.safetensors")
      #expect(
        complaint { _ = try Weights(at: path) }
          == "\(path) comes closest to r2d3d-18 of width 4, but the tensors do not fit the model: missing "
          + "backbone.conv4.res_1.conv_branch.a.weight")
      try Safetensors(tensors: ["x": .zeros([2])]).write(to: path)
      #expect(complaint { _ = try Weights(at: path) }.contains("no network that mosi knows"))
      #expect(
        complaint { _ = try Weights(at: folder.path) }.contains(
          "is a folder without last.safetensors"))
      #expect(complaint { _ = try Weights(at: "nowhere") }.hasPrefix("nowhere does not exist"))
    }

    /// What the file claims is compared before anything of the claimed size is made.
    @Test func falseClaimsAreFoundOut() throws {
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
          "([4, 3, 1, 7, 7] where the model has [1024"))
      try claim(names: ["x"]) { _ in }
      #expect(complaint { _ = try Weights(at: path) }.hasSuffix("names 1 classes for a head of 2"))
      try claim(names: ["x", "x"]) { _ in }
      #expect(complaint { _ = try Weights(at: path) }.hasSuffix("names 1 classes for a head of 2"))
      try claim { $0["head.out.weight"] = $0["head.out.weight"]!.to(.int32) }
      #expect(
        complaint { _ = try Weights(at: path) }.contains("head.out.weight holds numbers as int32"))
    }

    /// Few bytes of aliases could unfold into more than any memory holds.
    @Test func unfoldingConfigurationsAreRefused() throws {
      let folder = try ScratchFolder()
      let lines = (1...9).map { level in
        "l\(level): &l\(level) [\(Array(repeating: "*l\(level - 1)", count: 9).joined(separator: ", "))]"
      }
      let path = try folder.write(
        (["l0: &l0 x"] + lines).joined(separator: "\n"), to: "bomb.yaml")
      #expect(
        complaint { _ = try FinetuningConfiguration(file: path) }
          == "the configuration \(path) cannot be read: it holds more than a configuration can")
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
      let video = LabelledVideo(name: "v", label: 0, subset: .test, footage: nil)
      let swapped = try ClassOrder(weights, ActionDataset(classNames: ["jump", "run"], videos: []))
      #expect(swapped.names == ["run", "jump"] && swapped.relabelled(video).label == 1)
      #expect(
        complaint {
          _ = try ClassOrder(weights, ActionDataset(classNames: ["jump", "swim"], videos: []))
        }
          == "\(path) knows other classes than the dataset: the dataset alone has swim; the weights alone have run"
      )
    }
  }
}
