import Media

/// A video that was skipped, with the reason.
public struct SkippedVideo: Error, Codable, Equatable, Sendable {
  /// The name of the video.
  public let video: String
  /// The reason, as the predicate of a sentence whose subject is the video.
  public let reason: String

  init(video: String, reason: String) { (self.video, self.reason) = (video, reason) }

  init(_ video: String, _ error: any Error) {
    self.init(video: video, reason: (error as? MediaError)?.problem ?? "\(error)")
  }
}

/// The error if none of the videos can be used.
public struct NoUsableVideo: Error, Sendable, CustomStringConvertible {
  /// The skipped videos, at least one.
  public let skipped: [SkippedVideo]

  public var description: String {
    guard let first = skipped.first else { return "there are no videos" }
    return skipped.count == 1
      ? "\(first.video) \(first.reason)"
      : "none of the \(skipped.count) videos can be used; the first, \(first.video), \(first.reason)"
  }
}
