import Configuration
import Foundation
import RunRecords
import SafeFiles
import TestSupport
import Testing
import Torch
import Training
import VideoData

extension TrainingRuns {
  @Suite(.serialized) struct FinetuningTests {
    let folder: ScratchFolder
    let videos: SyntheticVideos

    init() throws {
      folder = try ScratchFolder()
      videos = try SyntheticVideos(in: folder.file("videos"), training: 3, test: 2)
    }

    @discardableResult
    private func train(
      _ configuration: FinetuningConfiguration, _ name: String, resuming: Bool = false,
      workers: Int = 1, cacheBytes: Int = 0, checkpoints: Bool = false,
      stoppingAfter step: Int = .max
    ) throws -> (outcome: TrainingOutcome, run: RunFolder, listener: Listener) {
      let run = RunFolder(path: folder.file(name))
      let listener = Listener(stoppingAfter: step)
      var options = ExecutionOptions(device: .cpu, workers: workers, cacheBytes: cacheBytes)
      options.checkpointsActivations = checkpoints
      let outcome = try finetune(
        configuration, in: run, resuming: resuming, options: options,
        observers: runObservers(reportingTo: listener), reporter: listener)
      return (outcome, run, listener)
    }

    private func summary(_ outcome: TrainingOutcome) throws -> SummaryRecord {
      guard case .finished(let summary) = outcome else { throw Unfinished() }
      return summary
    }

    private struct Unfinished: Error {}

    private func numbers(_ run: RunFolder) throws -> [String] {
      let metrics = try Metrics(contentsOf: run.metrics)
      return metrics.steps.map { "\($0.step) \($0.loss) \($0.top1 ?? .nan)" }
        + metrics.validations.map { "\($0.step) \($0.loss) \($0.top1 ?? .nan)" }
        + [
          metrics.summary.map { "\($0.evaluation!.top1) \($0.evaluation!.meanClassAccuracy)" } ?? ""
        ]
    }

    private func tensors(_ run: RunFolder) throws -> [String: [Float]] {
      try Safetensors(contentsOf: run.last).tensors.mapValues { $0.to(.float32).array() }
    }

    /// A MoSI run of the same network.
    private func pretrained() throws -> RunFolder {
      var configuration = tinyConfiguration(sources: 4)
      configuration.epochs = 1
      configuration.sources.validationFraction = 0
      let run = RunFolder(path: folder.file("pretrained"))
      _ = try pretrain(
        configuration, in: run, resuming: false,
        options: ExecutionOptions(device: .cpu, workers: 1),
        reporter: Listener())
      return run
    }

    // MARK: Numbers

    @Test func stoppedAndResumedIsTheSame() throws {
      let configuration = tinyFinetuning(on: videos)
      let (_, whole, _) = try train(configuration, "whole")
      // In the middle of an epoch and at its end.
      for step in [1, 2, 3] {
        let name = "parts\(step)"
        let (outcome, _, _) = try train(configuration, name, stoppingAfter: step)
        guard case .stopped(step, _) = outcome else {
          Issue.record("it did not stop after step \(step)")
          continue
        }
        let (_, parts, _) = try train(configuration, name, resuming: true, workers: 2)
        #expect(try numbers(parts) == numbers(whole))
        #expect(try tensors(parts) == tensors(whole))
      }
    }

    /// A frozen stage has no gradients in the last epoch; an unreadable test video is not watched.
    @Test func theNetworkCanBeWatched() throws {
      var videos = videos
      try videos.add(broken: "torn.mp4", label: "left", subset: "test", content: "no video")
      var configuration = tinyFinetuning(on: videos, epochs: 1)
      configuration.start.frozenStages = 1
      let tags = try eventTags(train(configuration, "watched").run)
      #expect(tags.contains("weights/conv1") && !tags.contains("gradients/conv1"))
      #expect(tags.contains("gradients/conv2") && tags.contains("gradients/head"))
      #expect(tags.count { $0.hasPrefix("grad_cam/") } == 1)
    }

    @Test func threadsAndMemoryChangeNothing() throws {
      let configuration = tinyFinetuning(on: videos)
      let (_, one, _) = try train(configuration, "one")
      let (_, three, _) = try train(configuration, "three", workers: 3, cacheBytes: 50_000_000)
      #expect(try numbers(one) == numbers(three))
      #expect(try tensors(one) == tensors(three))
    }

    /// A clip that is mixed with itself would look as if the setting had no effect.
    @Test func oneClipCannotBeMixed() throws {
      var configuration = tinyFinetuning(on: videos)
      configuration.batch.clips = 1
      try configuration.checkTogether("")
      configuration.augmentation.mixupAlpha = 0.8
      #expect(
        complaint { try configuration.checkTogether("") }
          .contains("augmentation.mixup_alpha mixes the clips of a batch"))
    }

