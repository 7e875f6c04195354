import Configuration
import Foundation
import MoSI
import Pretext
import Synchronization
import TestSupport
import Testing
import Torch
import Training
import VideoModels
import VideoSamples

/// MoSI whose loss or gradient is NaN only in the second step, so that reading other steps does not show it.
private struct Hiccup: PretextTask {
  let task: MotionFromStaticImages
  let number: Number

  enum Number {
    case loss
    /// The loss is unchanged.
    case gradient
  }

  final class Network: Module, PretextNetwork {
    let classifier: VideoClassifier
    private let number: Number
    private let steps = Mutex(0)

    init(_ classifier: VideoClassifier, _ number: Number) {
      (self.classifier, self.number) = (classifier, number)
    }

    var backbone: Backbone { classifier.backbone }
    override var children: [(name: String, module: Module)] { classifier.children }

    func evaluate(_ batch: LabeledClips) -> StepOutput {
      let output = classifier.evaluate(batch)
      guard classifier.isTraining else { return output }
      let step = steps.withLock { steps in
        steps += 1
        return steps
      }
      guard step == 2 else { return output }
      // The root has an infinite slope at 0.
      let loss =
        number == .loss
        ? output.loss * .nan : output.loss + (output.loss - output.loss).squareRoot()
      return StepOutput(loss: loss, predictions: output.predictions, count: output.count)
    }
  }

  var classNames: [String]? { task.classNames }
  var clipExtent: Extent3 { task.clipExtent }
  var clipsPerSample: Int { task.clipsPerSample }
  func rule(for purpose: Purpose) -> SampleRule { task.rule(for: purpose) }
  func preview(_ sample: Sample) -> TaskPreview { task.preview(sample) }

  func batch(_ samples: [Sample], for purpose: Purpose, on device: Device) -> LabeledClips {
    task.batch(samples, for: purpose, on: device)
  }

  func makeNetwork(on backbone: Backbone, dropout: Double, using generator: Generator) -> Network {
    Network(task.makeNetwork(on: backbone, dropout: dropout, using: generator), number)
  }
}

extension TrainingRuns {
  @Suite(.serialized) struct DivergenceTests {
    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func configuration() -> PretrainingConfiguration {
      var c = tinyConfiguration()
      c.batch.accumulationSteps = 1
      c.sources.validationFraction = 0
      c.records.logEverySteps = 18
      return c
    }

    /// The run's last checkpoint, whose weights must be finite.
    private func checkFinite(_ run: RunFolder) throws {
      let checkpoint = try Checkpoint<PretrainingConfiguration>(contentsOf: run.last)
      #expect(!checkpoint.model.isEmpty)
      #expect(checkpoint.model.values.allSatisfy { $0.to(.float32).isFinite })
    }

    private func train(
      _ c: PretrainingConfiguration, _ name: String, _ number: Hiccup.Number,
      _ listener: Listener = Listener()
    ) throws -> TrainingOutcome {
      try pretrain(
        c, by: Hiccup(task: c.motionTask, number: number), in: RunFolder(path: folder.file(name)),
        resuming: false, options: ExecutionOptions(device: .cpu, workers: 1), reporter: listener)
    }

    private func tensors(_ path: String) throws -> [String: [Float]] {
      try Safetensors(contentsOf: path).tensors.mapValues { $0.to(.float32).array() }
    }

    @Test(arguments: [Hiccup.Number.loss, .gradient])
    private func aSingleNonFiniteNumberStopsTheRun(number: Hiccup.Number) throws {
      let c = configuration()
      let run = RunFolder(path: folder.file("run"))
      let complaint = complaint { try train(c, "run", number) }
      #expect(
        complaint.hasPrefix(
          "the \(number) is not a finite number at step 2: lower optimizer.learning_rate; the last "
            + "checkpoint is kept (the samples came from "), "\(complaint)")
      #expect(
        complaint.hasSuffix("), and \(run.diverged) has the state before the step"), "\(complaint)")
      // Only the sources of this step.
      #expect(complaint.components(separatedBy: "dead-leaves").count == 1 + c.batch.sources)
      try checkFinite(run)
      // The state before the step: weights, running statistics, moments.
      _ = try train(c, "before", .loss, Listener(stoppingAfter: 1))
      #expect(try tensors(run.diverged) == tensors(folder.path + "/before/last.safetensors"))
      #expect(
        try Checkpoint<PretrainingConfiguration>(contentsOf: run.diverged).position.step == 1)
    }

    /// A skipped step changes neither the weights nor the running statistics.
    @Test(arguments: [Hiccup.Number.loss, .gradient])
    private func onRequestTheStepIsSkippedAndCounted(number: Hiccup.Number) throws {
      var c = configuration()
      c.optimizer.skipNonFiniteSteps = true
      c.records.logEverySteps = 1
      let listener = Listener()
      guard case .finished(let summary) = try train(c, "run", number, listener) else {
        Issue.record("it did not finish")
        return
      }
      #expect(summary.nonFiniteSteps == 1 && summary.loss.isFinite)
      #expect(
        listener.warnings == [
          "1 step skipped so far, with a loss or gradients that are not finite (the latest: step 2)"
        ])
      let run = RunFolder(path: folder.file("run"))
      let steps = try Metrics(contentsOf: run.metrics).steps
      #expect(steps.map(\.nonFiniteSteps).prefix(3) == [nil, 1, 1])
      try checkFinite(run)
      _ = try train(c, "before", number, Listener(stoppingAfter: 1))
      _ = try train(c, "after", number, Listener(stoppingAfter: 2))
      #expect(
        try tensors(folder.path + "/after/last.safetensors")
          == tensors(folder.path + "/before/last.safetensors"))
      #expect(
        try Checkpoint<PretrainingConfiguration>(
          contentsOf: folder.path + "/after/last.safetensors"
        ).position.nonFiniteSteps == 1)
    }

    /// A run must not skip steps for days and learn nothing.
    @Test func aHundredSkippedStepsInARowEndTheRun() throws {
      var c = configuration()
      c.epochs = 30
      c.optimizer.learningRate = 1e30
      c.optimizer.warmupStartLearningRate = 1e30
      c.optimizer.skipNonFiniteSteps = true
      let run = RunFolder(path: folder.file("run"))
      let listener = Listener()
      let complaint = complaint {
        _ = try pretrain(
          c, in: run, resuming: false, options: ExecutionOptions(device: .cpu, workers: 1),
          reporter: listener)
      }
      #expect(complaint.hasPrefix("the loss is not a finite number at step 2: "), "\(complaint)")
      #expect(listener.steps.last == 100)
      #expect(
        try Checkpoint<PretrainingConfiguration>(contentsOf: run.diverged).position.step == 1)
    }

    @Test func tooHighARateStopsTheRun() throws {
      var c = configuration()
      c.optimizer.learningRate = 1e30
      c.optimizer.warmupStartLearningRate = 1e30
      let run = RunFolder(path: folder.file("run"))
      let complaint = complaint {
        _ = try pretrain(
          c, in: run, resuming: false, options: ExecutionOptions(device: .cpu, workers: 1),
          reporter: Listener())
      }
      #expect(complaint.contains("is not a finite number at step 2"), "\(complaint)")
      try checkFinite(run)
    }
  }
}
