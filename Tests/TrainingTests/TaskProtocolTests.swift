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
import VideoSamples

// Three small tasks of the kinds in other papers: the protocol must support what they need.

/// Two clips of a video, in order or exchanged: a tuple of clips with one label, as in frame and clip order prediction.
private struct ClipOrder: PretextTask {
  let side = 16
  let sampling = ClipSampling(frames: 2, interval: 1, targetRate: 10)

  var classNames: [String]? { ["in order", "exchanged"] }
  var clipExtent: Extent3 { Extent3(2, side, side) }
  var clipsPerSample: Int { 2 }
  var needsMotion: Bool { true }

  func rule(for purpose: Purpose) -> SampleRule {
    SampleRule(readsClips: true, span: 6) { source, generator in
      let start = purpose.isTraining ? generator.uniform() * max(0, source.lastFrameTime - 0.5) : 0
      return SampleRequest(
        .clips([sampling.times(from: start), sampling.times(from: start + 0.4)]),
        crop: purpose.isTraining
          ? .randomWindow(height: side, width: side) : .centerWindow(height: side, width: side),
        sharesCrop: false)
    }
  }

  struct Batch {
    /// The clips of a sample one after another, [B * 2, 3, N, H, W].
    let clips: Tensor
    /// The labels, int64 [B].
    let labels: Tensor
  }

  final class Network: Module, PretextNetwork {
    let backbone: Backbone
    let head: Linear

    init(_ backbone: Backbone, _ generator: Generator) {
      self.backbone = backbone
      head = Linear(2 * backbone.featureCount, 2, using: generator)
    }

    override var children: [(name: String, module: Module)] {
      [("backbone", backbone), ("head", head)]
    }

    func evaluate(_ batch: Batch) -> StepOutput {
      let features = backbone.features(batch.clips)
      let logits = head(features.reshaped([-1, 2 * backbone.featureCount])).to(.float32)
      return StepOutput(
        loss: crossEntropy(logits, batch.labels),
        predictions: .init(logits: logits, labels: batch.labels), count: batch.labels.count)
    }
  }

  func makeNetwork(on backbone: Backbone, dropout: Double, using generator: Generator) -> Network {
    Network(backbone, generator)
  }

  func batch(_ samples: [Sample], for purpose: Purpose, on device: Device) -> Batch {
    let labels = samples.map { sample in
      var generator = sample.id.generator(.augmentation)
      return generator.integer(below: 2)
    }
    let clips = zip(samples, labels).flatMap { $1 == 0 ? $0.clips : $0.clips.reversed() }
    return Batch(
      clips: Normalization.video.clips(from: .clips(clips).to(device).unitRange),
      labels: Tensor(labels).to(device))
  }

  func preview(_ sample: Sample) -> TaskPreview { TaskPreview(title: "order", rows: []) }
}

/// A class and a reconstruction: an unpooled map with a decoder, two terms of the loss, and layers that learn ten times
/// as fast.
private struct Reconstruction: PretextTask {
  let side = 16

  var classNames: [String]? { ["as it is", "dark"] }
  var clipExtent: Extent3 { Extent3(2, side, side) }
  var clipsPerSample: Int { 1 }

  func rule(for purpose: Purpose) -> SampleRule { .centerStill(height: side, width: side) }

  struct Batch {
    let labeled: LabeledClips
    /// The clips, [B, 3, N, H, W].
    let target: Tensor
  }

  final class Network: Module, PretextNetwork {
    let backbone: Backbone
    let head: Linear
    let decoder: Conv3d

    init(_ backbone: Backbone, _ generator: Generator) {
      self.backbone = backbone
      head = Linear(backbone.featureCount, 2, using: generator)
      decoder = Conv3d(backbone.featureCount, 3, kernel: .one, using: generator)
    }

    override var children: [(name: String, module: Module)] {
      [("backbone", backbone), ("head", head), ("decoder", decoder)]
    }

