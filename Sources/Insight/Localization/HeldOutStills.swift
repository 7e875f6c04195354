import Configuration
import KeyedRandom
import Media
import SafeFiles
import Training
import VideoData
import VideoSamples

/// Stills on which a pre-training was not trained.
public enum HeldOutStills {
  /// Loads the centers of held-out sources, at the source size of the pre-training.
  ///
  /// - Parameters:
  ///   - configuration: the configuration of the pre-training.
  ///   - paths: the paths to search; sources that were trained on are skipped. Empty for the validation sources.
  ///   - limit: the maximum number of stills, evenly spaced over the sources.
  ///   - workers: the number of threads that load.
  ///   - warn: receives a warning for each source that cannot be read or was trained on.
  /// - Throws: `SourceError`, `NoUsableSource`, ``NothingUnseen``.
  public static func load(
    for configuration: PretrainingConfiguration, from paths: [String], limit: Int, workers: Int,
    warn: @escaping @Sendable (String) -> Void
  ) throws -> [Picture] {
    var sources: SourceList
    if paths.isEmpty {
      sources = try PretrainingSources(
        configuration.sources, seed: configuration.seed, warn: warn
      ).heldOut
      guard !sources.isEmpty else { throw NothingUnseen.nothingHeldOut }
    } else {
      var settings = configuration.sources
      (settings.paths, settings.validationFraction, settings.validationPaths) = (paths, 0, [])
      settings.maxPerFolder = nil
      let named = try PretrainingSources(settings, seed: configuration.seed, warn: warn).training
      var trained: SourceList = []
      do {
        trained = try PretrainingSources(configuration.sources, seed: configuration.seed).training
      } catch {
        // The run's own sources may be gone, or its relative paths may lead elsewhere.
        warn("cannot check which of these sources the network was trained on: \(error)")
      }
      sources = named.subtracting(trained)
      guard !sources.isEmpty else { throw NothingUnseen.allTrainedOn }
      if sources.count < named.count {
        warn(
          "skipped \(named.count - sources.count) of the sources: the network was trained on them")
      }
    }
    sources = sources.selecting(evenlySpaced(limit, of: sources.count).map(UInt32.init))
    let loader = SampleLoader(sources, rule: configuration.motionTask.rule(for: .validation)) {
      warn("skipped: \($0.reason)")
    }
    let prefetcher = Prefetcher(count: sources.count, workers: workers, ahead: 4 * workers) {
      loader.sampleIfReadable(.validation(index: $0), of: $0)?.clips[0].pictures[0]
    }
    var stills: [Picture] = []
    while let still = try prefetcher.next() {
      if let still { stills.append(still) }
    }
    guard !stills.isEmpty else { throw NoUsableSource(skipped: loader.skippedSources) }
    return stills
  }
}

/// Why there are no stills on which a pre-training was not trained.
public enum NothingUnseen: Error, Sendable, CustomStringConvertible {
  /// The run held out no sources.
  case nothingHeldOut
  /// The network was trained on all sources.
  case allTrainedOn

  public var description: String {
    switch self {
    case .nothingHeldOut:
      "the run held out no sources for validation: name unseen pictures with --sources"
    case .allTrainedOn:
      "the network was trained on all of these sources: name unseen ones"
    }
  }
}
