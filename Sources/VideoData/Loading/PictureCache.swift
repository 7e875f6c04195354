import Media
import VideoSamples

/// Keeps the decoded pictures of whole videos until a budget of bytes is used up.
///
/// Nothing is evicted: each epoch visits every video once, so no video is more likely to be needed soon than another.
final class PictureCache: Sendable {
  private struct State {
    var free: Int
    var kept: [Int: (pictures: TimedPictures, info: SourceInfo)] = [:]
    /// Videos that are being decoded, do not fit or are damaged.
    var declined: Set<Int> = []
  }

  private let state: Guarded<State>

  init(bytes: Int) { state = Guarded(State(free: bytes)) }

  /// The pictures of the video `index`; nil if they are not kept. If several threads request the same video at once, the
  /// first one decodes it and the others get nil.
  func pictures(
    of index: Int, _ source: OpenSource, _ info: SourceInfo, shortSide: Int
  ) -> TimedPictures? {
    guard state.withLock({ $0.free > 0 && $0.declined.insert(index).inserted }) else { return nil }
    guard let estimate = try? source.estimatedBytes(shortSide: shortSide), estimate < 1e15 else {
      return nil
    }
    // Reserve slightly more, because the estimate may miss some frames.
    let reserved = Int(estimate * 1.05) + 1 << 16
    let fits = state.withLock { state in
      guard reserved <= state.free else { return false }
      state.free -= reserved
      return true
    }
    guard fits else { return nil }
    let pictures = try? source.allPictures(shortSide: shortSide, bytes: reserved)
    state.withLock { state in
      state.free += reserved - (pictures?.pictures.reduce(0) { $0 + $1.pixels.count } ?? 0)
      state.kept[index] = pictures.map { ($0, info) }
    }
    return pictures
  }

  /// The pictures kept of the video `index`, and what was known before it was decoded; nil if there are none.
  func pictures(of index: Int) -> (pictures: TimedPictures, info: SourceInfo)? {
    state.withLock { $0.kept[index] }
  }
}
