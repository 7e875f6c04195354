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

/// MoSI that records the batches of a training.
private struct Remembered: PretextTask {
  let task: MotionFromStaticImages
  let batches = Batches()

  final class Batches: Sendable {
    private let bits = Mutex<[Bits]>([])
    func add(_ batch: Bits) { bits.withLock { $0.append(batch) } }
    var all: [Bits] { bits.withLock { $0 } }
  }

  var classNames: [String]? { task.classNames }
  var clipExtent: Extent3 { task.clipExtent }
  var clipsPerSample: Int { task.clipsPerSample }
  func rule(for purpose: Purpose) -> SampleRule { task.rule(for: purpose) }
  func batch(_ samples: [Sample], for purpose: Purpose, on device: Device) -> LabeledClips {
    let batch = task.batch(samples, for: purpose, on: device)
    if purpose.isTraining { batches.add(Bits(batch)) }
    return batch
  }
  func preview(_ sample: Sample) -> TaskPreview { task.preview(sample) }
}

private struct Bits: Equatable {
  let shape: [Int]
  let clips: [UInt32]
  let labels: [Int]

  init(_ batch: LabeledClips) {
    shape = batch.clips.shape
    clips = batch.clips.array(of: Float.self).map(\.bitPattern)
    labels = batch.labels.array(of: Int.self)
  }
}

@Suite struct PretrainingClipsTests {
  private func drain(_ clips: PretrainingClips) throws -> [PretrainingClips.Batch] {
    var batches: [PretrainingClips.Batch] = []
    while let batch = try clips.next() { batches.append(batch) }
    return batches
  }

  /// The configuration has masks that depend on the progress, jitter, accumulation, held-out sources and several epochs.
  @Test func clipsAreBitForBitThoseOfTheTraining() throws {
    let folder = try ScratchFolder()
    let configuration = tinyConfiguration()
    let task = Remembered(
      task: try #require(configuration.makeTask() as? MotionFromStaticImages))
    _ = try pretrain(
      configuration, by: task, in: RunFolder(path: folder.file("run")), resuming: false,
      options: ExecutionOptions(device: .cpu, workers: 2), reporter: Listener())
    let trained = task.batches.all
    try #require(trained.count == 12)

    let clips = try PretrainingClips(configuration, workers: 3)
    #expect(clips.count == 12 && clips.totalCount == 12)
    #expect(clips.classNames == task.classNames)
    let streamed = try drain(clips)
    #expect(streamed.map { Bits($0.labeled) } == trained)
    #expect(streamed.map(\.index) == Array(0..<12))
    #expect(streamed.map(\.step) == (0..<12).map { $0 / 2 })
  }

  /// A step of several batches is undone if a stop is requested between them.
  @Test func aStopWithinAStepLosesOnlyThatStep() throws {
    let folder = try ScratchFolder()
    let configuration = tinyConfiguration()
    let task = Remembered(
      task: try #require(configuration.makeTask() as? MotionFromStaticImages))
    func train(_ name: String, resuming: Bool = false, _ listener: Listener) throws
      -> TrainingOutcome
    {
      try pretrain(
        configuration, by: task, in: RunFolder(path: folder.file(name)), resuming: resuming,
        options: ExecutionOptions(device: .cpu, workers: 1), reporter: listener)
    }
    func weights(_ name: String) throws -> [String: [UInt64]] {
      try Safetensors(contentsOf: RunFolder(path: folder.file(name)).last).tensors.mapValues {
        $0.to(.float64).array(of: Double.self).map(\.bitPattern)
      }
    }
    // Step 3 begins with the fifth batch.
    let outcome = try train("parts", Listener(stoppingIf: { task.batches.all.count == 5 }))
    guard case .stopped(step: 2, totalSteps: 6) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    _ = try train("parts", resuming: true, Listener())
    _ = try train("whole", Listener())
    #expect(try weights("parts") == weights("whole"))
  }

  /// Each process gets its share of the parts of every step, and together they see what one process sees that accumulates
  /// as many parts: the same frames, jitter, masks and labels.
  @Test(arguments: [2, 4]) func processesSeeTheClipsOfOne(processes: Int) throws {
    var configuration = tinyConfiguration(sources: 26)
    configuration.batch.accumulationSteps = 4
    @Sendable func batches(
      _ configuration: PretrainingConfiguration, in run: String, _ processes: Processes
    ) throws -> [Bits] {
      let task = Remembered(
        task: try #require(configuration.makeTask() as? MotionFromStaticImages))
      _ = try pretrain(
        configuration, by: task, in: RunFolder(path: run), resuming: false,
        options: ExecutionOptions(device: .cpu, workers: 1, processes: processes),
        reporter: Listener())
      return task.batches.all
    }
    let folder = try ScratchFolder()
    let alone = try batches(configuration, in: folder.file("one"), .alone)
    let parts = 4 / processes
    configuration.batch.accumulationSteps = parts
    let shared = try inGroup(of: processes) { [configuration, run = folder.file("many")] group in
      try batches(configuration, in: run, Processes(group))
    }
    let steps = alone.count / 4
    #expect(steps == 6 && shared.allSatisfy { $0.count == steps * parts })
    let together = (0..<steps).flatMap { step in
      shared.flatMap { $0[step * parts..<(step + 1) * parts] }
    }
    #expect(together == alone)
  }

  /// Together, the readers get each batch once.
  @Test func readersShareTheBatches() throws {
    let configuration = tinyConfiguration()
    let all = try drain(PretrainingClips(configuration, workers: 2)).map { Bits($0.labeled) }
    var shared = [Bits?](repeating: nil, count: all.count)
    for first in 0..<5 {
      let clips = try PretrainingClips(configuration, first: first, stride: 5, workers: 1)
      let batches = try drain(clips)
      #expect(clips.count == batches.count && clips.totalCount == all.count)
      for batch in batches {
        #expect(shared[batch.index] == nil && batch.index % 5 == first)
        shared[batch.index] = Bits(batch.labeled)
      }
    }
    #expect(shared == all)
    let none = try PretrainingClips(configuration, first: 100, stride: 1, workers: 1)
    #expect(try none.count == 0 && drain(none).isEmpty)
  }

  @Test func tooFewSourcesAreAnError() {
    #expect(throws: RunError.self) {
      try PretrainingClips(tinyConfiguration(sources: 3), workers: 1)
    }
  }
}
