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

/// MoSI whose loss is not a number in the second step alone: whoever looks at the other steps sees nothing.
private struct Hiccup: PretextTask {
  let task: MotionFromStaticImages

  final class Network: Module, PretextNetwork {
    let classifier: VideoClassifier
    private let steps = Mutex(0)

    init(_ classifier: VideoClassifier) { self.classifier = classifier }

    var backbone: Backbone { classifier.backbone }
    override var children: [(name: String, module: Module)] { classifier.children }

    func evaluate(_ batch: LabeledClips) -> StepOutput {
      let output = classifier.evaluate(batch)
      guard classifier.isTraining else { return output }
      let step = steps.withLock { steps in
        steps += 1
        return steps
      }
      return StepOutput(
        loss: step == 2 ? output.loss * .nan : output.loss, predictions: output.predictions,
        count: output.count)
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
    Network(task.makeNetwork(on: backbone, dropout: dropout, using: generator))
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

    /// The run's last checkpoint, whose weights must be numbers.
    private func checkFinite(_ run: RunFolder) throws {
      let checkpoint = try Checkpoint<PretrainingConfiguration>(contentsOf: run.last)
      #expect(!checkpoint.model.isEmpty)
      #expect(checkpoint.model.values.allSatisfy { $0.to(.float32).isFinite })
    }

    @Test func aSingleLossThatIsNotANumberEndsTheRun() throws {
      let c = configuration()
      let run = RunFolder(path: folder.file("run"))
      let complaint = complaint {
        _ = try pretrain(
          c, by: Hiccup(task: c.motionTask), in: run, resuming: false,
          options: ExecutionOptions(device: .cpu, workers: 1), reporter: Listener())
      }
      #expect(
        complaint.hasPrefix(
          "the loss is not a finite number at step 2: lower optimizer.learning_rate; the last "
            + "checkpoint is kept (the samples came from "), "\(complaint)")
      // Those of this step, not of all.
      #expect(complaint.components(separatedBy: "dead-leaves").count == 1 + c.batch.sources)
      try checkFinite(run)
    }

    @Test func tooHighARateEndsTheRun() throws {
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
