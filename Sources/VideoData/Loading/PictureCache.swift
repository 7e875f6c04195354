import Media
import Synchronization

/// The pictures of whole videos, kept from when they are first asked for until a budget of bytes is used up.
/// Nothing is ever dropped: with epochs that visit every video once, what was used last is used next as late
/// as anything else.
final class PictureCache: Sendable {
  private struct State {
    var free: Int
    var kept: [Int: TimedPictures] = [:]
    /// Videos that are being decoded, do not fit or are damaged somewhere.
    var declined: Set<Int> = []
  }

  private let state: Mutex<State>

  init(bytes: Int) { state = Mutex(State(free: bytes)) }

  /// The pictures of the video `index`; nil if they are not kept. Of threads that ask for the same video at once the first
  /// one decodes it, the others do without.
  func pictures(of index: Int, _ source: OpenSource, shortSide: Int) -> TimedPictures? {
    guard state.withLock({ $0.free > 0 && $0.declined.insert(index).inserted }) else { return nil }
    guard let estimate = try? source.estimatedBytes(shortSide: shortSide), estimate < 1e15 else {
      return nil
    }
    // A little more, for the estimate may be short of some frames.
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
      state.kept[index] = pictures
    }
    return pictures
  }

  /// What is kept of the video `index`.
  func pictures(of index: Int) -> TimedPictures? { state.withLock { $0.kept[index] } }
}
