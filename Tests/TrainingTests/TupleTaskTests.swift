import Configuration
import Foundation
import Pretext
import RunRecords
import TestSupport
import Testing
import Torch
import Training
import VideoData
import VideoModels

extension TrainingRuns {
  /// The tasks of other papers that classify: tuples of clips, or clips by their speed.
  @Suite struct TupleTaskTests {
    static let tuples: [TaskKind] = [.clipOrder, .cloze, .frameOrder, .cubicPuzzle]
    static let kinds: [TaskKind] = tuples + [.speed, .playbackRate]

    let folder: ScratchFolder
    let videos: SyntheticVideos

    init() throws {
      folder = try ScratchFolder()
      videos = try SyntheticVideos(in: folder.file("videos"), training: 3, test: 1, frames: 20)
    }

    private func configuration(_ kind: TaskKind) -> PretrainingConfiguration {
      tinyConfiguration(of: kind, on: videos)
    }

    private func train(
      _ configuration: PretrainingConfiguration, _ name: String, resuming: Bool = false,
      stoppingAfter step: Int = .max
    ) throws -> (outcome: TrainingOutcome, run: RunFolder, listener: Listener) {
      let run = RunFolder(path: folder.file(name))
      let listener = Listener(stoppingAfter: step)
      let outcome = try pretrain(
        configuration, in: run, resuming: resuming,
        options: ExecutionOptions(device: .cpu, workers: 2),
        observers: runObservers(reportingTo: listener), reporter: listener)
      return (outcome, run, listener)
    }

    /// A run that was stopped and resumed ends with the weights of one that was not; records contain the accuracy of each
    /// class; fine-tuning starts from the backbone.
    @Test(arguments: kinds) func runsResumeAndAreFinetuned(kind: TaskKind) throws {
      let configuration = configuration(kind)
      let classes = try #require(configuration.makeTask().classNames)
      let whole = try train(configuration, "whole").run
      let stopped = try train(configuration, "parts", stoppingAfter: 1)
      guard case .stopped(1, 6) = stopped.outcome else {
        Issue.record("it was not stopped after the first of six steps: \(stopped.outcome)")
        return
      }
      let parts = try train(configuration, "parts", resuming: true).run
      let (a, b) = (
        try Safetensors(contentsOf: whole.last).tensors,
        try Safetensors(contentsOf: parts.last).tensors
      )
      #expect(a.count > 20 && a.keys == b.keys)
      for (name, tensor) in a {
        #expect(tensor.to(.float32).isEqual(to: (b[name] ?? tensor.zerosLike()).to(.float32)))
      }
      let metrics = try Metrics(contentsOf: whole.metrics)
      #expect(metrics.steps.count == 6 && metrics.steps.allSatisfy { $0.top1 != nil })
      #expect(metrics.summary?.chance == 1 / Double(classes.count))
      #expect(metrics.validations.last?.top1PerLabel.isEmpty == false)
      let terms: [TaskKind: [String]] = [
        .cubicPuzzle: ["spatial_loss", "spatial_top1", "temporal_loss", "temporal_top1"],
        .playbackRate: ["classification_loss", "reconstruction_loss"],
      ]
      #expect(metrics.steps.last?.terms?.keys.sorted() == terms[kind])
      #expect(FileManager.default.fileExists(atPath: whole.preview))
      #expect(try Weights(at: whole.path).classNames == nil)
      #expect(
        try Checkpoint<PretrainingConfiguration>(contentsOf: whole.last).classNames == classes)

      var tuning = tinyFinetuning(on: videos, epochs: 1)
      tuning.start.weights = whole.path
      let tuned = RunFolder(path: folder.file("tuned"))
      _ = try finetune(
        tuning, in: tuned, resuming: false, options: ExecutionOptions(device: .cpu, workers: 1),
        reporter: Listener())
      #expect(tuned.isFinished)
    }

