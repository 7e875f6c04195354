import Configuration
import Foundation
import KeyedRandom
import SafeFiles
import Synchronization
import TestSupport
import Testing
import Training
import VideoData
import VideoSamples

/// Loading that hangs, and requests to stop in the meantime.
@Suite struct LoadingWatchTests {
  /// A loader that returns one sample each time `gate` is signaled.
  private func loader(_ gate: DispatchSemaphore) -> SampleLoader {
    SampleLoader(
      [.deadLeaves(index: 7), .deadLeaves(index: 8)],
      rule: SampleRule(readsClips: false) { _, _ in
        gate.wait()
        return SampleRequest(.still(at: 0), crop: .centerWindow(height: 8, width: 8))
      })
  }

  @Test func sourcesAtWhichLoadingHangsAreNamed() throws {
    let gate = DispatchSemaphore(value: 0)
    let loader = loader(gate)
    let warnings = Mutex<[String]>([])
    let watch = LoadingWatch(
      patience: .zero, wantsToStop: { false },
      warn: { warning in
        warnings.withLock { $0.append(warning) }
        gate.signal()
      })
    let prefetcher = Prefetcher(count: 1, workers: 1, ahead: 1) { _ in
      try loader.sample(.validation(index: 0), of: 1)
    }
    #expect(try watch.next(of: prefetcher, by: loader)?.source == 1)
    let warning = try #require(warnings.withLock { $0.first })
    #expect(
      warning.hasSuffix(
        "s; the loading threads are reading \(VideoSource.deadLeaves(index: 8).description)"),
      "\(warning)")
    #expect(loader.sourcesBeingRead.isEmpty)
  }

  @Test func aStopDoesNotWaitForLoadingThatHangs() {
    let gate = DispatchSemaphore(value: 0)
    let loader = loader(gate)
    let watch = LoadingWatch(patience: .seconds(600), wantsToStop: { true }, warn: { _ in })
    let prefetcher = Prefetcher(count: 1, workers: 1, ahead: 1) { _ in
      try loader.sample(.validation(index: 0), of: 1)
    }
    #expect(throws: StopRequested.self) { try watch.next(of: prefetcher, by: loader) }
    gate.signal()
  }
}

extension TrainingRuns {
  /// Requests to stop before the first step, when a run may spend minutes on its sources.
  @Suite(.serialized) struct EarlyStopTests {
    /// While a folder is searched, and while the stills of the validation are loaded.
    @Test(arguments: [true, false]) func aStopLeavesNoFiles(searches: Bool) throws {
      let folder = try ScratchFolder()
      var c = tinyConfiguration()
      if searches {
        for index in 0..<4 { try folder.picture("pictures/\(index).png") }
        c.sources.paths = [folder.file("pictures")]
        c.sources.validationFraction = 0
      }
      #expect(throws: StopRequested.self) {
        try pretrain(
          c, in: RunFolder(path: folder.file("run")), resuming: false,
          options: ExecutionOptions(device: .cpu, workers: 1),
          reporter: Listener(stoppingAfter: 0))
      }
      #expect(!folder.exists("run"))
    }
  }
}
