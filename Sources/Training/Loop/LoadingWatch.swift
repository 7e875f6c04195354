import VideoData
import VideoSamples

/// Watches a run that waits for samples: checks for requests to stop, and names the files at which loading hangs.
package struct LoadingWatch: Sendable {
  let wantsToStop: @Sendable () -> Bool
  /// Receives a warning about loading that hangs.
  let warn: @Sendable (String) -> Void
  /// The time without a sample after which it warns; it warns again each time that the wait has doubled.
  let patience: Duration

  package init(
    patience: Duration, wantsToStop: @escaping @Sendable () -> Bool,
    warn: @escaping @Sendable (String) -> Void
  ) {
    self.patience = patience
    self.wantsToStop = wantsToStop
    self.warn = warn
  }

  init(_ options: ExecutionOptions, reporter: any TrainingReporter) {
    self.init(
      patience: options.loadingPatience, wantsToStop: { reporter.wantsToStop },
      warn: { reporter.warn($0) })
  }

  /// The next item of a prefetcher; nil after the last.
  ///
  /// - Parameter loader: the loader that the prefetcher's threads use.
  /// - Throws: ``StopRequested``, and errors of `Prefetcher.next`.
  package func next<Item>(of prefetcher: Prefetcher<Item>, by loader: SampleLoader) throws -> Item?
  {
    var due = patience
    return try prefetcher.next { waited in
      try checkStop()
      guard waited >= due else { return }
      due = waited * 2
      warn(Self.text(waited, loader.sourcesBeingRead))
    }
  }

  /// - Throws: ``StopRequested`` if a stop was requested.
  func checkStop() throws { if wantsToStop() { throw StopRequested() } }

  private static func text(_ waited: Duration, _ sources: [VideoSource]) -> String {
    let named = sources.prefix(3).map(\.description).joined(separator: ", ")
    let others = sources.count > 3 ? " and \(sources.count - 3) others" : ""
    return "no sample has arrived for \(Int(waited.seconds.rounded())) s; "
      + (sources.isEmpty
        ? "no file is being read" : "the loading threads are reading \(named)\(others)")
  }
}
