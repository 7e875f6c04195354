import Configuration
import Foundation
import Pretext
import PretextTasks
import RunRecords
import TestSupport
import Testing
import Torch
import Training
import VideoData
import VideoModels

extension TrainingRuns {
  /// Transformers in trainings: masked modeling, what fine-tuning takes of it, and files of VideoMAE.
  @Suite(.serialized) struct TransformerTests {
    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    /// MoSI's window, 12 wide.
    private func configuration() -> PretrainingConfiguration {
      var c = tinyConfiguration()
      c.model.architecture = .vitTiny
      c.model.width = 4
      c.task.kind = .masked
      c.task.masked.ratio = 0.75
      c.task.masked.decoderBlocks = 1
      c.optimizer.kind = .adamw
      c.optimizer.betas = [0.9, 0.95]
      c.optimizer.decay = .cosineAfterWarmup
      c.optimizer.minimumLearningRate = 1e-4
      c.epochs = 2
      return c
    }

    @discardableResult
    private func train(
      _ configuration: PretrainingConfiguration, _ name: String, resuming: Bool = false,
      workers: Int = 1, checkpoints: Bool = false, stoppingAfter step: Int = .max
    ) throws -> RunFolder {
      let run = RunFolder(path: folder.file(name))
      let listener = Listener(stoppingAfter: step)
      var options = ExecutionOptions(device: .cpu, workers: workers)
      options.checkpointsActivations = checkpoints
      _ = try pretrain(
        configuration, in: run, resuming: resuming, options: options,
        observers: runObservers(reportingTo: listener), reporter: listener)
      #expect(listener.warnings.isEmpty)
      return run
    }

    private func tensors(_ run: RunFolder) throws -> [String: [Float]] {
      try Safetensors(contentsOf: run.last).tensors.mapValues { $0.to(.float32).array() }
    }

    /// A run that was stopped and resumed, with other threads and with activation checkpointing, ends with the same bits. Records
    /// have a loss and no accuracy, and pictures of what is hidden and made.
    @Test func masksAreResumed() throws {
      let whole = try train(configuration(), "whole")
      try train(configuration(), "parts", stoppingAfter: 1)
      let parts = try train(configuration(), "parts", resuming: true, workers: 3, checkpoints: true)
      #expect(try tensors(whole) == tensors(parts))
      let metrics = try Metrics(contentsOf: whole.metrics)
      #expect(metrics.steps.allSatisfy { $0.top1 == nil && $0.loss > 0 })
      #expect(metrics.validations.count == 2 && metrics.validations[0].top1 == nil)
      #expect(metrics.steps.allSatisfy { $0.annotations?["masked_tokens"] == [3] })
      let terms = try #require(metrics.validations.last?.terms)
      #expect(terms.keys.sorted() == [MaskedNetwork.lossOfMeans])
      #expect(whole.summary?.validationTerms == terms)
      for file in [whole.preview, whole.result] {
        #expect(FileManager.default.fileExists(atPath: file), "\(file)")
      }
      // Nothing is trained that does not learn: the normalization of features is as it was made.
      let weights = try Weights(at: whole.path)
      #expect(weights.tensors["backbone.fc_norm.weight"]?.doubles == Array(repeating: 1, count: 12))
      #expect(weights.taskTensors.contains { $0.name == "mask_token" && $0.shape == [1, 1, 6] })
    }