    /// Augmentation draws from the samples' IDs, and so does the mixing of a batch.
    @Test func augmentedAndResumedIsTheSame() throws {
      var configuration = tinyFinetuning(on: videos)
      configuration.augmentation.mixupAlpha = 0.8
      configuration.augmentation.cutmixAlpha = 1
      configuration.augmentation.randomOperations = 4
      configuration.augmentation.erasingProbability = 0.5
      configuration.augmentation.repeats = 2
      let (_, whole, _) = try train(configuration, "whole")
      try train(configuration, "parts", stoppingAfter: 2)
      let (_, parts, _) = try train(configuration, "parts", resuming: true, workers: 2)
      #expect(try numbers(parts) == numbers(whole))
      #expect(try tensors(parts) == tensors(whole))
      configuration.augmentation.repeats = 1
      #expect(try numbers(train(configuration, "single").run) != numbers(whole))
    }

    @Test(arguments: [0, 2]) func activationCheckpointingChangesNothing(frozenStages: Int) throws {
      var configuration = tinyFinetuning(on: videos)
      configuration.start.frozenStages = frozenStages
      let (_, kept, _) = try train(configuration, "kept")
      let (_, checkpointed, _) = try train(configuration, "checkpointed", checkpoints: true)
      #expect(try numbers(kept) == numbers(checkpointed))
      #expect(try tensors(kept) == tensors(checkpointed))
    }

