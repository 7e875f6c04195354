import Configuration
import Foundation
import KeyedRandom
import TestSupport
import Testing
import Torch
import Training

extension TrainingRuns {
  @Suite(.serialized) struct CheckpointTests {
    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func checkpoint(_ configuration: PretrainingConfiguration, seed: UInt64 = 0)
      -> Checkpoint<PretrainingConfiguration>
    {
      let model = configuration.model.makeModel(
        head: .pretext, classes: 9, seed: UInt64(configuration.seed))
      let optimizer = Adam(
        ParameterGroup.sparingNormalization(model.parameters, weightDecay: 1e-4))
      var position = TrainingPosition()
      position.step = 7
      position.bestTop1 = 0.1 + 0.2
      position.sources = .max - 1
      position.skippedSources = [1, 5]
      position.trainingSeconds = 1.0 / 3
      return Checkpoint<PretrainingConfiguration>(
        configuration: configuration, position: position,
        classNames: (0..<9).map { "label \($0)" }, network: model, optimizer: optimizer)
    }

    @Test func everythingSurvivesAFile() throws {
      var c = tinyConfiguration()
      c.optimizer.learningRate = 0.1 + 0.2
      let written = checkpoint(c)
      try written.write(to: folder.file("c.safetensors"))
      let read = try Checkpoint<PretrainingConfiguration>(contentsOf: folder.file("c.safetensors"))
      #expect(read.configuration == c && read.position == written.position)
      #expect(read.classNames == written.classNames)
      #expect(Set(read.model.keys) == Set(written.model.keys))
      #expect(Set(read.optimizer.keys) == Set(written.optimizer.keys))
      for (name, tensor) in written.model {
        let back = read.model[name]!
        #expect(back.shape == tensor.shape && back.dtype == tensor.dtype)
        #expect(
          back.to(.float32).array(of: Float.self) == tensor.to(.float32).array(of: Float.self))
      }
    }

    @Test func anotherShapeIsRefusedBeforeAnythingIsCopied() throws {
      var wide = tinyConfiguration()
      wide.model.width = 3
      try checkpoint(wide).write(to: folder.file("wide.safetensors"))
      let c = tinyConfiguration()
      let model = c.model.makeModel(head: .pretext, classes: 9, seed: UInt64(c.seed))
      let optimizer = Adam(ParameterGroup.sparingNormalization(model.parameters, weightDecay: 0))
      let before = model.parameters.map { $0.tensor.array(of: Float.self) }
      let text = complaint {
        try Checkpoint<PretrainingConfiguration>(contentsOf: folder.file("wide.safetensors"))
          .restore(network: model, optimizer: optimizer, path: "wide.safetensors")
      }
      #expect(text.hasPrefix("wide.safetensors is not a checkpoint of this run: "), "\(text)")
      #expect(!text.contains("\n"))
      #expect(model.parameters.map { $0.tensor.array(of: Float.self) } == before)
    }

    /// Wherever a file is truncated, and whichever byte of its header is changed, there is an error or a valid
    /// checkpoint.
    @Test func truncatedFilesAreRejected() throws {
      let path = folder.file("c.safetensors")
      try checkpoint(tinyConfiguration()).write(to: path)
      let whole = try bytes(path)
      var generator = KeyedGenerator(9)
      let torn = folder.file("torn.safetensors")
      for length in [0, 1, 7, 8, 9, 100, whole.count / 2, whole.count - 1]
        + (0..<8).map({ _ in generator.integer(below: whole.count) })
      {
        try whole.prefix(length).write(to: URL(fileURLWithPath: torn))
        let text = complaint { _ = try Checkpoint<PretrainingConfiguration>(contentsOf: torn) }
        #expect(
          text.hasPrefix("\(torn) is not a readable safetensors file: "), "\(length): \(text)")
      }
      try (whole + Data([0])).write(to: URL(fileURLWithPath: torn))
      #expect(
        complaint { _ = try Checkpoint<PretrainingConfiguration>(contentsOf: torn) } != "no error")
      for _ in 0..<100 {
        var damaged = whole
        damaged[generator.integer(below: 4000)] = UInt8(generator.integer(below: 256))
        try damaged.write(to: URL(fileURLWithPath: torn))
        let text = complaint { _ = try Checkpoint<PretrainingConfiguration>(contentsOf: torn) }
        #expect(!text.contains("\n"), "\(text)")
      }
    }

    @Test func foreignFilesAreRefused() throws {
      let path = folder.file("foreign.safetensors")
      try Safetensors(tensors: ["weight": Tensor([1, 2], shape: [2])]).write(to: path)
      #expect(
        complaint { _ = try Checkpoint<PretrainingConfiguration>(contentsOf: path) }
          == "\(path) is not a checkpoint of this run: it was not written by mosi")
      #expect(
        complaint { _ = try Checkpoint<PretrainingConfiguration>(contentsOf: folder.file("gone")) }
          .hasPrefix("cannot read \(folder.file("gone")): "))
    }
  }
}