    func evaluate(_ batch: Batch) -> StepOutput {
      let map = backbone(batch.labeled.clips)
      let logits = head(map.globalAveragePool()).to(.float32)
      let extent = batch.target.shape
      let difference =
        decoder(map).resizedTrilinearly(to: Extent3(extent[2], extent[3], extent[4])) - batch.target
      let classification = crossEntropy(logits, batch.labeled.labels)
      let reconstruction = (difference * difference).mean()
      return StepOutput(
        loss: reconstruction + classification * 0.1,
        terms: [("classification", classification), ("reconstruction", reconstruction)],
        predictions: .init(logits: logits, labels: batch.labeled.labels), count: extent[0])
    }

    func learningRateScale(of parameter: Module.Parameter) -> Double {
      parameter.name.hasPrefix("head.") ? 10 : 1
    }
  }

  func makeNetwork(on backbone: Backbone, dropout: Double, using generator: Generator) -> Network {
    Network(backbone, generator)
  }

  func batch(_ samples: [Sample], for purpose: Purpose, on device: Device) -> Batch {
    let labels = samples.map { sample in
      var generator = sample.id.generator(.augmentation)
      return generator.integer(below: 2)
    }
    let stills = Tensor.stills(samples).to(device).unitRange.unsqueezed(1).expanded([
      -1, 2, -1, -1, -1,
    ])
    let levels = Tensor(labels.map { $0 == 0 ? 1 : Float(0.3) }, shape: [labels.count, 1, 1, 1, 1])
    let clips = Normalization.video.clips(from: stills * levels)
    return Batch(labeled: LabeledClips(clips: clips, labels: Tensor(labels)), target: clips)
  }

  func preview(_ sample: Sample) -> TaskPreview { TaskPreview(title: "levels", rows: []) }
}

/// Two clips of a video belong together, and those of other videos do not: there are no classes, the loss is over the
/// batch, and fine-tuning keeps the aggregator.
private struct Contrast: PretextTask {
  let side = 16

  var classNames: [String]? { nil }
  var clipExtent: Extent3 { Extent3(2, side, side) }
  var clipsPerSample: Int { 2 }
  var supportsAccumulation: Bool { false }

  func rule(for purpose: Purpose) -> SampleRule {
    SampleRule(readsClips: true) { source, generator in
      let starts = purpose.isTraining ? [generator.uniform(), generator.uniform()] : [0.1, 0.6]
      return SampleRequest(
        .clips(starts.map { [$0 * source.lastFrameTime, $0 * source.lastFrameTime + 0.1] }),
        crop: .centerWindow(height: side, width: side))
    }
  }

  final class Aggregator: FeatureAggregator {
    let linear: Linear
    init(_ channels: Int, _ generator: Generator) {
      linear = Linear(channels, 6, using: generator)
    }
    override var featureCount: Int { 6 }
    override var children: [(name: String, module: Module)] { [("linear", linear)] }
    override func callAsFunction(_ map: Tensor) -> Tensor { linear(map.globalAveragePool()) }
  }

  final class Network: Module, PretextNetwork {
    let backbone: Backbone
    let summary: Aggregator

    init(_ backbone: Backbone, _ generator: Generator) {
      self.backbone = backbone
      summary = Aggregator(backbone.featureCount, generator)
    }

    var aggregator: FeatureAggregator? { summary }

    override var children: [(name: String, module: Module)] {
      [("backbone", backbone), ("aggregator", summary)]
    }

    func evaluate(_ clips: Tensor) -> StepOutput {
      let features = summary(backbone(clips)).to(.float32)
      let pairs = features.reshaped([-1, 2, 6])
      let logits = pairs.selected(1, 0).matmul(pairs.selected(1, 1).permuted([1, 0]))
      let count = pairs.shape[0]
      return StepOutput(
        loss: crossEntropy(logits, Tensor(Array(0..<count))), count: count)
    }
  }

