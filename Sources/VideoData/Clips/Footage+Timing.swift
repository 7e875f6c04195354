import Media

extension Footage {
  /// When the last frame is shown, in seconds from the first.
  ///
  /// - Throws: `MediaError` where it cannot be read.
  public func lastFrameTime() throws(MediaError) -> Double { try OpenFootage(self).lastFrameTime }
}
