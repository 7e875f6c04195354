import Configuration
import Foundation
import Pretext
import PretextTasks
import TestSupport
import Testing
import Torch
import Training
import VideoData
import VideoModels
import VideoSamples

extension TrainingRuns {
  /// The tasks of other papers on a transformer, whose tokens are cubes of 2 x 8 x 8. (MoSI and masked modeling are in
  /// `TransformerTests`.)
  @Suite(.serialized) struct TransformerTaskTests {
    /// A task; for dense prediction, with or without a memory.
    struct Case: CustomTestStringConvertible {
      let kind: TaskKind
      var slots: Int?

      var testDescription: String {
        kind.rawValue + (slots.map { " with a memory of \($0)" } ?? "")
      }
    }

    static let tasks =
      [TaskKind.rotation, .clipOrder, .cloze, .frameOrder, .cubicPuzzle, .speed, .playbackRate]
      .map { Case(kind: $0) }
      + [nil, 8].map { Case(kind: .densePrediction, slots: $0) }

    /// The tasks that make something else of the backbone's map than its pooled features.
    static let unpooled: [TaskKind] = [.speed, .playbackRate, .densePrediction]

    let folder: ScratchFolder
    let videos: SyntheticVideos

    init() throws {
      folder = try ScratchFolder()
      videos = try SyntheticVideos(in: folder.file("videos"), training: 3, test: 0, frames: 20)
    }

    /// One epoch of one step.
    private func configuration(_ task: Case) -> PretrainingConfiguration {
      var c = tinyConfiguration(of: task.kind, on: videos)
      c.model.architecture = .vitTiny
      c.model.width = 4
      c.model.dropout = 0
      c.task.speed.smallestSize = 8
      if task.kind == .densePrediction {
        c.clip.frames = 2
        c.task.densePrediction.interval = 1
        c.task.densePrediction.memorySlots = task.slots
        c.task.densePrediction.directions = task.slots == nil ? .forward : .both
      }
      c.epochs = 1
      c.batch.sources = 6
      return c
    }

    /// The gradients of all parameters that are trained, nil for those that get none, after the loss of two samples.
    private func gradients(
      of task: some PretextTask, _ configuration: PretrainingConfiguration
    ) throws -> [String: Tensor?] {
      let training = Purpose.training(progress: 0)
      let loader = SampleLoader(
        configuration.sources.paths.map { .video(path: $0) }, rule: task.rule(for: training))
      let samples = try (0..<2).map {
        try loader.sample(.training(seed: 1, epoch: 0, source: $0), of: $0)
      }
      let network = configuration.model.makeNetwork(for: task, seed: 1)
      network.setGenerator(Generator(seed: 2))
      let output = network.evaluate(task.batch(samples, for: training, on: .cpu))
      #expect(output.loss.item.isFinite && output.loss.item > 0)
      output.loss.backward()
      return Dictionary(
        uniqueKeysWithValues: network.trainableParameters.map { ($0.name, $0.tensor.gradient) })
    }

    /// The weights of the first layer before the first step.
    private func firstWeights(
      _ task: some PretextTask, _ configuration: PretrainingConfiguration
    ) throws -> Tensor {
      let network = configuration.model.makeNetwork(for: task, seed: UInt64(configuration.seed))
      return try #require(network.parameters.first { $0.name == Self.first }).tensor.detached()
    }

    private static let first = "backbone.conv1.proj.weight"

    /// Every parameter gets a gradient, from the first layer on. (Those that would get none are frozen: several processes could
    /// not sum them.) A training of one step changes the first layer and leaves as it was what the task does not use.
    @Test(arguments: tasks) func tasksTrainTransformers(task: Case) throws {
      let configuration = configuration(task)
      try configuration.check()
      let gradients = try gradients(of: configuration.makeTask(), configuration)
      #expect(gradients.count > 100)
      for (name, gradient) in gradients {
        #expect(gradient?.isFinite == true, "\(name) has no gradient")
      }
      #expect(try #require(gradients[Self.first] ?? nil).norm > 1e-8)
      #expect(
        gradients.keys.contains("backbone.fc_norm.weight") == !Self.unpooled.contains(task.kind))

