import Configuration
import Foundation
import SafeFiles
import TestSupport
import Testing
import Training

/// Waits of a run for space on the disk and for inaccessible sources.
@Suite struct PauseTests {
  private let full = FileError(
    path: "run/last.safetensors", attempt: "cannot write", reason: "No space left on device",
    code: ENOSPC)

  private func pause(_ listener: Listener, limit: Duration = .seconds(600)) -> Pause {
    Pause(limit: limit, interval: .zero, reporter: listener)
  }

  @Test func itRetriesUntilThereIsSpace() throws {
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
        "there is no room: cannot write run/last.safetensors: No space left on device; the run waits for this to end, "
          + "for at most 10 min 00 s"
      ])
    #expect(listener.notes.count == 1 && listener.notes[0].hasPrefix("the run continues after "))
  }

  /// Waiting does not help if a folder is not writable.
  @Test func itDoesNotWaitAfterOtherErrors() {
    let listener = Listener()
    let denied = FileError(
      path: "run", attempt: "cannot write", reason: "Permission denied", code: EACCES)
    #expect(
      complaint { try pause(listener).untilThereIsRoom { throw denied } } == denied.description)
    #expect(listener.warnings.isEmpty)
  }

  @Test func itEndsAfterTheMaximumTime() {
    let pause = pause(Listener(), limit: .zero)
    #expect(
      complaint { try pause.untilThereIsRoom { throw full } }
        == "there is no room: cannot write run/last.safetensors: No space left on device; the run has waited for 0 s and "
        + "stops: remove the cause, then add --resume")
  }

  /// After that, what can be saved is saved, without a new wait for each file.
  @Test func itGivesUpOnlyOnce() throws {
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

  /// A process that has written its own files waits as long as another one cannot write its files.
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
    // Files that were written are not written again.
    #expect(attempts == 1)
  }
}

extension TrainingRuns {
  /// Runs whose sources disappear.
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

    /// Two sources per step, 24 steps: only a part of the run is loaded ahead.
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

    /// The numbers equal those of a run whose sources were always accessible.
    @Test func theRunWaitsForItsSources() throws {
      let whole = try train("whole", Listener(), longestPause: .seconds(600))
      let listener = Listener(whenStepped: hide, whenWarned: bringBack)
      #expect(try train("run", listener, longestPause: .seconds(600)) == whole)
      #expect(
        listener.warnings.allSatisfy { $0.hasPrefix("none of the 12 sources can be used") })
      #expect(!listener.warnings.isEmpty)
    }

    /// The run does not wait forever, and saves its progress.
    @Test func theRunEndsWithACheckpoint() throws {
      let whole = try train("whole", Listener(), longestPause: .zero)
      let listener = Listener(whenStepped: hide)
      let text = complaint { try train("run", listener, longestPause: .zero) }
      #expect(text.hasPrefix("none of the 12 sources can be used"), "\(text)")
      #expect(text.hasSuffix("stops: remove the cause, then add --resume"), "\(text)")
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