  func makeNetwork(on backbone: Backbone, dropout: Double, using generator: Generator) -> Network {
    Network(backbone, generator)
  }

  func batch(_ samples: [Sample], for purpose: Purpose, on device: Device) -> Tensor {
    Normalization.video.clips(from: .clips(samples.flatMap(\.clips)).to(device).unitRange)
  }

  func preview(_ sample: Sample) -> TaskPreview { TaskPreview(title: "pairs", rows: []) }
}

extension TrainingRuns {
  @Suite(.serialized) struct TaskProtocolTests {
    let folder: ScratchFolder
    let videos: SyntheticVideos

    init() throws {
      folder = try ScratchFolder()
      videos = try SyntheticVideos(in: folder.file("videos"), training: 3, test: 1)
    }

    private func configuration() -> PretrainingConfiguration {
      var c = tinyConfiguration()
      c.sources.paths =
        [videos.folder + "/left0.mp4"] + (0..<3).map { "\(videos.folder)/right\($0).mp4" }
        + (0..<2).map { "\(videos.folder)/still\($0).mp4" }
      c.epochs = 2
      c.batch.sources = 2
      c.batch.accumulationSteps = 1
      c.sources.validationFraction = 0.34
      return c
    }

    private func train(
      _ task: some PretextTask, _ configuration: PretrainingConfiguration, _ name: String,
      resuming: Bool = false, stoppingAfter step: Int = .max
    ) throws -> (outcome: TrainingOutcome, run: RunFolder) {
      let run = RunFolder(path: folder.file(name))
      let listener = Listener(stoppingAfter: step)
      let outcome = try pretrain(
        configuration, by: task, in: run, resuming: resuming,
        options: ExecutionOptions(device: .cpu, workers: 2),
        observers: runObservers(reportingTo: listener), reporter: listener)
      return (outcome, run)
    }

    /// Trains with and without an interruption, compares all tensors, and fine-tunes from the result.
    private func check(_ task: some PretextTask) throws -> RunFolder {
      let whole = try train(task, configuration(), "whole").run
      let stopped = try train(task, configuration(), "parts", stoppingAfter: 1)
      guard case .stopped(1, 4) = stopped.outcome else {
        Issue.record("it was not stopped after the first of four steps")
        return whole
      }
      let parts = try train(task, configuration(), "parts", resuming: true).run
      let (a, b) = (
        try Safetensors(contentsOf: whole.last).tensors,
        try Safetensors(contentsOf: parts.last).tensors
      )
      #expect(a.count > 20 && a.keys == b.keys)
      for (name, tensor) in a {
        #expect(
          tensor.to(.float32).array(of: Float.self) == b[name]?.to(.float32).array(of: Float.self),
          "\(name)")
      }
      var tuning = tinyFinetuning(on: videos, epochs: 1)
      tuning.start.weights = whole.path
      let run = RunFolder(path: folder.file("tuned"))
      _ = try finetune(
        tuning, in: run, resuming: false, options: ExecutionOptions(device: .cpu, workers: 1),
        reporter: Listener())
      #expect(run.isFinished)
      return whole
    }

    @Test func aTupleOfClipsHasOneLabel() throws {
      let run = try check(ClipOrder())
      let metrics = try Metrics(contentsOf: run.metrics)
      #expect(metrics.steps.count == 4 && metrics.steps.allSatisfy { $0.top1 != nil })
      #expect(metrics.validations.last?.top1PerLabel.isEmpty == false)
      #expect(metrics.summary?.chance == 0.5)
    }

