import Media

/// A video that was skipped, and why.
public struct SkippedVideo: Error, Codable, Equatable, Sendable {
  public let video: String
  /// The predicate of a sentence whose subject is the video.
  public let reason: String

  init(video: String, reason: String) { (self.video, self.reason) = (video, reason) }

  init(_ video: String, _ error: any Error) {
    self.init(video: video, reason: (error as? MediaError)?.problem ?? "\(error)")
  }
}

/// None of the videos can be used: one sentence.
public struct NoUsableVideo: Error, Sendable, CustomStringConvertible {
  /// At least one.
  public let skipped: [SkippedVideo]

  public var description: String {
    guard let first = skipped.first else { return "there is no video" }
    return skipped.count == 1
      ? "\(first.video) \(first.reason)"
      : "none of the \(skipped.count) videos can be used; the first, \(first.video), \(first.reason)"
  }
}
