import Configuration
import Foundation
import RunRecords
import Synchronization
import TestSupport
import Testing
import Torch
import Training
import VideoData

extension TrainingRuns {
  @Suite(.serialized) struct PretrainingTests {
    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    @discardableResult
    private func train(
      _ configuration: PretrainingConfiguration, _ name: String, resuming: Bool = false,
      workers: Int = 1, checkpoints: Bool = false, stoppingAfter step: Int = .max
    ) throws -> (outcome: TrainingOutcome, run: RunFolder, listener: Listener) {
      let run = RunFolder(path: folder.file(name))
      let listener = Listener(stoppingAfter: step)
      var options = ExecutionOptions(device: .cpu, workers: workers)
      options.checkpointsActivations = checkpoints
      let outcome = try pretrain(
        configuration, in: run, resuming: resuming, options: options,
        observers: runObservers(reportingTo: listener), reporter: listener)
      return (outcome, run, listener)
    }

    /// The results of a step or validation, without times.
    private func numbers(_ run: RunFolder) throws -> [String] {
      let metrics = try Metrics(contentsOf: run.metrics)
      return metrics.steps.map {
        "\($0.step) \($0.epoch) \($0.loss) \($0.top1 ?? .nan) \($0.learningRate) \($0.annotations ?? [:])"
      }
        + metrics.validations.map {
          "\($0.step) \($0.loss) \($0.top1 ?? .nan) \($0.top1PerLabel.sorted { $0.key < $1.key })"
        }
    }

    /// The elements of all tensors of the last checkpoint: weights, statistics, moments.
    private func tensors(_ run: RunFolder) throws -> [String: [Float]] {
      try Safetensors(contentsOf: run.last).tensors.mapValues { $0.to(.float32).array() }
    }

    // MARK: Sources

    /// A run continues if all held-out sources happen to be unreadable, but not if the user named them.
    @Test func unreadableHeldOutSourcesAreErrorsOnlyIfNamed() throws {
      var configuration = tinyConfiguration()
      configuration.epochs = 1
      configuration.batch.accumulationSteps = 1
      configuration.sources.validationFraction = 0.1
      // Which source is held out depends only on their number.
      var path = try folder.write(
        (0..<9).map { "x\($0).png" }.joined(separator: "\n"), to: "names.txt")
      let heldOut = try SourceCollection(paths: [path]).split(heldOut: 0.1).heldOut
      try #require(heldOut.count == 1)
      let digit = try #require(heldOut[0].description.dropLast(4).last.flatMap { Int(String($0)) })
      path = try folder.write(
        try (0..<9).map { $0 == digit ? "missing.png" : try goodPicture($0) }.joined(
          separator: "\n"),
        to: "list.txt")
      configuration.sources.paths = [path]
      let (_, run, listener) = try train(configuration, "a")
      #expect(listener.warnings.contains { $0.hasPrefix("there is no validation") })
      #expect(listener.warnings.contains { $0.contains("missing.png") })
      let summary = try #require(try Metrics(contentsOf: run.metrics).summary)
      #expect(summary.top1 == nil && summary.skippedSources == 1 && summary.validationSources == 0)

      configuration.sources.validationPaths = [try folder.write("missing.png", to: "val.txt")]
      #expect(
        complaint { try train(configuration, "b") }
          == "none of the validation sources can be read")
      #expect(!FileManager.default.fileExists(atPath: folder.file("b")))
    }

    /// The path of a new picture of noise (a PPM needs no encoder).
    private func goodPicture(_ index: Int) throws -> String {
      let pixels = (0..<48 * 40 * 3).map { UInt8(truncatingIfNeeded: $0 * (7 + index) / 3) }
      let path = folder.file("good\(index).ppm")
      try (Data("P6\n48 40\n255\n".utf8) + Data(pixels)).write(to: URL(fileURLWithPath: path))
      return path
    }

    // MARK: Records

