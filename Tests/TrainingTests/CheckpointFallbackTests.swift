import Configuration
import Foundation
import KeyedRandom
import SafeFiles
import TestSupport
import Testing
import Torch
import Training

extension TrainingRuns {
  /// Damaged checkpoints, and the earlier ones from which a run is then resumed.
  @Suite(.serialized) struct CheckpointFallbackTests {
    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    /// Eight steps with accumulation, a checkpoint after each.
    private func configuration(keeping count: Int) -> PretrainingConfiguration {
      var c = tinyConfiguration(sources: 16)
      c.epochs = 2
      c.sources.validationFraction = 0
      c.records.checkpointEverySteps = 1
      c.records.keepCheckpoints = count
      return c
    }

    @discardableResult
    private func train(
      _ c: PretrainingConfiguration, _ run: RunFolder, resuming: Bool = false,
      stoppingAfter step: Int = .max
    ) throws -> Listener {
      let listener = Listener(stoppingAfter: step)
      _ = try pretrain(
        c, in: run, resuming: resuming, options: ExecutionOptions(device: .cpu, workers: 1),
        reporter: listener)
      return listener
    }

    private func tensors(_ run: RunFolder) throws -> [String: [Float]] {
      try Safetensors(contentsOf: run.last).tensors.mapValues { $0.to(.float32).array() }
    }

    private func losses(_ run: RunFolder) throws -> [String] {
      try Metrics(contentsOf: run.metrics).steps.map { "\($0.step) \($0.loss)" }
    }

    private func damage(_ path: String) throws {
      var content = try bytes(path)
      content[content.count / 2] ^= 1
      try content.write(to: URL(fileURLWithPath: path))
    }

