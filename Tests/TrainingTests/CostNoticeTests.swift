import Configuration
import Foundation
import Testing
import Training
import VideoModels

/// The notice before a training for which the machine is too slow.
@Suite struct CostNoticeTests {
  /// A machine that trains at 100 GFLOP per second with any network.
  private let laptop = Throughput(operationsPerSecond: 1e11, origin: "a test")

  /// 13.73 GFLOP for a clip's forward pass, three times that in training, 160 sources with 9 clips in each step.
  @Test func thePapersConfigurationIsEstimatedByItsClips() {
    var measured: [Double] = []
    let estimate = TrainingEstimate(PretrainingConfiguration(), training: 900, heldOut: 100) {
      measured.append($0)
      return laptop
    }
    let step = TrainingStep(PretrainingConfiguration())
    #expect(step.clips == 90 && step.size == 112)
    #expect(abs(estimate.secondsPerStep / (3 * 13.73e9 * 1440 / 1e11) - 1) < 1e-3)
    let clips = Double(100 * 9 * (3 * 900 + 100))
    #expect(abs(estimate.seconds / (13.73e9 * clips / 1e11) - 1) < 1e-3)
    #expect(measured.count == 1 && abs(measured[0] / 1e11 / estimate.seconds - 1) < 1e-9)
  }

  /// Masked modeling counts the cubes that its network sees, here 52 of 196 of each clip.
  @Test func hiddenCubesAreNotCounted() throws {
    var configuration = PretrainingConfiguration()
    configuration.task.kind = .masked
    configuration.task.masked.ratio = 0.75
    configuration.model.architecture = .vitTiny
    (configuration.clip.frames, configuration.clip.size) = (8, 56)
    let visible = Double(
      Architecture.vitTiny.cost(
        width: 64, classes: 1, frames: 8, height: 56, clipWidth: 56, visibleCubes: 52
      ).operations)
    var cost = TrainingCost()
    #expect(cost.forwardsPerSample(configuration) == visible)
    let whole = cost.forwards(configuration.model, frames: 8, size: 56)
    #expect((3.9...4.5).contains(whole / visible))
    #expect(cost.epochs(of: configuration, sources: 160, costing: 1600 * visible) == 10)
    let estimate = TrainingEstimate(configuration, training: 900, heldOut: 100) { _ in laptop }
    #expect(abs(estimate.secondsPerStep / (3 * visible * 160 / 1e11) - 1) < 1e-9)
  }

  /// Every clip of a repeated augmentation is trained on, and SpeedNet's sides are those that a transformer takes.
  @Test func repeatedClipsAndDrawnSidesAreCounted() throws {
    var configuration = FinetuningConfiguration()
    configuration.model.width = 4
    var cost = TrainingCost()
    func operations() -> Double {
      cost.operations(of: configuration, classes: 3, training: 10, heldOut: 0, evaluated: 0)
    }
    let once = operations()
    configuration.augmentation.repeats = 3
    #expect(operations() == 3 * once)

    var speed = PretrainingConfiguration()
    speed.task.kind = .speed
    speed.task.speed.smallestSize = 32
    speed.model.architecture = .vitTiny
    (speed.clip.frames, speed.clip.size) = (8, 56)
    let sides = [32, 40, 48, 56].map { cost.forwards(speed.model, frames: 8, size: $0) }
    #expect(abs(cost.forwardsPerSample(speed) / (2 * sides.reduce(0, +) / 4) - 1) < 1e-12)
  }

  @Test func slowTrainingsAreNamedWithAFasterPreset() {
    let slow = TrainingEstimate(seconds: 19.2 * 86_400, secondsPerStep: 840)
    func text(_ seconds: Double) -> String? {
      CostNotice.text(
        for: slow,
        preset: ("tiny-masked", { TrainingEstimate(seconds: seconds, secondsPerStep: 1) }))
    }
    #expect(
      text(1500)
        == "on this machine this training takes about 19 days (one step 14 min); for a laptop: --config tiny-masked (25 min)"
    )
    // A preset that takes almost as long does not help.
    #expect(
      text(10 * 86_400)
        == "on this machine this training takes about 19 days (one step 14 min)")
  }

  /// A training of an hour gets no notice, and nothing else is measured.
  @Test func shortTrainingsAreNotMentioned() {
    let notice = CostNotice.text(
      for: TrainingEstimate(seconds: 3600, secondsPerStep: 2),
      preset: (
        "tiny",
        {
          Issue.record("measured without need")
          return nil
        }
      ))
    #expect(notice == nil)
  }

  /// 2.8 hours at 5 GFLOP per second, and 28.
  @Test func onlyLongTrainingsAreMeasured() {
    let short = CostNotice.throughput(for: 5e13) {
      Issue.record("measured without need")
      return laptop
    }
    #expect(short.origin == "assumed: a slow CPU")
    #expect(CostNotice.throughput(for: 5e14) { laptop } == laptop)
  }

  /// The actual measurement is quick, even for a large network.
  @Test func theMeasurementGivesASpeed() {
    var configuration = PretrainingConfiguration()
    configuration.model.width = 4
    let throughput = Throughput.measured(TrainingStep(configuration), on: .cpu, effort: .quick)
    #expect(throughput.operationsPerSecond > 1e6 && throughput.operationsPerSecond.isFinite)
  }

  /// Each task makes clips of patterned samples, of the shapes that it would read, and its own layers are trained.
  @Test(arguments: [
    Preset.tiny, .tinyRotation, .tinyClipOrder, .tinyCloze, .tinyFrameOrder, .tinyCubicPuzzle,
    .tinySpeed, .tinyPlaybackRate, .tinyDensePrediction, .tinyMemoryPrediction, .tinyPMG,
    .tinyWindow, .tinyVideoMAE,
  ])
  func stepsOfEveryTaskAreTimed(_ preset: Preset) throws {
    var configuration = try PretrainingConfiguration(yaml: preset.text, origin: preset.rawValue)
    configuration.model.width = 8
    configuration.batch.sources = 2
    let throughput = Throughput.measured(configuration, on: .cpu)
    #expect(throughput.operationsPerSecond > 1e4 && throughput.operationsPerSecond.isFinite)
    #expect(throughput.origin == "measured on cpu: steps of 2 samples")
  }

  /// If a sample takes too long, it is measured with half of the side, which is a fourth of the operations, but not with a
  /// fourth; else the backbone is measured alone.
  @Test func smallerClipsAreMeasuredIfSamplesTakeTooLong() throws {
    var configuration = try PretrainingConfiguration(
      yaml: Preset.tinyPlaybackRate.text, origin: "a test")
    configuration.model.width = 4
    (configuration.clip.size, configuration.sources.size) = (64, 80)
    var cost = TrainingCost()
    let operations = 3 * cost.forwardsPerSample(configuration)
    for share in [1, 0.3] {
      let measured = Throughput.measured(configuration, on: .cpu, upTo: share * operations)
      #expect(measured.origin == "measured on cpu: steps of 2 samples", "\(share)")
    }
    let alone = Throughput.measured(configuration, on: .cpu, upTo: 0.1 * operations)
    #expect(alone.origin.hasSuffix(" clips"))
  }
}
