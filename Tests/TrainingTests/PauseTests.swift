import Configuration
import Foundation
import SafeFiles
import TestSupport
import Testing
import Training

/// What a run waits out: a full disk, and sources that are gone.
@Suite struct PauseTests {
  private let full = FileError(
    path: "run/last.safetensors", attempt: "cannot write", reason: "No space left on device",
    code: ENOSPC)

  private func pause(_ listener: Listener, limit: Duration = .seconds(600)) -> Pause {
    Pause(limit: limit, interval: .zero, reporter: listener)
  }

  @Test func itTriesAgainUntilThereIsRoom() throws {
    let listener = Listener()
    let pause = pause(listener)
    var attempts = 0
    let result = try pause.untilThereIsRoom {
      attempts += 1
      if attempts < 4 { throw full }
      return "written"
    }
    #expect(result == "written" && attempts == 4)
    #expect(
      listener.warnings == [
        "there is no room: cannot write run/last.safetensors: No space left on device; the run waits until that is over, "
          + "for at most 10 min 00 s"
      ])
    #expect(listener.notes.count == 1 && listener.notes[0].hasPrefix("the run goes on after "))
  }

  /// A folder that may not be written does not get better by waiting.
  @Test func otherErrorsAreNotWaitedFor() {
    let listener = Listener()
    let denied = FileError(
      path: "run", attempt: "cannot write", reason: "Permission denied", code: EACCES)
    #expect(
      complaint { try pause(listener).untilThereIsRoom { throw denied } } == denied.description)
    #expect(listener.warnings.isEmpty)
  }

  @Test func itEndsWhenTheTimeIsUp() {
    let pause = pause(Listener(), limit: .zero)
    #expect(
      complaint { try pause.untilThereIsRoom { throw full } }
        == "there is no room: cannot write run/last.safetensors: No space left on device; the run has waited for 0 s and "
        + "stops: put that right, then add --resume")
  }

  /// Whoever leaves then saves what can be saved, and must not wait for each file anew.
  @Test func itIsGivenUpOnce() throws {
    let listener = Listener(stoppingAfter: 0)
    let pause = pause(listener)
    #expect(throws: StopRequested.self) { try pause.untilThereIsRoom { throw full } }
    var attempts = 0
    #expect(throws: WaitedInVain.self) {
      try pause.untilThereIsRoom {
        attempts += 1
        throw full
      }
    }
    #expect(attempts == 1)
    #expect(try pause.untilThereIsRoom { 7 } == 7)
  }

  /// A process whose own files are written waits as long as another one cannot write its own.
  @Test func processesAgree() throws {
    let pause = pause(Listener())
    var heard: [Pause.State] = []
    pause.agree = { own in
      heard.append(own)
      return heard.count < 3 ? .waiting : own
    }
    var attempts = 0
    try pause.untilThereIsRoom { attempts += 1 }
    #expect(heard == [.succeeded, .succeeded, .succeeded])
    // What is written is not written again for that.
    #expect(attempts == 1)
  }
}

extension TrainingRuns {
  /// Runs whose sources vanish.
  @Suite(.serialized) struct VanishingSourcesTests {
    let folder: ScratchFolder
    let sources: String

    init() throws {
      folder = try ScratchFolder()
      sources = folder.file("sources")
      for index in 0..<12 {
        let pixels = (0..<48 * 40 * 3).map { UInt8(truncatingIfNeeded: $0 * (7 + index) / 3) }
        try folder.write(
          Data("P6\n48 40\n255\n".utf8) + Data(pixels), to: "sources/\(index).ppm")
      }
    }

    /// Two sources a step, 24 steps: what is loaded ahead is not the whole run.
    private func train(
      _ name: String, _ listener: Listener, resuming: Bool = false, longestPause: Duration
    ) throws -> [String] {
      var c = tinyConfiguration()
      c.epochs = 4
      c.batch.accumulationSteps = 1
      c.sources.paths = [sources]
      c.sources.validationFraction = 0
      var options = ExecutionOptions(device: .cpu, workers: 2)
      options.longestPause = longestPause
      options.pauseInterval = .milliseconds(10)
      let run = RunFolder(path: folder.file(name))
      _ = try pretrain(c, in: run, resuming: resuming, options: options, reporter: listener)
      let metrics = try Metrics(contentsOf: run.metrics)
      #expect(metrics.summary?.skippedSources == 0)
      return metrics.steps.map { "\($0.step) \($0.loss)" }
    }

    private func hide() { _ = renameFile(at: sources, to: sources + ".gone") }
    private func bringBack() { _ = renameFile(at: sources + ".gone", to: sources) }

    /// The numbers are those of a run whose sources were there all the time.
    @Test func theRunWaitsForThem() throws {
      let whole = try train("whole", Listener(), longestPause: .seconds(600))
      let listener = Listener(whenStepped: hide, whenWarned: bringBack)
      #expect(try train("run", listener, longestPause: .seconds(600)) == whole)
      #expect(
        listener.warnings.allSatisfy { $0.hasPrefix("none of the 12 sources can be used") })
      #expect(!listener.warnings.isEmpty)
    }

    /// It does not wait for ever, and what it has learned is not lost.
    @Test func theRunLeavesWithACheckpoint() throws {
      let whole = try train("whole", Listener(), longestPause: .zero)
      let listener = Listener(whenStepped: hide)
      let text = complaint { try train("run", listener, longestPause: .zero) }
      #expect(text.hasPrefix("none of the 12 sources can be used"), "\(text)")
      #expect(text.hasSuffix("stops: put that right, then add --resume"), "\(text)")
      bringBack()
      let saved = try Checkpoint<PretrainingConfiguration>(
        contentsOf: folder.path + "/run/last.safetensors"
      ).position.step
      #expect(saved == listener.steps.last && saved > 0 && saved < 24)
      let resumed = Listener()
      #expect(try train("run", resumed, resuming: true, longestPause: .zero) == whole)
      #expect(resumed.steps.first == saved + 1)
    }
  }
}
