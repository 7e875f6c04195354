import Configuration
import Foundation
import KeyedRandom
import TestSupport
import Testing
import Torch
import Training
import VideoModels

extension TrainingRuns {
  @Suite struct WeightsConversionTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    /// A network whose statistics are random like its parameters, saved as a run's last state.
    ///
    /// - Returns: the network, in evaluation mode.
    @discardableResult private func run(
      _ architecture: Architecture, epsilon: Double = 1e-3, head: VideoClassifier.Head.Kind
    ) throws -> VideoClassifier {
      var settings = ModelSettings()
      settings.architecture = architecture
      settings.width = 4
      settings.batchNormEpsilon = epsilon
      let classes = head == .pretext ? 9 : 3
      let model = settings.makeModel(head: head, classes: classes, seed: 4)
      var generator = KeyedGenerator(5)
      withoutGradients {
        for (name, tensor) in model.state where tensor.shape.count == 1 {
          // The variances are small, so that epsilon matters.
          let range = name.hasSuffix("running_var") ? 0.001...0.02 : 0.5...1.5
          let values = (0..<tensor.count).map { _ in Float(generator.uniform(in: range)) }
          tensor.copy(from: Tensor(values, shape: tensor.shape))
        }
      }
      model.train(false)
      let path = folder.file("run.safetensors")
      if head == .pretext {
        var configuration = PretrainingConfiguration()
        configuration.model = settings
        configuration.task.mosi.labels.granularity = 2
        try Checkpoint(
          configuration: configuration, position: TrainingPosition(),
          classNames: (0..<9).map { "motion \($0)" }, network: model, optimizer: SGD([])
        ).write(to: path)
      } else {
        var configuration = FinetuningConfiguration()
        configuration.model = settings
        configuration.clip.frames = 9
        configuration.dataset.videos = "v"
        try Checkpoint(
          configuration: configuration, position: TrainingPosition(),
          classNames: ["run", "jump", "sit"], network: model, optimizer: SGD([])
        ).write(to: path)
      }
      return model
    }

    private func clips() -> Tensor {
      var generator = KeyedGenerator(6)
      return Tensor(
        (0..<2 * 3 * 8 * 24 * 24).map { _ in Float(generator.normal()) }, shape: [2, 3, 8, 24, 24])
    }

    private func difference(_ a: VideoClassifier, _ b: VideoClassifier) -> Double {
      withoutGradients { TestSupport.difference(a(clips()), b(clips())) }
    }

    private func isEqual(_ a: [String: Tensor], _ b: [String: Tensor]) -> Bool {
      a.count == b.count && a.allSatisfy { $0.value.isEqual(to: b[$0.key] ?? .zeros([0])) }
    }

    @Test(
      arguments: [
        (Architecture.r2d3d18, VideoClassifier.Head.Kind.pretext, WeightsLayout.authors),
        (.r2plus1d10, .actions, .authors), (.r3d18, .actions, .torchvision),
        (.torchvisionR2plus1d18, .actions, .torchvision), (.mc318, .actions, .torchvision),
        (.c3d, .actions, .vcop), (.r3d10, .actions, .vcop), (.vcopR2plus1d10, .actions, .vcop),
      ], ["safetensors", "pth"])
    func aRoundTripChangesNoByte(
      of network: (Architecture, VideoClassifier.Head.Kind, WeightsLayout), ending: String
    ) throws {
      let (architecture, head, program) = network
      let model = try run(architecture, epsilon: program.epsilon(of: architecture)!, head: head)
      let weights = try Weights(at: folder.file("run.safetensors"))
      let own = folder.file("own.safetensors")
      let there = folder.file("there.\(ending)")
      let back = folder.file("back.safetensors")
      try weights.write(to: own, as: .mosi, backboneOnly: false)
      try Weights(at: own).write(to: there, as: program, backboneOnly: false)
      try Weights(at: there).write(to: back, as: .mosi, backboneOnly: false)
      #expect(
        try Data(contentsOf: URL(fileURLWithPath: own))
          == Data(contentsOf: URL(fileURLWithPath: back)))
      #expect(isEqual(weights.tensors, try Weights(at: there).tensors))