    /// OPN's own network orders frames, and its first layers stay in a fine-tuning.
    @Test func opnsNetworkIsFinetuned() throws {
      var configuration = configuration(.frameOrder)
      configuration.model.architecture = .opn
      configuration.clip.frames = 2
      configuration.clip.size = 72
      configuration.sources.size = 80
      configuration.epochs = 1
      let run = try train(configuration, "ordered").run
      var tuning = tinyFinetuning(on: videos, epochs: 1)
      tuning.start.weights = run.path
      tuning.start.frozenStages = 2
      tuning.model.architecture = .opn
      tuning.clip.size = 80
      let tuned = RunFolder(path: folder.file("tuned"))
      _ = try finetune(
        tuning, in: tuned, resuming: false, options: ExecutionOptions(device: .cpu, workers: 1),
        reporter: Listener())
      let (before, after) = (
        try Weights(at: run.path).makeModel().state, try Weights(at: tuned.path).makeModel().state
      )
      #expect(try Weights(at: tuned.path).model.architecture == .opn)
      let kept = Dictionary(uniqueKeysWithValues: after.map { ($0.name, $0.tensor) })
      for (name, tensor) in before where name.hasPrefix("backbone.conv") {
        let isFrozen = name.hasPrefix("backbone.conv1.") || name.hasPrefix("backbone.conv2.")
        let isSame = try #require(kept[name]).isEqual(to: tensor)
        // Normalization removes biases; their gradients are rounding errors.
        if isFrozen || !name.hasSuffix(".bias") { #expect(isSame == isFrozen, "\(name)") }
      }
    }

    /// DPC and MemDPC have no classes: the best checkpoint is that with the lowest loss, records have the terms of the loss, and
    /// the aggregator stays in the checkpoint.
    @Test(arguments: [nil, 8]) func predictionsResumeAndAreFinetuned(slots: Int?) throws {
      var configuration = configuration(.densePrediction)
      configuration.clip.frames = 2
      configuration.batch.sources = 2
      configuration.task.densePrediction.interval = 1
      configuration.task.densePrediction.memorySlots = slots
      configuration.task.densePrediction.directions = slots == nil ? .forward : .both
      let whole = try train(configuration, "whole").run
      _ = try train(configuration, "parts", stoppingAfter: 1)
      let parts = try train(configuration, "parts", resuming: true).run
      let (a, b) = (
        try Safetensors(contentsOf: whole.last).tensors,
        try Safetensors(contentsOf: parts.last).tensors
      )
      #expect(a.keys == b.keys && a.keys.contains("model.memory") == (slots != nil))
      for (name, tensor) in a {
        #expect(tensor.to(.float32).isEqual(to: (b[name] ?? tensor.zerosLike()).to(.float32)))
      }
      let metrics = try Metrics(contentsOf: whole.metrics)
      let terms = (slots == nil ? ["forward"] : ["backward", "forward"]).flatMap {
        ["\($0)_loss", "\($0)_top1", "\($0)_top5"]
      }
      #expect(metrics.steps.last?.terms?.keys.sorted() == terms)
      #expect(metrics.steps.allSatisfy { $0.top1 == nil })
      #expect(metrics.validations.last?.top1PerLabel.isEmpty == true)
      let weights = try Weights(at: whole.path)
      #expect(weights.taskTensors.contains { $0.name == "aggregator.forward.reset_gate.weight" })

      var tuning = tinyFinetuning(on: videos, epochs: 1)
      tuning.start.weights = whole.path
      let tuned = RunFolder(path: folder.file("tuned"))
      _ = try finetune(
        tuning, in: tuned, resuming: false, options: ExecutionOptions(device: .cpu, workers: 1),
        reporter: Listener())
      #expect(tuned.isFinished)

      // With the aggregator, as in the papers: the weights are those of the task, and the run can be read.
      tuning.model.aggregator = slots == nil ? .forward : .both
      tuning.model.aggregatorBlocks = 2
      tuning.optimizer.learningRate = 1e-30
      tuning.optimizer.warmupStartLearningRate = 0
      tuning.regularization.emaDecay = nil
      let aggregated = RunFolder(path: folder.file("aggregated"))
      let listener = Listener()
      _ = try finetune(
        tuning, in: aggregated, resuming: false,
        options: ExecutionOptions(device: .cpu, workers: 1), reporter: listener)
      let note = try #require(listener.notes.first { $0.contains("taken:") })
      #expect(note.contains(", \(slots == nil ? 6 : 12) of the aggregator; left out: "))
      #expect(note.hasSuffix("; new: head.norm (5), head.out (2)"))
      #expect(note.split(separator: ";").dropFirst().allSatisfy { !$0.contains("aggregator") })
      let kept = try Weights(at: aggregated.path)
      let own = kept.tensors.filter { $0.key.hasPrefix("aggregator.") }
      #expect(own.count == (slots == nil ? 6 : 12))
      #expect(own.allSatisfy { $0.value.isEqual(to: a["model.\($0.key)"]!) })
      let model = kept.makeModel()
      #expect(model.featureCount == model.backbone.featureCount * (slots == nil ? 1 : 2))
      #expect(model.blocks == 2)
      #expect(
        complaint {
          try kept.write(to: folder.file("w.pth"), as: .mosi, backboneOnly: false)
        }.contains("has a head on an aggregator, which only runs keep: add --backbone-only"))

      // With all stages frozen, the aggregator stays as it is, whatever the learning rate.
      var probe = tuning
      probe.start.frozenStages = 5
      probe.optimizer.learningRate = 0.1
      let probed = RunFolder(path: folder.file("probed"))
      _ = try finetune(
        probe, in: probed, resuming: false,
        options: ExecutionOptions(device: .cpu, workers: 1), reporter: Listener())
      let fixed = try Weights(at: probed.path).tensors
      for (name, tensor) in fixed where !name.hasPrefix("head.") {
        #expect(tensor.isEqual(to: try #require(a["model.\(name)"])), "\(name)")
      }
      #expect(!fixed["head.out.weight"]!.isEqual(to: kept.tensors["head.out.weight"]!))

      // The names and shapes of DPC's code, which has no running statistics.
      var foreign = tuning
      foreign.start.weights = try officialFile(of: a, both: slots != nil)
      let taken = RunFolder(path: folder.file("foreign"))
      _ = try finetune(
        foreign, in: taken, resuming: false,
        options: ExecutionOptions(device: .cpu, workers: 1), reporter: Listener())
      for (name, tensor) in try Weights(at: taken.path).tensors
      where name.hasPrefix("aggregator.") {
        #expect(tensor.isEqual(to: a["model.\(name)"]!), "\(name)")
      }

      try kept.write(to: folder.file("b.pth"), as: .mosi, backboneOnly: true)
      #expect(try Weights(at: folder.file("b.pth")).model.aggregator == nil)
      tuning.start.weights = folder.file("b.pth")
      #expect(
        complaint {
          _ = try finetune(
            tuning, in: RunFolder(path: folder.file("none")), resuming: false,
            options: ExecutionOptions(device: .cpu, workers: 1), reporter: Listener())
        }.contains("has no aggregator as model.aggregator asks for"))

