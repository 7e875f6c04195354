import Foundation
import KeyedRandom
import Media

/// Loads stills of sources, and steps over those that give none.
///
/// Safe to share between threads. What is loaded for a sample depends on its key alone: a bad source is replaced by
/// the next good one after a place drawn from the same key, whoever loads it and whenever. That a source was bad
/// before is therefore no reason to pass it over: a video or a folder of frames may be bad at one time only, and
/// who met that first differs from run to run.
public final class StillLoader: @unchecked Sendable {
  public let sources: [Source]
  public let height: Int
  public let width: Int
  private let report: @Sendable (BadSource) -> Void
  private let lock = NSLock()
  private var bad: [Int: BadSource] = [:]

  /// A source that gives no still, and why.
  public struct BadSource: Sendable {
    public let source: Source
    public let reason: String
  }

  /// - Parameters:
  ///   - sources: what stills are loaded from.
  ///   - height: of the stills, in pixels.
  ///   - width: of the stills, in pixels.
  ///   - report: called once for each bad source, from whatever thread meets it.
  public init(
    sources: [Source], height: Int, width: Int, report: @escaping @Sendable (BadSource) -> Void
  ) {
    self.sources = sources
    self.height = height
    self.width = width
    self.report = report
  }

  /// The indices of the bad sources met so far, in order.
  public var badIndices: [Int] { lock.withLock { bad.keys.sorted() } }

  /// The bad sources met so far, in the order of the sources.
  public var badSources: [BadSource] {
    lock.withLock { bad.sorted { $0.key < $1.key }.map(\.value) }
  }

  /// A still of the source at `index`, or of a replacement, at a time and place drawn from `key`.
  ///
  /// - Throws: ``NoUsableSource`` where every source is bad.
  public func still(ofSource index: Int, key: [UInt64]) throws -> Picture {
    if let still = attempt(index, key: key + [0]) { return still }
    var generator = KeyedGenerator(key: key + [1])
    let first = generator.integer(below: sources.count)
    for step in 0..<sources.count {
      let replacement = (first + step) % sources.count
      if let still = attempt(replacement, key: key + [2]) { return still }
    }
    throw NoUsableSource(badSources: badSources)
  }

  /// The still in the middle of the source at `index`; nil where it is bad.
  public func centreStill(ofSource index: Int) -> Picture? { attempt(index, key: nil) }

  private func attempt(_ index: Int, key: [UInt64]?) -> Picture? {
    do {
      return try sources[index].still(
        height: height, width: width, place: key.map { .random(KeyedGenerator(key: $0)) } ?? .centre
      )
    } catch {
      let found = BadSource(source: sources[index], reason: error.description)
      let isNew = lock.withLock {
        if bad[index] != nil { return false }
        bad[index] = found
        return true
      }
      if isNew { report(found) }
      return nil
    }
  }
}

/// Every source is bad.
public struct NoUsableSource: Error, Sendable, CustomStringConvertible {
  public let badSources: [StillLoader.BadSource]

  public init(badSources: [StillLoader.BadSource]) { self.badSources = badSources }

  public var description: String {
    let first = badSources.first.map { "; the first: \($0.reason)" } ?? ""
    return badSources.count == 1
      ? "the only source gives no picture: \(badSources[0].reason)"
      : "none of the \(badSources.count) sources gives a picture\(first)"
  }
}