      // The description of the weights is preserved, too.
      let arrived = try Weights(at: there)
      #expect(arrived.description.recipe == weights.description.recipe)
      #expect(arrived.classNames == weights.classNames && arrived.clip == weights.clip)
      #expect(arrived.normalization == weights.normalization && arrived.model == weights.model)
      #expect(arrived.description.labels == weights.description.labels)
      #expect(arrived.description.version == Version.text)
      #expect(arrived.finetuning == weights.finetuning)
      #expect(difference(model, arrived.makeModel()) == 0)
    }

    /// PyTorch programs use another epsilon; without the adaptation, the outputs differ.
    @Test(arguments: [
      (Architecture.r3d18, 1e-3, WeightsLayout.torchvision), (.r2d3d18, 1e-5, .authors),
      (.c3d, 1e-3, .vcop),
    ])
    func anotherEpsilonIsMadeUpFor(
      architecture: Architecture, epsilon: Double, program: WeightsLayout
    ) throws {
      let model = try run(architecture, epsilon: epsilon, head: .actions)
      let weights = try Weights(at: folder.file("run.safetensors"))
      let path = folder.file("there.pth")
      #expect(try weights.write(to: path, as: program, backboneOnly: false))
      let arrived = try Weights(at: path)
      #expect(arrived.model.batchNormEpsilon == program.epsilon(of: architecture)!)
      let scale = withoutGradients { model(clips()).absolute().flattened().max([0]).item }
      #expect(difference(model, arrived.makeModel()) < 1e-5 * scale)
      // Only the scales among the tensors have changed.
      let changed = weights.tensors.keys.filter {
        !weights.tensors[$0]!.isEqual(to: arrived.tensors[$0]!)
      }
      #expect(!changed.isEmpty && changed.allSatisfy { $0.hasSuffix("_bn.weight") })

      var naive = weights.model
      naive.batchNormEpsilon = program.epsilon(of: architecture)!
      let unchanged = naive.makeModel(head: .actions, classes: 3, seed: 0)
      try unchanged.load(weights.tensors)
      unchanged.train(false)
      #expect(difference(model, unchanged) > 1e-2 * scale)
    }

    @Test func aBackboneTravelsAlone() throws {
      try run(.r3d18, epsilon: 1e-5, head: .pretext)
      let weights = try Weights(at: folder.file("run.safetensors"))
      for (name, program) in [("a.pth", WeightsLayout.torchvision), ("b.safetensors", .mosi)] {
        try weights.write(to: folder.file(name), as: program, backboneOnly: true)
        let arrived = try Weights(at: folder.file(name))
        #expect(arrived.classCount == nil && arrived.classNames == nil)
        #expect(arrived.description.labels == weights.description.labels)
        #expect(isEqual(weights.tensors.filter { $0.key.hasPrefix("backbone.") }, arrived.tensors))
      }
    }

    @Test func unsupportedNetworksOfAProgramAreRejected() throws {
      let path = folder.file("run.safetensors")
      try run(.r3d18, head: .pretext)
      var weights = try Weights(at: path)
      func refusal(_ to: String, _ program: WeightsLayout) -> String {
        complaint { try weights.write(to: folder.file(to), as: program, backboneOnly: false) }
      }
      #expect(refusal("x.pth", .torchvision).contains("add --backbone-only"))
      #expect(
        refusal("x.pth", .authors)
          == "\(path) holds r3d-18, which --to authors does not have; use --to mosi or torchvision"
      )
      #expect(refusal("x.onnx", .mosi).contains("must end in .safetensors"))
      #expect(
        refusal("run.safetensors", .mosi).contains("is the checkpoint that the weights come from"))
      try run(.r2plus1d10, head: .actions)
      weights = try Weights(at: path)
      #expect(refusal("x.pth", .torchvision).contains("use --to mosi or authors"))
      #expect(!FileManager.default.fileExists(atPath: folder.file("x.pth")))
    }

    /// Files from before the layouts were renamed.
    @Test func oldMetadataIsRead() throws {
      try run(.r2d3d18, head: .actions)
      let path = folder.file("own.pth")
      let weights = try Weights(at: folder.file("run.safetensors"))
      try weights.write(to: path, as: .authors, backboneOnly: false)
      let file = try PyTorchCheckpoint(contentsOf: path)
      #expect(file.metadata["names"] == "authors")
      try PyTorchCheckpoint.write(
        stateDict: file.loadStateDict(),
        metadata: file.metadata.merging(["names": "released"]) { $1 },
        to: path)
      let arrived = try Weights(at: path)
      #expect(arrived.model == weights.model && arrived.classNames == weights.classNames)
      #expect(WeightsLayout(named: "released") == .authors)
      #expect(WeightsLayout(named: "vcop") == .vcop && WeightsLayout(named: "onnx") == nil)
    }

    /// The description in a foreign file may not match its content.
    @Test(arguments: [
      (
        "model",
        #"{"architecture":"r2plus1d-10","width":4,"dropout":0.5,"batch_norm_epsilon":0.001}"#,
        "its metadata says r2plus1d-10"
      ),
      (
        "model", #"{"architecture":"r2d3d-18","width":8,"dropout":0.5,"batch_norm_epsilon":0.001}"#,
        "of width 8"
      ),
      (
        "model", #"{"architecture":"r2d3d-18","width":4,"dropout":0.5,"batch_norm_epsilon":-1}"#,
        "must be positive"
      ),
      ("model", "{}", "metadata “model” is invalid"),
      ("head", "out_joint", "its metadata says out_joint"),
      ("format", "mosi-weights-9", "is it from a newer version?"),
      ("phase", "dreaming", "“phase” is invalid"),
      ("labels", #"{"axes":"xy","granularity":-5}"#, "must be from 1 to 64 speeds"),
      ("class_names", #"["a\u001b[2J","b","c"]"#, "has control characters in its name"),
      ("class_names", #"["a","b"]"#, "names 2 classes for a head of 3"),
      ("normalization", #"{"mean":[0,0,0],"deviation":[0,0,0]}"#, "three positive numbers"),
      (
        "clip",
        #"{"frames":100000000,"interval":4,"rate":30,"size":112,"preset":"paper","flip":0.5}"#,
        "clip.frames"
      ),
    ])
    func falseMetadataIsFoundOut(key: String, text: String, problem: String) throws {
      try run(.r2d3d18, head: .actions)
      let path = folder.file("own.safetensors")
      try Weights(at: folder.file("run.safetensors")).write(
        to: path, as: .mosi, backboneOnly: false)
      var file = try Safetensors(contentsOf: path)
      file.metadata[key] = text
      try file.write(to: path)
      #expect(complaint { _ = try Weights(at: path) }.contains(problem))
      // An inspection does not rely on it either.
      let inspection = Result { try WeightsInspection(at: path) }
      switch inspection {
      case .success(let inspection): #expect(inspection.problem?.contains(problem) == true)
      case .failure(let error): #expect("\(error)".contains(problem))
      }
    }

    /// Tensors beside another program's network must not take the names of other tensors here.
    @Test func namesBesideANetworkAreTheirOwn() throws {
      func problem(
        _ architecture: Architecture, _ names: StateNames, prefix: String, others: [String]
      ) throws -> String? {
        let table = try #require(architecture.tensorNames(names, head: nil))
        let model = VideoClassifier(architecture, width: 2, classes: 3, using: Generator(seed: 1))
        var tensors = Dictionary(uniqueKeysWithValues: others.map { ($0, Tensor.zeros([1])) })
        for (own, tensor) in model.state {
          if let name = table[own] { tensors[prefix + name] = tensor }
        }
        let path = folder.file("other.safetensors")
        try Safetensors(tensors: tensors, metadata: [:]).write(to: path)
        let problem = try WeightsInspection(at: path).problem
        let refusal = complaint {
          try Weights(at: path).write(
            to: folder.file("own.safetensors"), as: .mosi, backboneOnly: false)
        }
        #expect(refusal == (problem.map { "\(path) \($0)" } ?? "no error"))
        return problem
      }
      #expect(
        try problem(.c3d, .vcop, prefix: "base_network.", others: ["fc7.weight", "fc8.weight"])
          == nil)
      for name in ["backbone.conv1.a.weight", "backbone.x", "head.out.weight"] {
        #expect(
          try problem(.c3d, .vcop, prefix: "base_network.", others: ["fc7.weight", name])
            == "cannot be used: \(name) is beside the network, but named like a part of it")
      }
      let gates = ["agg", "agg_f"].map { "\($0).ConvGRUCell_00.reset_gate.weight" }
      #expect(
        try problem(.r2d3d18, .dpc, prefix: "backbone.", others: gates)
          == "cannot be used: \(gates[0]) and \(gates[1]) are the same part of a task")
      #expect(
        try problem(.r2d3d18, .dpc, prefix: "backbone.", others: [gates[1]]) == nil)
    }

    /// A tensor without numbers can claim any number of classes.
    @Test func aHeadWithTooManyClassesIsRefused() throws {
      try run(.r2d3d18, head: .actions)
      let path = folder.file("run.safetensors")
      var file = try Safetensors(contentsOf: path)
      file.tensors["model.head.out.weight"] = .zeros([1 << 60, 0])
      file.metadata["class_names"] = nil
      try file.write(to: path)
      let refusal = complaint { _ = try Weights(at: path) }
      #expect(refusal.contains("its head claims 1152921504606846976 classes"), "\(refusal)")
    }

    @Test func anInspectionShowsEverything() throws {
      let model = try run(.r2d3d18, head: .pretext)
      let run = try WeightsInspection(at: folder.file("run.safetensors"))
      #expect(run.kind == .checkpoint && run.parameterCount == model.parameterCount)
      #expect(run.classCount == 9 && run.position == TrainingPosition())
      let weights = try Weights(at: folder.file("run.safetensors"))
      try weights.write(to: folder.file("r.pyth"), as: .authors, backboneOnly: false)
      let released = try WeightsInspection(at: folder.file("r.pyth"))
      #expect(released.kind == .weights && released.file.form == .pytorch)
      #expect(released.parameterCount == model.parameterCount && released.classCount == 9)
      #expect(released.description?.labels == LabelSettings())
      #expect(released.file.remarks.map(\.name) == ["epoch", "model_state", "cfg"])
      #expect(
        Dictionary(uniqueKeysWithValues: released.file.tensors.map { ($0.name, $0.shape) })
          == Dictionary(uniqueKeysWithValues: model.state.map { ($0.name, $0.tensor.shape) }))
      try Safetensors(tensors: ["x": .zeros([2, 3])], metadata: ["by": "hand"])
        .write(to: folder.file("x.safetensors"))
      let other = try WeightsInspection(at: folder.file("x.safetensors"))
      #expect(
        other.kind == .tensors && other.problem?.contains("does not contain a network") == true)
      #expect(other.file.metadata == ["by": "hand"] && other.file.tensors[0].count == 6)
    }
  }
}
