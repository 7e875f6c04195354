import Foundation
import KeyedRandom
import Media

/// Cuts clips from videos, and in training steps over those that give none.
///
/// Safe to share between threads. What is loaded depends on the key alone: a bad video is replaced by the next
/// good one after a place drawn from the same key, whoever loads it and whenever, as ``StillLoader`` does.
public final class ClipLoader: @unchecked Sendable {
  public let footage: [Footage]
  public let sampling: ClipSampling
  public let preset: SpatialPreset
  /// The clips' height and width in pixels.
  public let side: Int
  /// The probability with which a training clip is mirrored.
  public let flip: Double
  private let cache: PictureCache
  private let report: @Sendable (BadFootage) -> Void
  private let lock = NSLock()
  private var bad: [Int: BadFootage] = [:]

  /// A video that gives no clip, and why.
  public struct BadFootage: Sendable {
    public let footage: Footage
    public let reason: String
  }

  /// - Parameters:
  ///   - footage: what clips are cut from.
  ///   - sampling: which frames make a clip.
  ///   - preset: the crops.
  ///   - side: the clips' height and width in pixels.
  ///   - flip: the probability with which a training clip is mirrored.
  ///   - cacheBytes: memory for the frames of whole videos, at the size that training crops are cut from.
  ///     It saves decoding in later epochs and changes no clip.
  ///   - report: called once for each bad video of training, from whatever thread meets it.
  public init(
    footage: [Footage], sampling: ClipSampling, preset: SpatialPreset, side: Int = 112,
    flip: Double = 0.5, cacheBytes: Int = 0, report: @escaping @Sendable (BadFootage) -> Void
  ) {
    precondition(!footage.isEmpty && side > 0)
    self.footage = footage
    self.sampling = sampling
    self.preset = preset
    self.side = side
    self.flip = flip
    cache = PictureCache(bytes: cacheBytes)
    self.report = report
  }

  /// The indices of the bad videos met so far, in order.
  public var badIndices: [Int] { lock.withLock { bad.keys.sorted() } }

  /// The bad videos met so far, in the order of the footage.
  public var badFootage: [BadFootage] {
    lock.withLock { bad.sorted { $0.key < $1.key }.map(\.value) }
  }

  /// A clip of the video at `index`, or of a replacement: start, crop and flip drawn from `key`.
  ///
  /// - Returns: The clip, [N, side, side, 3], and the index of the video that it is from.
  /// - Throws: ``NoUsableFootage`` where every video is bad.
  public func trainingClip(of index: Int, key: [UInt64]) throws(NoUsableFootage) -> (
    clip: ClipPixels, index: Int
  ) {
    if let clip = attempt(index, key: key + [0]) { return (clip, index) }
    var generator = KeyedGenerator(key: key + [1])
    let first = generator.integer(below: footage.count)
    for step in 0..<footage.count {
      let replacement = (first + step) % footage.count
      if let clip = attempt(replacement, key: key + [2]) { return (clip, replacement) }
    }
    throw NoUsableFootage(badFootage: badFootage)
  }

  /// The clips that the video at `index` is tested with, from one pass over it.
  ///
  /// - Parameters:
  ///   - index: of the video.
  ///   - clips: the number of starts, spread evenly over the video.
  ///   - crops: at each start, 1 (the centre) or 3 (also both ends of the long side).
  /// - Returns: clips x crops clips [N, side, side, 3]; the crops of a start stand together.
  /// - Throws: `MediaError` where the video or a part of it that a clip needs cannot be read. Nothing is
  ///   reported or replaced.
  public func testClips(of index: Int, clips: Int, crops: Int = 1) throws(MediaError)
    -> [ClipPixels]
  {
    let open = try OpenFootage(footage[index])
    let starts = sampling.testStarts(clips: clips, lastFrameTime: open.lastFrameTime)
    let times = starts.map { sampling.times(from: $0) }
    let union = Set(times.joined()).sorted()
    let pictures = try open.pictures(
      shownAt: union, shortSide: preset.testShortSide(side: side))
    let pictureAt = Dictionary(uniqueKeysWithValues: zip(union, pictures))
    let places = SpatialPreset.testCrops(
      width: pictures[0].width, height: pictures[0].height, side: side, crops: crops)
    return times.flatMap { times in
      let frames = times.compactMap { pictureAt[$0] }
      return places.map { ClipPixels(frames, crop: $0, side: side) }
    }
  }

  /// When the clips that the video at `index` is tested with start, in seconds.
  ///
  /// - Throws: `MediaError` where the video cannot be read.
  public func testStarts(of index: Int, clips: Int) throws(MediaError) -> [Double] {
    let open = try OpenFootage(footage[index])
    return sampling.testStarts(clips: clips, lastFrameTime: open.lastFrameTime)
  }

  private func attempt(_ index: Int, key: [UInt64]) -> ClipPixels? {
    do throws(MediaError) {
      return try clip(of: index, key: key)
    } catch {
      let found = BadFootage(footage: footage[index], reason: error.description)
      let isNew = lock.withLock {
        if bad[index] != nil { return false }
        bad[index] = found
        return true
      }
      if isNew { report(found) }
      return nil
    }
  }

  private func clip(of index: Int, key: [UInt64]) throws(MediaError) -> ClipPixels {
    var generator = KeyedGenerator(key: key)
    let draw = generator.uniform()
    let frames = try storedFrames(of: index, startDraw: draw)
    let crop = preset.trainingCrop(
      width: frames[0].width, height: frames[0].height, side: side, flip: flip,
      using: &generator)
    return ClipPixels(frames, crop: crop, side: side)
  }

  private func storedFrames(of index: Int, startDraw: Double) throws(MediaError) -> [Picture] {
    func times(_ lastFrameTime: Double) -> [Double] {
      sampling.times(
        from: sampling.trainingStart(draw: startDraw, lastFrameTime: lastFrameTime))
    }
    if let kept = cache.pictures(of: index) {
      return kept.pictures(shownAt: times(kept.lastFrameTime))
    }
    let open = try OpenFootage(footage[index])
    let shortSide = preset.storageShortSide(side: side)
    if let kept = cache.pictures(of: index, open, shortSide: shortSide) {
      return kept.pictures(shownAt: times(kept.lastFrameTime))
    }
    return try open.pictures(shownAt: times(open.lastFrameTime), shortSide: shortSide)
  }
}

/// Every video is bad.
public struct NoUsableFootage: Error, Sendable, CustomStringConvertible {
  public let badFootage: [ClipLoader.BadFootage]

  public var description: String {
    let first = badFootage.first.map { "; the first: \($0.reason)" } ?? ""
    return badFootage.count == 1
      ? "the only video gives no clip: \(badFootage[0].reason)"
      : "none of the \(badFootage.count) videos gives a clip\(first)"
  }
}
