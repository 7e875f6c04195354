import KeyedRandom
import Media
import VideoSamples

/// Loads samples from sources, and replaces sources that cannot be read.
///
/// Safe to share between threads. The result depends only on the sample's ID: an unreadable source is replaced by the
/// next readable one after a position that is drawn with the same key, no matter which thread loads the sample, or when.
/// Failures are not remembered: a video may be damaged in one part only, and the order in which threads meet that part
/// differs from run to run.
public final class SampleLoader: Sendable {
  /// The sources that samples are read from.
  public let sources: SourceList
  /// The rule by which clips are cut from a source.
  public let rule: SampleRule
  private let cache: PictureCache
  private let report: @Sendable (SkippedSource) -> Void
  private let skipped = Guarded<[Int: SkippedSource]>([:])
  private let reading = Guarded(Reading())

  /// A source that was skipped, and the reason.
  public struct SkippedSource: Sendable {
    /// The source.
    public let source: VideoSource
    /// Why it cannot be read.
    public let reason: String
  }

  /// - Parameters:
  ///   - sources: the sources that samples are read from.
  ///   - rule: the rule by which clips are cut from a source.
  ///   - cacheBytes: bytes of memory for decoded videos, at the size from which crops are cut. A cache saves decoding in
  ///     later epochs and does not change the samples.
  ///   - report: called once for each skipped source, on the thread that meets it.
  public init(
    _ sources: some Sequence<VideoSource>, rule: SampleRule, cacheBytes: Int = 0,
    report: @escaping @Sendable (SkippedSource) -> Void = { _ in }
  ) {
    self.sources = SourceList(sources)
    self.rule = rule
    cache = PictureCache(bytes: rule.readsClips ? cacheBytes : 0)
    self.report = report
  }

  /// The indices of the sources skipped so far, in order.
  public var skippedIndices: [Int] { skipped.withLock { $0.keys.sorted() } }

  /// The sources skipped so far, in the order of ``sources``.
  public var skippedSources: [SkippedSource] {
    skipped.withLock { $0.sorted { $0.key < $1.key }.map(\.value) }
  }

  /// The sources that threads are reading now, the longest in progress first.
  public var sourcesBeingRead: [VideoSource] {
    reading.withLock { $0.sources.sorted { $0.key < $1.key }.map { sources[$0.value] } }
  }

  /// The sample `id` from the source at `index`, or from a replacement.
  ///
  /// - Throws: ``NoUsableSource`` if no source can be read. In this case none counts as skipped: a folder may be
  ///   inaccessible for a while, and a later call then returns the same sample.
  public func sample(_ id: SampleID, of index: Int) throws(NoUsableSource) -> Sample {
    let key = id.key(.loading)
    let failure: MediaError
    do throws(MediaError) { return try load(id, index, key: key + [0]) } catch { failure = error }
    var failures = [(index: index, error: failure)]
    var generator = KeyedGenerator(key: key + [1])
    let first = generator.integer(below: sources.count)
    for step in 0..<sources.count {
      let replacement = (first + step) % sources.count
      do throws(MediaError) {
        let sample = try load(id, replacement, key: key + [2])
        // Its folder may have been inaccessible for a moment.
        if failure.reason == .unreadable, let own = try? load(id, index, key: key + [0]) {
          return own
        }
        for failure in failures { skip(failure.index, failure.error) }
        return sample
      } catch {
        if failures.count < NoUsableSource.mostNamed { failures.append((replacement, error)) }
      }
    }
    throw NoUsableSource(
      skipped: failures.sorted { $0.index < $1.index }.map {
        SkippedSource(source: sources[$0.index], reason: $0.error.description)
      }, count: sources.count)
  }

  /// The sample `id` from the source at `index`; reports the source and returns nil if it cannot be read.
  public func sampleIfReadable(_ id: SampleID, of index: Int) -> Sample? {
    do throws(MediaError) {
      return try load(id, index, key: id.key(.loading) + [0])
    } catch {
      skip(index, error)
      return nil
    }
  }

  private func load(_ id: SampleID, _ index: Int, key: [UInt64]) throws(MediaError) -> Sample {
    let ticket = reading.withLock { $0.begin(index) }
    defer { reading.withLock { $0.end(ticket) } }
    var generator = KeyedGenerator(key: key)
    let read = try sources[index].read(rule, cachedAt: (cache, index), using: &generator)
    return Sample(id: id, clips: read.clips, source: index, choice: read.choice)
  }

  private func skip(_ index: Int, _ error: MediaError) {
    let found = SkippedSource(source: sources[index], reason: error.description)
    let isNew = skipped.withLock { skipped in
      guard skipped[index] == nil else { return false }
      skipped[index] = found
      return true
    }
    if isNew { report(found) }
  }
}

/// The sources that threads are reading.
private struct Reading {
  /// Their indices, by a number that increases.
  private(set) var sources: [Int: Int] = [:]
  private var next = 0

  mutating func begin(_ source: Int) -> Int {
    next += 1
    sources[next] = source
    return next
  }

  mutating func end(_ ticket: Int) { sources[ticket] = nil }
}

/// The error if no source can be read.
public struct NoUsableSource: Error, Sendable, CustomStringConvertible {
  /// Sources with the reasons, at most a thousand.
  public let skipped: [SampleLoader.SkippedSource]
  /// The number of all sources.
  public let count: Int

  static let mostNamed = 1000

  /// The error for these skipped sources.
  ///
  /// - Parameters:
  ///   - skipped: the skipped sources.
  ///   - count: the number of all sources; nil if they are all in `skipped`.
  public init(skipped: [SampleLoader.SkippedSource], count: Int? = nil) {
    self.skipped = skipped
    self.count = count ?? skipped.count
  }

  public var description: String {
    count == 1 && !skipped.isEmpty
      ? "the only source cannot be used: \(skipped[0].reason)"
      : "none of the \(count) sources can be used"
        + (skipped.first.map { "; the first: \($0.reason)" } ?? "")
  }
}