    @Test func everyStepAndValidationIsRecorded() throws {
      // 13 sources: 3 are held out, and 10 make two steps of 4 per epoch.
      let (outcome, run, listener) = try train(tinyConfiguration(), "a")
      let metrics = try Metrics(contentsOf: run.metrics)
      #expect(metrics.steps.map(\.step) == Array(1...6) && listener.steps == Array(1...6))
      #expect(metrics.steps.map(\.epoch) == [1, 1, 2, 2, 3, 3])
      #expect(metrics.validations.map(\.step) == [2, 4, 6])
      #expect(metrics.validations.allSatisfy { $0.sources == 3 && $0.top1PerLabel.count == 9 })
      for step in metrics.steps {
        let top1 = try #require(step.top1)
        #expect(step.loss > 0 && (0...1).contains(top1) && step.clipsPerSecond > 0)
        #expect(step.dataSeconds! >= 0 && step.computeSeconds! > 0)
        // A step has 36 clips; its accuracy is a multiple of 1/36.
        #expect(abs(top1 * 36 - (top1 * 36).rounded()) < 1e-4)
      }
      for validation in metrics.validations {
        // The last batch is smaller than the others, but each clip has the same weight.
        let top1 = try #require(validation.top1)
        #expect(abs(top1 * 27 - (top1 * 27).rounded()) < 1e-9)
        let mean = validation.top1PerLabel.values.reduce(0, +) / 9
        #expect(abs(top1 - mean) < 1e-9)
      }
      guard case .finished(let summary) = outcome else {
        Issue.record("it did not finish")
        return
      }
      #expect(summary.step == 6 && summary.trainingSources == 10 && summary.validationSources == 3)
      #expect(summary.top1 == metrics.validations.last?.top1)
      #expect(summary.bestTop1 == metrics.validations.compactMap(\.top1).max())
      #expect(summary.skippedSources == 0 && abs(summary.chance! - 1.0 / 9) < 1e-12)
      #expect(abs(summary.loss - (metrics.steps[4].loss + metrics.steps[5].loss) / 2) < 1e-12)
      for file in [run.preview, run.curves, run.curvesAsSVG, run.best, run.last, run.configuration]
      {
        #expect(FileManager.default.fileExists(atPath: file))
      }
      #expect(try PretrainingConfiguration(file: run.configuration) == tinyConfiguration())
    }

    /// The masks and paths of the validation are drawn with a separate key.
    @Test func validationIsTheSameForEqualWeights() throws {
      var c = tinyConfiguration(sources: 16)
      c.epochs = 1
      c.sources.validationFraction = 0.5
      // One step sees all sources with a learning rate that does not change the weights: only the batch statistics move,
      // with the same eight sources.
      c.optimizer.learningRate = 1e-30
      c.optimizer.warmupStartLearningRate = 1e-30
      c.optimizer.weightDecay = 0
      c.batch.accumulationSteps = 1
      c.batch.sources = 8
      func validation(_ change: (inout PretrainingConfiguration) -> Void) throws -> ValidationRecord
      {
        var changed = c
        change(&changed)
        let run = try train(changed, UUID().uuidString).run
        return try Metrics(contentsOf: run.metrics).validations[0]
      }
      let base = try validation { _ in }
      let again = try validation { $0.seed = 0 }
      #expect(base.loss == again.loss && base.top1PerLabel == again.top1PerLabel)
      #expect(base.sources == 8)
      let fewer = try validation { $0.sources.validationLimit = 3 }
      #expect(fewer.sources == 3)
    }

    @Test func withoutAShareNothingIsHeldOut() throws {
      var c = tinyConfiguration()
      c.sources.validationFraction = 0
      let (outcome, run, _) = try train(c, "none")
      guard case .finished(let summary) = outcome else {
        Issue.record("it did not finish")
        return
      }
      #expect(summary.top1 == nil && summary.bestTop1 == nil && summary.validationSources == 0)
      #expect(summary.trainingSources == 13)
      #expect(!FileManager.default.fileExists(atPath: run.best))
    }

    /// Named validation sources are not trained on, even if they are among the training paths.
    @Test func namedValidationSourcesAreUnseen() throws {
      var c = tinyConfiguration()
      c.epochs = 1
      c.sources.validationPaths = ["synthetic:dead-leaves:5"]
      let (outcome, _, listener) = try train(c, "named")
      guard case .finished(let summary) = outcome else {
        Issue.record("it did not finish")
        return
      }
      #expect(summary.trainingSources == 8 && summary.validationSources == 5)
      #expect(listener.notes.contains("5 sources are validated on and therefore not trained on"))
    }

    // MARK: TensorBoard

