import KeyedRandom
import Media
import Synchronization
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
  private let skipped = Mutex<[Int: SkippedSource]>([:])

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

  /// The sample `id` from the source at `index`, or from a replacement.
  ///
  /// - Throws: ``NoUsableSource`` if no source can be read.
  public func sample(_ id: SampleID, of index: Int) throws(NoUsableSource) -> Sample {
    let key = id.key(.loading)
    if let sample = attempt(id, index, key: key + [0]) { return sample }
    var generator = KeyedGenerator(key: key + [1])
    let first = generator.integer(below: sources.count)
    for step in 0..<sources.count {
      let replacement = (first + step) % sources.count
      if let sample = attempt(id, replacement, key: key + [2]) { return sample }
    }
    throw NoUsableSource(skipped: skippedSources)
  }

  /// The sample `id` from the source at `index`; reports the source and returns nil if it cannot be read.
  public func sampleIfReadable(_ id: SampleID, of index: Int) -> Sample? {
    attempt(id, index, key: id.key(.loading) + [0])
  }

  private func attempt(_ id: SampleID, _ index: Int, key: [UInt64]) -> Sample? {
    do throws(MediaError) {
      var generator = KeyedGenerator(key: key)
      let clips = try sources[index].clips(rule, cachedAt: (cache, index), using: &generator)
      return Sample(id: id, clips: clips, source: index)
    } catch {
      let found = SkippedSource(source: sources[index], reason: error.description)
      let isNew = skipped.withLock { skipped in
        guard skipped[index] == nil else { return false }
        skipped[index] = found
        return true
      }
      if isNew { report(found) }
      return nil
    }
  }
}

/// The error if no source can be read.
public struct NoUsableSource: Error, Sendable, CustomStringConvertible {
  /// The skipped sources with the reasons.
  public let skipped: [SampleLoader.SkippedSource]

  /// The error for these skipped sources.
  public init(skipped: [SampleLoader.SkippedSource]) { self.skipped = skipped }

  public var description: String {
    skipped.count == 1
      ? "the only source cannot be used: \(skipped[0].reason)"
      : "none of the \(skipped.count) sources can be used"
        + (skipped.first.map { "; the first: \($0.reason)" } ?? "")
  }
}