    @Test func tasksThatNeedMotionRejectStills() throws {
      var configuration = configuration()
      configuration.sources.paths = ["synthetic:dead-leaves:8"]
      #expect(
        complaint { _ = try train(ClipOrder(), configuration, "stills") }.contains(
          "needs videos, and synthetic:dead-leaves #"))
      #expect(!FileManager.default.fileExists(atPath: folder.file("stills")))
    }

    @Test func aDecoderHasTwoTermsAndItsOwnLearningRate() throws {
      let run = try check(Reconstruction())
      let metrics = try Metrics(contentsOf: run.metrics)
      for step in metrics.steps {
        let terms = try #require(step.terms)
        let sum = terms["reconstruction"]! + 0.1 * terms["classification"]!
        #expect(abs(step.loss - sum) < 1e-5)
      }
      #expect(metrics.validations.last?.terms?["reconstruction"] != nil)
      // Adam's first step moves each weight by its learning rate: ten times as far in the head.
      var one = configuration()
      one.optimizer.warmupFraction = 0
      one.optimizer.weightDecay = 0
      one.model.dropout = 0
      let stepped = try train(Reconstruction(), one, "rates", stoppingAfter: 1).run
      let after = try Safetensors(contentsOf: stepped.last).tensors
      let before = one.model.makeNetwork(for: Reconstruction(), seed: UInt64(one.seed)).state
      func moved(_ name: String) throws -> Double {
        let start = try #require(before.first { $0.name == name }?.tensor)
        return (try #require(after["model.\(name)"]) - start.detached()).absolute().flattened()
          .max([0]).item
      }
      let ratio = try moved("head.weight") / moved("decoder.weight")
      #expect(abs(ratio - 10) < 0.1)
    }

    @Test func aTaskWithoutClassesIsValidatedByItsLossAndKeepsItsAggregator() throws {
      let run = try check(Contrast())
      let metrics = try Metrics(contentsOf: run.metrics)
      #expect(metrics.steps.allSatisfy { $0.top1 == nil })
      let summary = try #require(metrics.summary)
      #expect(summary.chance == nil && summary.top1 == nil)
      #expect(summary.bestValidationLoss == metrics.validations.map(\.loss).min())
      // The best checkpoint has the lowest loss.
      let best = try Checkpoint<PretrainingConfiguration>(contentsOf: run.best)
      let lowest = metrics.validations.min { $0.loss < $1.loss }
      #expect(best.position.step == lowest?.step && best.classNames == nil)
      #expect(try !String(contentsOfFile: run.metrics, encoding: .utf8).contains("chance"))

      // Fine-tuning continues with the aggregator.
      let weights = try Weights(at: run.path)
      let aggregator = Contrast.Aggregator(
        weights.makeModel().backbone.featureCount, Generator(seed: 1))
      try aggregator.load(
        Dictionary(
          uniqueKeysWithValues: best.model.filter { $0.key.hasPrefix("aggregator.") }
            .map { (String($0.key.dropFirst("aggregator.".count)), $0.value) }))
      var tuning = tinyFinetuning(on: videos, epochs: 1)
      tuning.start.weights = run.path
      tuning.optimizer.learningRate = 1e-30
      tuning.optimizer.warmupStartLearningRate = 0
      tuning.regularization.emaDecay = nil
      let tuned = RunFolder(path: folder.file("aggregated"))
      _ = try finetune(
        tuning, in: tuned, resuming: false, options: ExecutionOptions(device: .cpu, workers: 1),
        aggregator: aggregator, reporter: Listener())
      let kept = try Safetensors(contentsOf: tuned.last).tensors
      let difference =
        (try #require(kept["model.aggregator.linear.weight"])
        - best.model["aggregator.linear.weight"]!).absolute().flattened().max([0]).item
      #expect(difference == 0)
      #expect(kept["model.head.out.weight"]?.shape == [3, 6])
    }

    @Test func accumulationIsRejectedIfTheLossIsOverTheBatch() throws {
      var configuration = configuration()
      configuration.batch.accumulationSteps = 2
      #expect(
        complaint { _ = try train(Contrast(), configuration, "accumulated") }.contains(
          "set batch.accumulation_steps to 1"))
    }
  }
}