    @Test func theNetworkCanBeWatched() throws {
      let run = try train(tinyConfiguration(), "watched").run
      let tags = try eventTags(run)
      // At the end of the first and last epochs, and in between if it takes little time.
      for part in ["conv1", "conv2", "conv3", "conv4", "conv5", "head"] {
        for kind in ["weights", "gradients"] {
          #expect((2...3).contains(tags.count { $0 == "\(kind)/\(part)" }), "\(kind)/\(part)")
        }
      }
      // Clips of 16 pixels have maps of at least 4 x 4 cells up to conv2.
      #expect((2...3).contains(tags.count { $0 == "grad_cam/conv2" }))

      var c = tinyConfiguration()
      c.sources.validationFraction = 0
      let blind = try eventTags(train(c, "unvalidated").run)
      #expect(blind.contains("weights/conv1") && !blind.contains { $0.hasPrefix("grad_cam") })
    }

    /// Observing does not change any number; an output that cannot be written is reported once and stops nothing.
    @Test func failingObserversDoNotChangeARun() throws {
      let watched = try train(tinyConfiguration(), "watched").run
      try FileManager.default.createDirectory(
        atPath: folder.file("blocked"), withIntermediateDirectories: true)
      try folder.write("in the way", to: "blocked/events")
      let (_, blocked, listener) = try train(tinyConfiguration(), "blocked")
      #expect(try numbers(blocked) == numbers(watched) && tensors(blocked) == tensors(watched))
      #expect(listener.warnings.count { $0.hasPrefix("no TensorBoard events are written") } == 1)
    }

    // MARK: Loader threads

    @Test func loaderThreadsChangeNothing() throws {
      let one = try train(tinyConfiguration(), "one", workers: 1).run
      let four = try train(tinyConfiguration(), "four", workers: 4).run
      #expect(try numbers(one) == numbers(four))
      #expect(try tensors(one) == tensors(four))
    }

    // MARK: Activation checkpointing

    @Test func activationCheckpointingChangesNothing() throws {
      let kept = try train(tinyConfiguration(), "kept").run
      let checkpointed = try train(tinyConfiguration(), "checkpointed", checkpoints: true).run
      #expect(try numbers(kept) == numbers(checkpointed))
      #expect(try tensors(kept) == tensors(checkpointed))
    }

    @Test func anotherSeedIsAnotherRun() throws {
      var c = tinyConfiguration()
      let one = try train(c, "one").run
      c.seed = 1
      #expect(try numbers(one) != numbers(train(c, "two").run))
    }

    // MARK: Resuming

    @Test(arguments: [(1, false), (2, false), (2, true), (3, false), (5, false), (6, false)])
    func stoppedAndResumedIsTheSame(step: Int, goesBeyondThePaper: Bool) throws {
      var c = tinyConfiguration()
      if goesBeyondThePaper {
        c.clip.frames = 4
        (c.task.mosi.mask.shape, c.task.mosi.mask.background) = (.mixed, .drifting)
        (c.task.mosi.augmentation.flips, c.task.mosi.augmentation.rotations) = (true, true)
      }
      let whole = try train(c, "whole").run
      let first = try train(c, "parts", stoppingAfter: step)
      guard case .stopped(let at, let total) = first.outcome else {
        Issue.record("it did not stop")
        return
      }
      #expect(at == step && total == 6)
      let metrics = try Metrics(contentsOf: first.run.metrics)
      #expect(metrics.steps.map(\.step) == Array(1...step))
      // A validation during which a stop is requested is done by the resumed run.
      #expect(metrics.validations.map(\.step) == [2, 4, 6].filter { $0 < step })
      let second = try train(c, "parts", resuming: true, workers: 3)
      #expect(second.listener.steps == Array(step..<6).map { $0 + 1 })
      #expect(try numbers(second.run) == numbers(whole))
      #expect(try tensors(second.run) == tensors(whole))
    }

    /// The scale of the loss is part of the state, too.
    @Test func float16StoppedAndResumedIsTheSame() throws {
      var c = tinyConfiguration()
      c.precision = .float16
      let whole = try train(c, "whole").run
      _ = try train(c, "parts", stoppingAfter: 3)
      let resumed = try train(c, "parts", resuming: true, workers: 3).run
      #expect(try numbers(resumed) == numbers(whole))
      #expect(try tensors(resumed) == tensors(whole))
      let scale = try Checkpoint<PretrainingConfiguration>(contentsOf: resumed.last).lossScale
      #expect(scale.keys.sorted() == ["factor", "steady_steps"])
      // Only steps without an overflow count.
      let skipped = try Metrics(contentsOf: resumed.metrics).steps.last?.nonFiniteSteps ?? 0
      #expect(scale["factor"]?.item == 65_536 / Double(1 << skipped))
      #expect((scale["steady_steps"]?.item ?? -1) <= Double(6 - skipped))
    }