      let run = RunFolder(path: folder.file("run"))
      let listener = Listener()
      _ = try pretrain(
        configuration, in: run, resuming: false,
        options: ExecutionOptions(device: .cpu, workers: 1), reporter: listener)
      #expect(run.isFinished && listener.steps == [1] && listener.warnings.isEmpty)
      let metrics = try Metrics(contentsOf: run.metrics)
      #expect(metrics.validations.count == 1 && metrics.steps.allSatisfy { $0.loss.isFinite })
      let weights = try Weights(at: run.path)
      #expect(weights.model.architecture == .vitTiny && weights.model.width == 4)
      let before = try firstWeights(configuration.makeTask(), configuration)
      #expect(difference(try #require(weights.tensors[Self.first]), before) > 1e-8)
      if Self.unpooled.contains(task.kind) {
        #expect(
          weights.tensors["backbone.fc_norm.weight"]?.doubles == Array(repeating: 1, count: 12))
      }
    }

    /// Clips that are not whole cubes are refused before anything is read, whatever the task.
    @Test(arguments: tasks) func partsOfCubesAreRefused(task: Case) {
      func refusal(_ change: (inout PretrainingConfiguration) -> Void) -> String {
        var c = configuration(task)
        change(&c)
        return complaint { try c.check() }
      }
      #expect(
        refusal { $0.clip.size = 20 }.contains(
          "clip.size must be a multiple of 8 for model.architecture=vit-tiny, not 20"))
      #expect(
        refusal { $0.clip.frames = 5 }.contains(
          "clip.frames must be a multiple of 2 for model.architecture=vit-tiny, not 5"))
      guard task.kind == .speed else { return }
      #expect(
        refusal { $0.task.speed.smallestSize = 12 }.contains(
          "task.speed.smallest_size must be a multiple of 8 for model.architecture=vit-tiny, not 12"
        ))
    }

    /// The sides of clips that are drawn are whole cubes, too: else a part of each clip would not be seen.
    @Test func speedsAreShownInWholeCubes() throws {
      var configuration = configuration(Case(kind: .speed))
      configuration.clip.size = 24
      let task = try #require(configuration.makeTask() as? Speed)
      let read = ClipPixels(
        frames: 4, height: 32, width: 32, pixels: [UInt8](repeating: 9, count: 4 * 32 * 32 * 3))
      let sides = (0..<40).map { number in
        let id = SampleID.training(seed: 1, epoch: 0, source: number)
        return task.batch(
          [Sample(id: id, clips: [read, read], source: number)], for: .training(progress: 0),
          on: .cpu
        ).clips.shape[4]
      }
      #expect(Set(sides) == [8, 16, 24])
      configuration.model.architecture = .r2d3d18
      #expect((configuration.makeTask() as? Speed)?.sideStep == 1)
    }

    /// Several processes sum gradients: all parameters that are trained must have some.
    @Test(arguments: [TaskKind.speed, .playbackRate])
    func processesTrainTransformers(kind: TaskKind) throws {
      var configuration = configuration(Case(kind: kind))
      configuration.batch.sources = 1
      let finished = try inGroup(of: 2) { [configuration, path = folder.file("run")] group in
        let listener = Listener()
        _ = try pretrain(
          configuration, in: RunFolder(path: path), resuming: false,
          options: ExecutionOptions(device: .cpu, workers: 1, processes: Processes(group)),
          reporter: listener)
        return RunFolder(path: path).isFinished
      }
      #expect(finished.contains(true))
      #expect(try Metrics(contentsOf: RunFolder(path: folder.file("run")).metrics).steps.count == 3)
    }

    /// With an aggregator, fine-tuning does not pool: what only pooling uses is not trained.
    @Test func aggregatorsTakeThePlaceOfPooling() throws {
      var settings = ModelSettings()
      settings.architecture = .vitTiny
      settings.width = 4
      settings.dropout = 0
      let clips = Tensor.keyed(4, shape: [2, 3, 4, 16, 16])
      for directions in [nil, RecurrentAggregator.Directions.both] {
        settings.aggregator = directions
        let model = settings.makeModel(head: .actions, classes: 3, seed: 1)
        model.setGenerator(Generator(seed: 2))
        crossEntropy(model(clips), Tensor([2, 0])).backward()
        let trained = model.trainableParameters
        #expect(trained.allSatisfy { $0.tensor.gradient?.isFinite == true })
        #expect(
          trained.contains { $0.name == "backbone.fc_norm.weight" } == (directions == nil))
      }
    }
  }
}