    /// The older ones are complete checkpoints of their steps, and not more of them are kept than requested.
    @Test func theLastCheckpointsAreKept() throws {
      let run = RunFolder(path: folder.file("run"))
      try train(configuration(keeping: 3), run)
      #expect(
        try names(in: run.checkpoints) == ["step-000006.safetensors", "step-000007.safetensors"])
      for step in [6, 7] {
        let checkpoint = try Checkpoint<PretrainingConfiguration>(
          contentsOf: run.checkpoint(afterSteps: step))
        #expect(checkpoint.position.step == step)
      }
      #expect(
        try Checkpoint<PretrainingConfiguration>(contentsOf: run.last).position.step == 8)
    }

    /// By default there is neither a folder nor an additional file per step.
    @Test func byDefaultThereIsNoFolderOfCheckpoints() throws {
      let run = RunFolder(path: folder.file("run"))
      try train(configuration(keeping: 1), run)
      #expect(!fileExists(at: run.checkpoints))
    }

    /// If the newest checkpoint is truncated or has a flipped bit, the one before it is used. Losses and weights equal
    /// those of an uninterrupted run, and the records contain no step twice.
    @Test(arguments: [1, 2]) func aDamagedCheckpointIsReplacedByTheOneBefore(damaged: Int) throws {
      let c = configuration(keeping: 3)
      let (whole, run) = (
        RunFolder(path: folder.file("whole")), RunFolder(path: folder.file("run"))
      )
      try train(c, whole)
      try train(c, run, stoppingAfter: 5)
      let files = [run.last, run.checkpoint(afterSteps: 4)].prefix(damaged)
      for file in files { try damage(file) }
      let listener = try train(c, run, resuming: true)
      let used = run.checkpoint(afterSteps: 5 - damaged)
      try #require(listener.warnings.count == 1, "\(listener.warnings)")
      #expect(listener.warnings[0].hasPrefix("\(run.last) is not a readable safetensors file"))
      #expect(
        listener.warnings[0].hasSuffix(
          "resuming from the checkpoint before it, \(used), after step \(5 - damaged)"))
      #expect(listener.steps.first == 6 - damaged)
      #expect(try losses(run) == losses(whole))
      #expect(try tensors(run) == tensors(whole))
      // Damaged checkpoints do not displace valid ones.
      for step in run.keptSteps {
        _ = try Checkpoint<PretrainingConfiguration>(contentsOf: run.checkpoint(afterSteps: step))
      }
    }

    /// The state after a kill between moving the old checkpoint and writing the new one, on a file system without links.
    @Test func aMissingCheckpointIsReplacedToo() throws {
      let c = configuration(keeping: 2)
      let run = RunFolder(path: folder.file("run"))
      try train(c, run, stoppingAfter: 5)
      removeFile(at: run.last)
      let listener = try train(c, run, resuming: true)
      #expect(listener.steps == [5, 6, 7, 8])
      #expect(listener.warnings.first?.hasPrefix("cannot read \(run.last)") ?? false)
    }

    /// The best checkpoint is as complete as the last: with it, a run with default settings survives a truncated file.
    @Test func theBestCheckpointIsUsedToo() throws {
      var c = configuration(keeping: 1)
      c.sources.validationFraction = 0.2
      let (whole, run) = (
        RunFolder(path: folder.file("whole")), RunFolder(path: folder.file("run"))
      )
      try train(c, whole)
      let perEpoch = try Metrics(contentsOf: whole.metrics).steps.count / 2
      try train(c, run, stoppingAfter: perEpoch + 1)
      try damage(run.last)
      let listener = try train(c, run, resuming: true)
      #expect(listener.warnings.first?.contains("before it, \(run.best), after") ?? false)
      #expect(try losses(run) == losses(whole))
      #expect(try tensors(run) == tensors(whole))
    }

    /// A run whose end was recorded but whose last weights were then damaged is finished again.
    @Test func aFinishedRunIsFinishedAgain() throws {
      let c = configuration(keeping: 2)
      let run = RunFolder(path: folder.file("run"))
      try train(c, run)
      let (weights, records) = (try tensors(run), try losses(run))
      try damage(run.last)
      let listener = try train(c, run, resuming: true)
      #expect(listener.steps == [8])
      #expect(try tensors(run) == weights && losses(run) == records)
      #expect(try Metrics(contentsOf: run.metrics).summary != nil)
    }

    @Test func withoutReadableCheckpointsTheErrorIsOneSentence() throws {
      let c = configuration(keeping: 2)
      let run = RunFolder(path: folder.file("run"))
      try train(c, run, stoppingAfter: 5)
      try damage(run.last)
      try damage(run.checkpoint(afterSteps: 4))
      let text = complaint { try train(c, run, resuming: true) }
      #expect(
        text
          == "\(run.last) is not a readable safetensors file: its bytes have changed since it was written (the checksum "
          + "differs), and no earlier checkpoint can be read either (1 tried): start again with another --output"
      )
    }

    /// Reading fails wherever a checkpoint is truncated (every 4 KiB) and whichever of its bytes is changed.
    @Test func everyTruncationAndEveryFlippedByteIsDetected() throws {
      let run = RunFolder(path: folder.file("run"))
      try train(configuration(keeping: 1), run, stoppingAfter: 1)
      let whole = try bytes(run.last)
      let torn = folder.file("torn.safetensors")
      func read(_ content: Data) throws -> String {
        try content.write(to: URL(fileURLWithPath: torn))
        return complaint { _ = try Checkpoint<PretrainingConfiguration>(contentsOf: torn) }
      }
      #expect(try read(whole) == "no error")
      for length in stride(from: 0, to: whole.count, by: 4096) {
        let text = try read(whole.prefix(length))
        #expect(
          text.hasPrefix("\(torn) is not a readable safetensors file: "), "\(length): \(text)")
      }
      var generator = KeyedGenerator(18)
      let header = 8 + whole.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
      // All digits and the name of the checksum, part of the rest of the header, and some of the numbers.
      let name = try #require(whole.range(of: Data("mosi_crc32".utf8)))
      let places =
        Array(name.lowerBound..<name.upperBound + 12)
        + (0..<200).map { _ in generator.integer(below: header) }
        + (0..<100).map { _ in header + generator.integer(below: whole.count - header) }
      for place in places {
        var damaged = whole
        damaged[place] ^= 1 << UInt8(generator.integer(below: 8))
        let text = try read(damaged)
        #expect(text != "no error" && !text.contains("\n"), "\(place): \(text)")
      }
    }

    /// Checkpoints of 0.2 and earlier versions have no checksum.
    @Test func theSecondFormatIsStillRead() throws {
      let run = RunFolder(path: folder.file("run"))
      let c = configuration(keeping: 1)
      try train(c, run, stoppingAfter: 3)
      var file = try Safetensors(contentsOf: run.last)
      #expect(file.hasChecksum)
      file.hasChecksum = false
      file.metadata["format"] = "mosi-checkpoint-2"
      try file.write(to: run.last)
      #expect(try train(c, run, resuming: true).steps == [4, 5, 6, 7, 8])
    }
  }
}