    /// Fine-tuning takes the encoder, leaves the decoder out and says so; layers learn at falling rates.
    @Test func theEncoderIsFinetuned() throws {
      let run = try train(configuration(), "run")
      let videos = try SyntheticVideos(in: folder.file("videos"), training: 3, test: 1)
      var tuning = tinyFinetuning(on: videos, epochs: 1)
      tuning.start.weights = run.path
      tuning.model = try Weights(at: run.path).model
      tuning.model.dropPath = 0.5
      tuning.optimizer.kind = .adamw
      tuning.optimizer.layerDecay = 0.5
      let tuned = RunFolder(path: folder.file("tuned"))
      // Neither is in the tensors.
      var other = tuning
      other.model.positions = .number
      #expect(
        refusal(of: other, in: "numbered").contains("set model.positions=axes"))
      other = tuning
      other.model.batchNormEpsilon = 1e-3
      #expect(
        refusal(of: other, in: "epsilon").contains("set model.batch_norm_epsilon=1e-06"))
      let listener = Listener()
      _ = try finetune(
        tuning, in: tuned, resuming: false, options: ExecutionOptions(device: .cpu, workers: 1),
        observers: runObservers(reportingTo: listener), reporter: listener)
      #expect(tuned.isFinished)
      let note = try #require(listener.notes.first { $0.contains("taken:") })
      // 2 of the embedding, 8 blocks of 13, 2 of the normalization of features.
      #expect(note.contains("taken: 108 tensors of the backbone"))
      #expect(
        note.contains("left out: ") && note.contains("mask_token") && note.contains("decoder"))
      #expect(note.hasSuffix("new: head.out (2)"))
      #expect(try eventTags(tuned).contains { $0.hasPrefix("grad_cam/") })
    }

    private func refusal(of tuning: FinetuningConfiguration, in name: String) -> String {
      complaint {
        _ = try finetune(
          tuning, in: RunFolder(path: folder.file(name)), resuming: false,
          options: ExecutionOptions(device: .cpu, workers: 1), observers: [], reporter: Listener())
      }
    }

    /// MoSI itself, on a transformer.
    @Test func motionsAreClassifiedByATransformer() throws {
      var c = configuration()
      c.task.kind = .mosi
      let run = try train(c, "mosi")
      #expect(try Weights(at: run.path).classNames?.count == 9)
    }

    /// What a network or a task cannot do is told before anything is read.
    @Test func impossibleSettingsAreToldAtOnce() throws {
      func refusal(_ change: (inout PretrainingConfiguration) -> Void) -> String {
        var c = configuration()
        change(&c)
        return complaint { try c.checkTogether("") }
      }
      #expect(
        refusal { $0.model.architecture = .r2d3d18 }
          == "the configuration's model.architecture must be a transformer (vit-tiny, vit-s, vit-b, vit-l, vit-h) for "
          + "task.kind=masked: r2d3d-18 cannot leave out the hidden parts of a clip")
      #expect(refusal { $0.clip.size = 20 }.contains("clip.size must be a multiple of 8"))
      #expect(refusal { $0.clip.frames = 3 }.contains("clip.frames must be a multiple of 2"))
      #expect(refusal { $0.model.width = 3 }.contains("model.width must be even"))
      #expect(refusal { $0.task.masked.ratio = 0.2 }.contains("hides none of the 4 cubes"))
      #expect(
        refusal {
          $0.task.kind = .mosi
          $0.model.architecture = .c3d
          $0.clip.frames = 16
          $0.model.dropPath = 0.1
        }.contains("model.drop_path must be 0"))
      // A program's own task is checked, too.
      var c = configuration()
      let task = c.makeTask()
      c.model.architecture = .r2d3d18
      let text = complaint {
        _ = try pretrain(
          c, by: task, in: RunFolder(path: folder.file("none")), resuming: false,
          options: ExecutionOptions(device: .cpu, workers: 1), reporter: Listener())
      }
      #expect(text.contains("hides parts of clips, which r2d3d-18 cannot leave out"))
    }

    /// Layers of a convolutional network learn at falling rates, too.
    @Test func layerDecayAppliesToEveryBackbone() throws {
      var settings = OptimizerSettings()
      settings.kind = .adamw
      settings.layerDecay = 0.5
      settings.weightDecay = 0.1
      for (architecture, first) in [(Architecture.r2d3d18, 1.0 / 32), (.vitTiny, 1.0 / 512)] {
        let model = VideoClassifier(
          architecture, width: 4, classes: 3, using: Generator(seed: 1))
        let groups = settings.makeOptimizer(for: model, on: model.backbone).groups
        let scales = Dictionary(
          uniqueKeysWithValues: groups.flatMap { group in
            group.parameters.map { ($0.name, (group.learningRateScale, group.weightDecay)) }
          })
        let stem = try #require(
          scales.first {
            $0.key.hasPrefix("backbone.conv1.") && $0.key.hasSuffix(".weight") && $0.value.1 > 0
          })
        #expect(stem.value.0 == first)
        #expect(scales["head.out_joint.weight"]! == (1, 0.1))
        #expect(scales["head.out_joint.bias"]! == (1, 0))
        #expect(scales.count == model.parameters.count)
      }
    }

    // MARK: Files of VideoMAE

    /// What a run of masked modeling writes for VideoMAE's code is a pre-training of it, and comes back.
    @Test(arguments: ["safetensors", "pth"])
    func pretrainingsAreWrittenForVideoMAE(ending: String) throws {
      var configuration = configuration()
      configuration.model.positions = .number
      let weights = try Weights(at: train(configuration, "run").path)
      let path = folder.file("official.\(ending)")
      try weights.write(to: path, as: .videomae, backboneOnly: false)
      let file = try TensorFile(at: path)
      let names = Set(file.tensors.map(\.name))
      #expect(
        names.isSuperset(of: [
          "mask_token", "encoder.patch_embed.proj.weight", "encoder.blocks.7.attn.qkv.weight",
          "encoder.norm.bias", "encoder_to_decoder.weight", "decoder.blocks.0.norm1.weight",
          "decoder.head.bias",
        ]))
      #expect(!names.contains { $0.contains("fc_norm") || $0.contains("conv") })
      // mask_token, 2 + 8 x 13 + 2 of the encoder, 1, 13 + 4 of the decoder.
      #expect(names.count == 1 + 108 + 1 + 17)
      let back = try Weights(at: path)
      #expect(back.model.architecture == .vitTiny && back.model.width == 4)
      #expect(back.model.tokenPositions == .number)
      #expect(back.tensors.count == weights.tensors.count)
      for (name, tensor) in weights.tensors {
        #expect(back.tensors[name]?.isEqual(to: tensor) == true, "\(name)")
      }
    }

    /// A classifier in the official form, and in Hugging Face's with divided queries, keys and values.
    @Test func classifiersOfOtherProgramsAreRead() throws {
      let model = VideoClassifier(
        .vitSmall, head: .actions, classes: 5, using: Generator(seed: 2))
      let official = try #require(Architecture.vitSmall.tensorNames(.videomae, head: .actions))
      let huggingFace = try #require(
        Architecture.vitSmall.tensorNames(.huggingFace, head: .actions))
      var files: [String: [String: Tensor]] = ["official": [:], "face": [:]]
      for (own, tensor) in model.state {
        files["official"]![official[own]!] = tensor
        let parts = StateNames.parts(of: huggingFace[own]!)
        for (name, part) in zip(parts, parts.count > 1 ? tensor.chunked(3) : [tensor]) {
          files["face"]![name] = part.contiguous()
        }
      }
      for (name, tensors) in files {
        let path = folder.file("\(name).safetensors")
        try Safetensors(tensors: tensors, metadata: [:]).write(to: path)
        let weights = try Weights(at: path)
        #expect(weights.model.architecture == .vitSmall && weights.classCount == 5)
        #expect(weights.normalization == .imageNet && weights.clip?.size == 224)
        for (own, tensor) in model.state {
          #expect(weights.tensors[own]?.isEqual(to: tensor) == true, "\(name): \(own)")
        }
        // And back.
        try weights.write(
          to: folder.file("\(name).pth"), as: .videomae, backboneOnly: false)
        let back = try Weights(at: folder.file("\(name).pth"))
        #expect(back.classCount == 5 && back.tensors.count == model.state.count)
        var strange = tensors
        strange["cls_token"] = .ones([1, 1, 384])
        try Safetensors(tensors: strange, metadata: [:]).write(to: path)
        #expect(complaint { _ = try Weights(at: path) }.contains("left over cls_token"))
      }
    }

    // MARK: Pre-trainings of other programs

    /// A pre-training of vit-tiny with two blocks of the decoder, as VideoMAE's code names its tensors; the numbers follow from
    /// the names.
    private func officialPretraining() -> [String: Tensor] {
      var shapes = [
        "mask_token": [1, 1, 96], "encoder_to_decoder.weight": [96, 192],
        "encoder.patch_embed.proj.weight": [192, 3, 2, 8, 8],
        "encoder.patch_embed.proj.bias": [192], "encoder.norm.weight": [192],
        "encoder.norm.bias": [192], "decoder.norm.weight": [96], "decoder.norm.bias": [96],
        "decoder.head.weight": [384, 96], "decoder.head.bias": [384],
      ]
      let blocks =
        (0..<8).map { ("encoder.blocks.\($0)", 192) } + (0..<2).map { ("decoder.blocks.\($0)", 96) }
      for (block, width) in blocks {
        let layers = [
          "attn.qkv": [3 * width, width], "attn.proj": [width, width],
          "mlp.fc1": [4 * width, width], "mlp.fc2": [width, 4 * width], "norm1": [width],
          "norm2": [width],
        ]
        for (layer, shape) in layers {
          shapes["\(block).\(layer).weight"] = shape
          // Keys have no bias.
          let biases = layer == "attn.qkv" ? ["attn.q_bias", "attn.v_bias"] : ["\(layer).bias"]
          for bias in biases {
            shapes["\(block).\(bias)"] = [layer == "attn.qkv" ? width : shape[0]]
          }
        }
      }
      return Dictionary(
        uniqueKeysWithValues: shapes.map { name, shape in
          let kind = name.hasSuffix(".weight") ? "ln-weight" : "bias"
          return (name, FillRule(name: name).tensor(shape, kind: shape.count > 1 ? "weight" : kind))
        })
    }

    /// The same numbers as Hugging Face's transformers names them.
    private func huggingFacePretraining() -> [String: Tensor] {
      let places = [
        ("encoder.patch_embed.proj", "videomae.embeddings.patch_embeddings.projection"),
        ("encoder.blocks", "videomae.encoder.layer"), ("encoder.norm", "videomae.layernorm"),
        ("decoder.blocks", "decoder.decoder_layers"), ("norm1", "layernorm_before"),
        ("norm2", "layernorm_after"), ("attn.proj", "attention.output.dense"),
        ("mlp.fc1", "intermediate.dense"), ("mlp.fc2", "output.dense"),
        (".attn.", ".attention.attention."),
      ]
      var state: [String: Tensor] = [:]
      for (official, tensor) in officialPretraining() {
        let name = places.reduce(official) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
        let isDivided = name.hasSuffix("qkv.weight")
        for (part, rows) in zip(
          isDivided ? ["query", "key", "value"] : ["qkv"],
          isDivided ? tensor.chunked(3) : [tensor])
        {
          state[name.replacingOccurrences(of: "qkv", with: part)] = rows.contiguous()
        }
      }
      return state
    }

    /// Writes the pre-training as the program does: VideoMAE's code in a checkpoint of the training, transformers in a file of
    /// safetensors.
    private func writePretraining(_ names: StateNames, wrapper: String = "") throws -> String {
      let state = names == .videomae ? officialPretraining() : huggingFacePretraining()
      let tensors = state.sorted { $0.key < $1.key }.map {
        (name: wrapper + $0.key, tensor: $0.value)
      }
      guard names == .videomae else {
        let path = folder.file("model.safetensors")
        try Safetensors(
          tensors: Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.tensor) }),
          metadata: ["format": "pt"]
        ).write(to: path)
        return path
      }
      let path = folder.file("checkpoint-799.pth")
      let moment = PyTorchObject.dictionary([.init(.string("exp_avg"), .tensor(tensors[0].tensor))])
      try PyTorchCheckpoint.write(
        .dictionary([
          .init(.string("model"), .stateDict(tensors)),
          .init(
            .string("optimizer"),
            .dictionary([.init(.string("state"), .dictionary([.init(.integer(0), moment)]))])),
          .init(.string("epoch"), .integer(799)),
          .init(.string("scaler"), .dictionary([.init(.string("scale"), .number(65536))])),
        ]), to: path)
      return path
    }

    /// What a fine-tuning takes of such a file, leaves out on purpose, and makes new.
    @Test(arguments: [
      (
        StateNames.videomae,
        "decoder.blocks (26), decoder.head (2), decoder.norm (2), encoder.norm (2), "
          + "encoder_to_decoder.weight, mask_token"
      ),
      (
        .huggingFace,
        "decoder.decoder_layers (30), decoder.head (2), decoder.norm (2), "
          + "encoder_to_decoder.weight, mask_token, videomae.layernorm (2)"
      ),
    ])
    func pretrainingsOfOtherProgramsAreFinetuned(names: StateNames, leftOut: String) throws {
      let path = try writePretraining(names)
      let inspection = try WeightsInspection(at: path)
      #expect(inspection.kind == .weights && inspection.names == names)
      #expect(inspection.problem == nil && inspection.classCount == nil)

      let (started, note) = try finetuningBeginning(with: path, in: folder)
      // 2 of the embedding and 8 blocks of 13.
      #expect(
        note.hasSuffix(
          ": taken: 106 tensors of the backbone; left out: \(leftOut); "
            + "new: backbone.fc_norm (2), head.out (2)"), "\(note)")
      let official = officialPretraining()
      for (own, name) in [
        ("conv1.proj.weight", "patch_embed.proj.weight"),
        ("conv2.block_1.attn.q_bias", "blocks.0.attn.q_bias"),
        ("conv3.block_2.attn.qkv.weight", "blocks.3.attn.qkv.weight"),
        ("conv5.block_2.mlp.fc2.bias", "blocks.7.mlp.fc2.bias"),
      ] {
        let expected = try #require(official["encoder.\(name)"])
        #expect(started["backbone.\(own)"]?.isEqual(to: expected) == true, "\(own)")
      }
      #expect(started["backbone.fc_norm.weight"]?.isEqual(to: .ones([192])) == true)
    }

    /// The decoder travels to mosi and to VideoMAE's code, and no number changes.
    @Test(arguments: [StateNames.videomae, .huggingFace], ["", "module."])
    func pretrainingsOfOtherProgramsTravel(names: StateNames, wrapper: String) throws {
      let official = officialPretraining()
      let weights = try Weights(at: writePretraining(names, wrapper: wrapper))
      #expect(weights.model.architecture == .vitTiny && weights.model.width == 64)
      #expect(weights.model.tokenPositions == .number && weights.classCount == nil)
      #expect(weights.taskTensors.count == 34)
      let own = folder.file("own.safetensors")
      try weights.write(to: own, as: .mosi, backboneOnly: false)
      let converted = try Weights(at: own)
      #expect(converted.model == weights.model && converted.taskTensors == weights.taskTensors)
      let again = folder.file("again.safetensors")
      try converted.write(to: again, as: .mosi, backboneOnly: false)
      #expect(try bytes(own) == bytes(again))
      for source in [weights, converted] {
        #expect(source.leftOut(by: .videomae).isEmpty)
        for ending in ["pth", "safetensors"] {
          let path = folder.file("official.\(ending)")
          try source.write(to: path, as: .videomae, backboneOnly: false)
          let back = try TensorFile(at: path).load()
          #expect(back.keys.sorted() == official.keys.sorted())
          for (name, tensor) in official {
            #expect(back[name]?.isEqual(to: tensor) == true, "\(name)")
          }
        }
      }
      // Masked modeling's network itself has these names and shapes.
      let generator = Generator(seed: 1)
      let backbone = Architecture.vitTiny.makeBackbone(positions: .number, using: generator)
      let network = MaskedNetwork(
        on: try #require(backbone as? any TokenBackbone), decoderBlocks: 2, using: generator)
      let layers = network.state.filter { !$0.name.hasPrefix("backbone.") }
      #expect(
        Dictionary(uniqueKeysWithValues: layers.map { ($0.name, $0.tensor.shape) })
          == Dictionary(uniqueKeysWithValues: weights.taskTensors.map { ($0.name, $0.shape) }))
    }

    /// A tensor that Hugging Face's files divide may also be whole, as in conversions by earlier versions.
    @Test func undividedTensorsAreRead() throws {
      let own = folder.file("own.safetensors")
      try Weights(at: writePretraining(.huggingFace)).write(
        to: own, as: .mosi, backboneOnly: false)
      var file = try Safetensors(contentsOf: own)
      let name = "decoder.decoder_layers.1.attention.attention.qkv.weight"
      let former = "decoder.blocks.1.attn.qkv.weight"
      let tensor = try #require(file.tensors[former])
      (file.tensors[former], file.tensors[name]) = (nil, tensor)
      try file.write(to: own)
      let weights = try Weights(at: own)
      #expect(try weights.loadTaskTensors()[name]?.isEqual(to: tensor) == true)
      let again = folder.file("again.pth")
      try weights.write(to: again, as: .mosi, backboneOnly: false)
      #expect(try Weights(at: again).taskTensors == weights.taskTensors)
      #expect(weights.leftOut(by: .videomae) == [name])
    }

    /// What VideoMAE's code has no place for is named.
    @Test func whatCannotTravelIsNamed() throws {
      let own = folder.file("own.safetensors")
      try Weights(at: writePretraining(.videomae)).write(
        to: own, as: .mosi, backboneOnly: false)
      var file = try Safetensors(contentsOf: own)
      file.tensors["gate.weight"] = .zeros([2])
      file.tensors["backbone.fc_norm.bias"] = .full([192], 0.5)
      try file.write(to: own)
      var weights = try Weights(at: own)
      #expect(weights.leftOut(by: .mosi).isEmpty)
      #expect(weights.leftOut(by: .videomae) == ["backbone.fc_norm.bias", "gate.weight"])
      let path = folder.file("official.safetensors")
      try weights.write(to: path, as: .videomae, backboneOnly: false)
      #expect(
        try TensorFile(at: path).tensors.map(\.name).sorted()
          == officialPretraining().keys.sorted())
      // Without a mask token it is not a pre-training.
      file.tensors["mask_token"] = nil
      try file.write(to: own)
      weights = try Weights(at: own)
      #expect(weights.leftOut(by: .videomae) == weights.taskTensors.map(\.name))
      try weights.write(to: path, as: .videomae, backboneOnly: false)
      let names = try Set(TensorFile(at: path).tensors.map(\.name))
      #expect(names.count == 108 && names.isSuperset(of: ["fc_norm.bias", "blocks.7.norm1.bias"]))
    }

    /// Files of VideoMAE do not say which positions tokens have.
    @Test func otherPositionsAreRefused() throws {
      let weights = try Weights(at: train(configuration(), "run").path)
      #expect(weights.model.tokenPositions == .axes)
      let text = complaint {
        try weights.write(to: folder.file("w.pth"), as: .videomae, backboneOnly: true)
      }
      #expect(text.contains("has tokens with positions by time, row and column"))
    }

    /// Scales of layer normalization cannot make up for another epsilon.
    @Test func anotherEpsilonIsRefused() throws {
      var c = configuration()
      c.model.batchNormEpsilon = 1e-5
      let weights = try Weights(at: train(c, "run").path)
      let text = complaint {
        try weights.write(to: folder.file("w.pth"), as: .videomae, backboneOnly: true)
      }
      #expect(text.contains("has layer normalizations with an epsilon of 1e-05"))
    }
  }
}