      configuration.batch.accumulationSteps = 2
      let refusal = complaint { _ = try train(configuration, "accumulated") }
      #expect(refusal.contains("accumulat"))
    }

    /// A file as DPC or MemDPC writes it, with the tensors of a checkpoint of this task.
    private func officialFile(of checkpoint: [String: Tensor], both: Bool) throws -> String {
      var tensors: [String: Tensor] = [:]
      let names = try #require(Architecture.r2d3d18.tensorNames(.dpc, head: nil))
      for (key, tensor) in checkpoint where key.hasPrefix("model.") {
        let name = String(key.dropFirst("model.".count))
        if name.hasPrefix("aggregator.") {
          let path = name.split(separator: ".")
          let cell = both ? (path[1] == "forward" ? "agg_f" : "agg_b") : "agg"
          let isKernel = path[3] == "weight"
          tensors["module.\(cell).ConvGRUCell_00.\(path[2]).\(path[3])"] =
            isKernel ? tensor.reshaped(Array(tensor.shape.dropLast())) : tensor
        } else if let official = names[name], !name.contains("running") {
          tensors["module.backbone.\(official)"] = tensor
        }
      }
      let path = folder.file("official.safetensors")
      try Safetensors(tensors: tensors, metadata: [:]).write(to: path)
      return path
    }

    /// Videos that are too short are replaced, reported once each, and counted.
    @Test func shortVideosAreReportedAndCounted() throws {
      var configuration = configuration(.clipOrder)
      for number in 0..<2 {
        let path = folder.file("short\(number).mp4")
        try SyntheticVideos.write(to: path, step: 2, seed: 1, frames: 9)
        configuration.sources.paths.append(path)
      }
      configuration.sources.validationPaths = ["\(videos.folder)/left3.mp4"]
      let trained = try train(configuration, "run")
      let warnings = trained.listener.warnings.filter { $0.contains("is too short") }
      #expect(warnings.count == 2, "\(trained.listener.warnings)")
      #expect(warnings.allSatisfy { $0.contains("it has 9 of the 14 frames of a sample") })
      #expect(try Metrics(contentsOf: trained.run.metrics).summary?.skippedSources == 2)
    }

    @Test(arguments: kinds) func stillsAreRejected(kind: TaskKind) throws {
      var configuration = configuration(kind)
      configuration.sources.paths = ["synthetic:dead-leaves:8"]
      let refusal = complaint { _ = try train(configuration, "stills") }
      #expect(refusal.contains("needs videos, and synthetic:dead-leaves #"))
      #expect(!FileManager.default.fileExists(atPath: folder.file("stills")))
    }

    /// Clips for another program need classes of their own.
    @Test(arguments: tuples) func singleClipsHaveNoLabels(kind: TaskKind) throws {
      let clips = try PretrainingClips(configuration(kind), workers: 1)
      let refusal = complaint { _ = try clips.next() }
      #expect(refusal.contains("the single clips of task.kind=\(kind.rawValue) have no labels"))
    }

    @Test func settingsThatDoNotFitAreRejected() {
      func refusal(_ kind: TaskKind, _ change: (inout PretrainingConfiguration) -> Void) -> String {
        var configuration = configuration(kind)
        change(&configuration)
        return complaint { try configuration.check() }
      }
      #expect(
        refusal(.cloze) { $0.clip.frames = 6 }.contains("clip.frames must be a multiple of 4"))
      #expect(refusal(.cloze) { $0.clip.size = 15 }.contains("clip.size must be even"))
      #expect(
        refusal(.frameOrder) { $0.task.frameOrder.margin = 17 }
          .contains("margin must be at most sources.size - clip.size (16), not 17"))
      #expect(
        refusal(.frameOrder) { $0.task.frameOrder.longestWindow = 8 }
          .contains("must be at least shortest_window (9), not 8"))
      #expect(
        refusal(.cubicPuzzle) { $0.task.cubicPuzzle.cellSize = 17 }
          .contains("cell_size must be from clip.size (16) to half of sources.size (32), not 17"))
      #expect(
        refusal(.cubicPuzzle) { $0.task.cubicPuzzle.cellFrames = 3 }
          .contains("cell_frames must be at least clip.frames (4), not 3"))
      #expect(
        refusal(.speed) { $0.task.speed.smallestSize = 17 }
          .contains("smallest_size must be at most clip.size (16), not 17"))
      #expect(
        refusal(.speed) { $0.task.speed.fastFactors = 1.1...2 }
          .contains("fast_factors must be above normal_factors, which end at 1.2"))
      #expect(
        refusal(.densePrediction) { $0.task.densePrediction.predicted = 8 }
          .contains("predicted must be less than blocks (8), not 8"))
      #expect(
        refusal(.playbackRate) { $0.clip.frames = 4 }
          .contains("clip.frames must be a multiple of 8"))
      #expect(
        refusal(.playbackRate) { $0.clip.size = 24 }.contains("clip.size must be a multiple of 16"))
      #expect(
        refusal(.playbackRate) { $0.task.playbackRate.rates = [1, 3] }
          .contains("rates must be 1 or even divisors of 2 x clip.frames (16), not 3"))
      #expect(refusal(.clipOrder) { $0.task.clipOrder.clips = 6 }.contains("from 2 to 5"))
    }
  }
}