    /// Clips come with the labels of their videos: obvious differences are learned.
    @Test func learnsWhatThereIs() throws {
      let videos = try SyntheticVideos(
        in: folder.file("more"), training: 4, test: 3, classes: ["dark", "light"])
      var configuration = tinyFinetuning(on: videos, epochs: 60)
      configuration.batch.clips = 8
      configuration.batch.accumulationSteps = 1
      configuration.regularization = .init()
      configuration.jitter.brightness = 0
      configuration.optimizer.learningRate = 1e-2
      configuration.validation.everyEpochs = nil
      let evaluation = try #require(
        try summary(try train(configuration, "a", cacheBytes: 50_000_000).outcome).evaluation)
      #expect(evaluation.videos == 6 && evaluation.clips == 2)
      #expect(evaluation.top1 == 1)
    }

    // MARK: Initial weights

    @Test func pretrainedBackbonesAreLoaded() throws {
      let pretrained = try pretrained()
      let weights = try Weights(at: pretrained.path)
      #expect(weights.head == .pretext && weights.classCount == 9)
      var configuration = try FinetuningConfiguration(
        file: nil, settings: [], startingFrom: weights)
      #expect(configuration.model.width == 2 && configuration.clip.size == 16)
      #expect(configuration.clip.frames == 2)
      let other = tinyFinetuning(on: videos, epochs: 1)
      configuration.dataset = other.dataset
      configuration.batch = other.batch
      configuration.epochs = 1
      configuration.validation.testClipsPerVideo = 1
      configuration.optimizer.learningRate = 1e-12
      configuration.optimizer.warmupStartLearningRate = 0
      let (_, run, _) = try train(configuration, "a")
      let result = try Weights(at: run.path)
      #expect(result.head == .actions && result.classNames == SyntheticVideos.classes)
      #expect(result.finetuning?.dataset.kind == .csv)
      for (name, tensor) in weights.tensors
      where name.hasSuffix(".weight") && name.hasPrefix("back") {
        #expect((tensor - result.tensors[name]!).norm <= 1e-6, "\(name)")
      }
    }

    @Test(arguments: [2, 5])
    func frozenStagesStayAsTheyWere(stages: Int) throws {
      let pretrained = try pretrained()
      let weights = try Weights(at: pretrained.path)
      var configuration = tinyFinetuning(on: videos, epochs: 1)
      configuration.start.weights = pretrained.path
      configuration.start.frozenStages = stages
      configuration.regularization.emaDecay = nil
      let (_, run, _) = try train(configuration, "frozen\(stages)")
      let tuned = try Weights(at: run.path)
      for (name, before) in weights.tensors where name.hasPrefix("backbone.") {
        let stage = try #require(Int(name.dropFirst("backbone.conv".count).prefix(1)))
        let isEqual = before.isEqual(to: tuned.tensors[name]!)
        #expect(isEqual == (stage <= stages), "\(name)")
      }
      let moments = try Safetensors(contentsOf: run.last).tensors.keys.filter {
        $0.hasPrefix("optimizer.") && $0.contains(".conv1.")
      }
      #expect(moments.isEmpty)
    }

    @Test func anotherBackboneIsRefusedByItsTensors() throws {
      let pretrained = try pretrained()
      var configuration = tinyFinetuning(on: videos)
      configuration.start.weights = pretrained.path
      configuration.model.width = 3
      let complaint = complaint { try train(configuration, "a") }
      #expect(complaint.hasPrefix("\(pretrained.path) has another backbone"))
      #expect(
        complaint.contains("backbone.conv1.a.weight ([2, 3, 1, 7, 7], but [3, 3"))
      #expect(!FileManager.default.fileExists(atPath: folder.file("a")))
    }

    @Test func averagesAreExported() throws {
      var configuration = tinyFinetuning(on: videos, epochs: 2)
      configuration.regularization.emaDecay = 0.5
      let (_, run, _) = try train(configuration, "a")
      let file = try Safetensors(contentsOf: run.last)
      let name = "head.out.weight"
      let average = try #require(file.tensors["moving_average.average.\(name)"])
      let last = try #require(file.tensors["model.\(name)"])
      #expect(!average.isEqual(to: last))
      #expect(try Weights(at: run.path).tensors[name]!.isEqual(to: average))
    }

    // MARK: Videos

    @Test func shotsAreDrawnPerClass() throws {
      var configuration = tinyFinetuning(on: videos, epochs: 1)
      configuration.dataset.shots = 2
      // Its classes are directions.
      configuration.clip.flipProbability = 0
      let (outcome, _, listener) = try train(configuration, "a")
      #expect(try summary(outcome).trainingSources == 6)
      #expect(listener.warnings.isEmpty)
      configuration.dataset.shots = 4
      let (all, _, second) = try train(configuration, "b")
      #expect(try summary(all).trainingSources == 9)
      #expect(second.notes.contains { $0.contains("fewer than 4 training videos") })
    }

    @Test func aSmallSetMakesASmallerStep() throws {
      var configuration = tinyFinetuning(on: videos, epochs: 2)
      configuration.batch.clips = 4
      configuration.batch.accumulationSteps = 100
      let (outcome, _, listener) = try train(configuration, "a")
      #expect(listener.notes.contains { $0.hasSuffix("2 steps of 9 clips") })
      #expect(try summary(outcome).step == 2)
    }

    /// Equal steps of one clip would leave out 4 of 9 videos, whole steps of two leave out one.
    @Test func smallStepsLeaveOutFewVideos() throws {
      var configuration = tinyFinetuning(on: videos, epochs: 1)
      configuration.batch.clips = 2
      configuration.batch.accumulationSteps = 1
      let (_, _, listener) = try train(configuration, "a")
      #expect(listener.notes.contains { $0.hasSuffix("4 steps of 2 clips") })
      // A step of 3 has batches of 1 and 2.
      configuration.batch.accumulationSteps = 2
      configuration.augmentation.mixupAlpha = 0.8
      let refusal = complaint { try train(configuration, "b") }
      #expect(refusal.contains("augmentation.mixup_alpha mixes the clips of a batch"), "\(refusal)")
    }

    @Test func badVideosAreSkippedInTrainingAndCountAsWrong() throws {
      var videos = videos
      try videos.add(broken: "text.mp4", label: "left", subset: "train", content: "no video")
      try videos.add(broken: "gone.mp4", label: "left", subset: "train", content: nil)
      try videos.add(broken: "empty.mp4", label: "still", subset: "test", content: "")
      try videos.add(broken: "away.mp4", label: "still", subset: "test", content: nil)
      let (outcome, run, listener) = try train(tinyFinetuning(on: videos), "a")
      #expect(listener.warnings.count { $0.contains("text.mp4") } == 1)
      #expect(listener.warnings.count { $0.contains("gone.mp4") } == 1)
      let summary = try summary(outcome)
      #expect(summary.skippedSources == 2)
      let evaluation = try #require(summary.evaluation)
      #expect(evaluation.videos == 8 && evaluation.failed == 2)
      let json = try JSON.decode(
        Evaluation.Summary.self, from: bytes(run.evaluation + "/evaluation.json"))
      #expect(
        json.videos.filter { $0.failure != nil }.map(\.name) == ["empty.mp4", "away.mp4"])
      #expect(json.classes.map(\.videos) == [2, 2, 4])
      let counted = json.classes.map(\.correct).reduce(0, +)
      #expect(json.top1 == Double(counted) / 8)
    }

    @Test func noRunIsLeftIfNoVideoExists() throws {
      var configuration = tinyFinetuning(on: videos)
      try FileManager.default.createDirectory(
        atPath: folder.file("empty"), withIntermediateDirectories: true)
      configuration.dataset.splits = videos.folder + "/annotations.csv"
      configuration.dataset.videos = folder.file("empty")
      #expect(
        complaint { try train(configuration, "a") }
          .hasPrefix("none of the 9 training videos is in \(folder.file("empty"))"))
      #expect(!FileManager.default.fileExists(atPath: folder.file("a")))
    }
  }
}
