import Foundation
import Media

/// The pictures of whole videos, kept from when they are first asked for until a budget of bytes is used up.
/// Nothing is ever dropped: with epochs that visit every video once, what was used last is used next as late
/// as anything else.
final class PictureCache: @unchecked Sendable {
  private let lock = NSLock()
  private var free: Int
  private var kept: [Int: TimedPictures] = [:]
  /// Videos that are being decoded, do not fit or are damaged somewhere.
  private var declined: Set<Int> = []

  init(bytes: Int) { free = bytes }

  /// The pictures of the video `index`; nil where they are not kept. Of threads that ask for the same video
  /// at once the first one decodes it, the others do without.
  func pictures(of index: Int, _ footage: OpenFootage, shortSide: Int) -> TimedPictures? {
    guard lock.withLock({ free > 0 && declined.insert(index).inserted }) else { return nil }
    guard let estimate = try? footage.estimatedBytes(shortSide: shortSide), estimate < 1e15 else {
      return nil
    }
    // A little more, for the estimate may be short of some frames.
    let reserved = Int(estimate * 1.05) + 1 << 16
    let fits = lock.withLock {
      guard reserved <= free else { return false }
      free -= reserved
      return true
    }
    guard fits else { return nil }
    let pictures = try? footage.allPictures(shortSide: shortSide, bytes: reserved)
    lock.withLock {
      free += reserved - (pictures?.pictures.reduce(0) { $0 + $1.pixels.count } ?? 0)
      kept[index] = pictures
    }
    return pictures
  }

  /// What is kept of the video `index`.
  func pictures(of index: Int) -> TimedPictures? { lock.withLock { kept[index] } }
}