    /// Two digits of a loss are the same; more would be float32 in disguise.
    @Test(arguments: [Precision.bfloat16, .float16])
    func lowPrecisionsTrainLikeFloat32(precision: Precision) throws {
      var c = tinyConfiguration()
      func losses() throws -> [Double] {
        let metrics = try Metrics(contentsOf: try train(c, c.precision.rawValue).run.metrics)
        return metrics.steps.map(\.loss)
      }
      let exact = try losses()
      c.precision = precision
      let rough = try losses()
      #expect(rough != exact && rough.count == exact.count)
      for (one, other) in zip(rough, exact) { #expect(abs(one - other) < 0.02 * other) }
    }

    @Test func finishedRunsStayAsTheyAre() throws {
      let (outcome, run, _) = try train(tinyConfiguration(), "done")
      guard case .finished(let summary) = outcome else {
        Issue.record("it did not finish")
        return
      }
      func state() throws -> [String: Data] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: run.path)
        return Dictionary(
          uniqueKeysWithValues: names.compactMap { name in
            (try? bytes(run.path + "/" + name)).map { (name, $0) }
          })
      }
      let before = try state()
      let again = try train(tinyConfiguration(), "done", resuming: true)
      guard case .finished(let same) = again.outcome else {
        Issue.record("it went on")
        return
      }
      #expect(same.seconds == summary.seconds && again.listener.steps.isEmpty)
      #expect(try state() == before)
    }

    @Test func otherSettingsAreRefused() throws {
      var c = tinyConfiguration()
      let run = try train(c, "run", stoppingAfter: 1).run
      let before = try bytes(run.last)
      c.optimizer.learningRate = 0.01
      c.task.mosi.mask.enabled = false
      let text = complaint { try train(c, "run", resuming: true) }
      #expect(
        text.contains(
          "began with other settings (optimizer.learning_rate, task.mosi.mask.enabled)"),
        "\(text)")
      #expect(try bytes(run.last) == before)
    }

    /// The backbone of a run continues with a new head and a new schedule, with the run's own network, task and clips.
    @Test func trainingContinuesFromWeights() throws {
      var c = tinyConfiguration()
      c.task.mosi.labels.granularity = 1
      c.epochs = 1
      let first = try train(c, "first").run
      c.epochs = 2
      #expect(
        complaint { try train(c, "first", resuming: true) }.hasSuffix(
          "to train it for longer, begin with --weights \(first.path)"))

      var next = try PretrainingConfiguration(
        settings: ["epochs=1"], startingFrom: Weights(at: first.path))
      #expect(next.start.weights == first.path && next.task == c.task && next.model == c.model)
      #expect(next.clip == c.clip && next.sources.size == c.sources.size)
      next.sources = c.sources
      next.batch = c.batch
      // A learning rate that is too small to change a weight.
      next.optimizer.learningRate = 1e-30
      next.optimizer.warmupStartLearningRate = 1e-30
      next.optimizer.weightDecay = 0
      let second = try train(next, "second", stoppingAfter: 1).run
      let (before, after) = (try tensors(first), try tensors(second))
      let weights = before.keys.filter { $0.hasPrefix("model.backbone.") && $0.hasSuffix("weight") }
      #expect(weights.count > 10 && weights.allSatisfy { after[$0] == before[$0] })
      let head = try #require(
        before.keys.first { $0.hasPrefix("model.head.") && $0.hasSuffix("weight") })
      #expect(after[head]?.count == before[head]?.count && after[head] != before[head])
      try train(next, "second", resuming: true)

      next.model.width = 3
      let refusal = complaint { try train(next, "third") }
      #expect(refusal.hasPrefix("\(first.path) has another backbone"), "\(refusal)")
      #expect(!FileManager.default.fileExists(atPath: folder.file("third")))
    }

    @Test func otherSourcesAreRefused() throws {
      var c = tinyConfiguration()
      let list = try folder.write("synthetic:dead-leaves:12\n", to: "list.txt")
      c.sources.paths = [list]
      let run = try train(c, "run", stoppingAfter: 1).run
      let before = try (bytes(run.last), bytes(run.metrics))
      try folder.write("synthetic:dead-leaves:13\n", to: "list.txt")
      #expect(
        complaint { try train(c, "run", resuming: true) }.contains("began with different sources"))
      #expect(try (bytes(run.last), bytes(run.metrics)) == before)
    }

    @Test func twoProcessesCannotWriteOneRun() throws {
      let run = try train(tinyConfiguration(), "run", stoppingAfter: 1).run
      let descriptor = open(run.metrics, O_RDWR)
      defer { close(descriptor) }
      #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
      #expect(
        complaint { try train(tinyConfiguration(), "run", resuming: true) }
          .hasPrefix("another process is writing to "))
    }

    #if os(Linux)
      /// A process that another thread is just starting has copies of all descriptors until it executes its own program.
      @Test func inheritedDescriptorsDoNotKeepTheLock() throws {
        let run = RunFolder(path: folder.file("run"))
        let metrics =
          URL(fileURLWithPath: folder.path).resolvingSymlinksInPath().path
          + "/run/metrics.jsonl"
        let copies = Mutex<[Int32]>([])
        defer { for copy in copies.withLock({ $0 }) { close(copy) } }
        let listener = Listener(stoppingAfter: 1) {
          let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
          for name in names {
            let target = try? FileManager.default.destinationOfSymbolicLink(
              atPath: "/proc/self/fd/" + name)
            if target == metrics, let descriptor = Int32(name) {
              copies.withLock { $0.append(dup(descriptor)) }
            }
          }
        }
        _ = try pretrain(
          tinyConfiguration(), in: run, resuming: false,
          options: ExecutionOptions(device: .cpu, workers: 1),
          observers: runObservers(reportingTo: listener), reporter: listener)
        #expect(copies.withLock { !$0.isEmpty })
        let (outcome, _, _) = try train(tinyConfiguration(), "run", resuming: true)
        guard case .finished = outcome else {
          Issue.record("the run did not resume")
          return
        }
      }
    #endif

    // MARK: Folders in the way

    @Test func runsAreNotOverwritten() throws {
      let run = try train(tinyConfiguration(), "run", stoppingAfter: 1).run
      let before = try (bytes(run.last), bytes(run.metrics))
      #expect(
        complaint { try train(tinyConfiguration(), "run") }.contains("already contains a run"))
      #expect(try (bytes(run.last), bytes(run.metrics)) == before)
      #expect(
        complaint { try train(tinyConfiguration(), "fresh", resuming: true) }
          .contains("holds no checkpoint to resume from"))
      #expect(!FileManager.default.fileExists(atPath: folder.file("fresh")))
    }

    /// An existing configuration belongs to the user; and the error must suggest a way out.
    @Test func filesOfOthersAreNotOverwritten() throws {
      try FileManager.default.createDirectory(
        atPath: folder.file("mine"), withIntermediateDirectories: true)
      try folder.write("epochs: 3\n", to: "mine/config.yaml")
      #expect(
        complaint { try train(tinyConfiguration(), "mine") }.contains("remove them, or choose"))
      #expect(try bytes(folder.file("mine/config.yaml")) == Data("epochs: 3\n".utf8))
    }

    // MARK: Unsuitable sources

    @Test func tooFewSourcesAreReportedBeforeTheStart() {
      let text = complaint { try train(tinyConfiguration(sources: 3), "few") }
      #expect(text.contains("2 training sources do not fill a step of 4"), "\(text)")
      #expect(!FileManager.default.fileExists(atPath: folder.file("few")))
    }

    @Test func badSourcesAreCountedAcrossResuming() throws {
      var c = tinyConfiguration()
      c.sources.validationFraction = 0
      let gone = (0..<5).map { "gone\($0).png\n" }.joined()
      c.sources.paths = [try folder.write("synthetic:dead-leaves:8\n\(gone)", to: "list.txt")]
      let whole = try train(c, "whole")
      #expect(try Metrics(contentsOf: whole.run.metrics).summary?.skippedSources == 5)
      #expect(whole.listener.warnings.count == 5)
      for number in 0..<5 {
        #expect(whole.listener.warnings.count { $0.contains("gone\(number).png") } == 1)
      }
      try train(c, "parts", stoppingAfter: 5)
      let parts = try train(c, "parts", resuming: true, workers: 4)
      #expect(try Metrics(contentsOf: parts.run.metrics).summary?.skippedSources == 5)
      #expect(try numbers(parts.run) == numbers(whole.run))
      #expect(try tensors(parts.run) == tensors(whole.run))
    }
  }
}
