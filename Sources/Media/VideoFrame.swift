import CFFmpeg

/// A decoded frame of a video, in the decoder's pixel format until a picture is requested.
public struct VideoFrame {
  /// The presentation time in seconds from the first frame, by the container's clock.
  public let time: Double
  /// The duration in seconds according to the container; zero if it has none.
  public let duration: Double
  /// True if the decoder reports missing or invalid parts, or if the frame refers to frames that the file does not
  /// contain.
  public var isDamaged: Bool { buffer.pointer.pointee.decode_error_flags != 0 || leansOnNothing }

  let buffer: FrameBuffer
  let orientation: Orientation
  let scaler: FrameScaler
  let path: String
  /// True if decoding began with a picture that refers to others, and no independent one has been decoded since.
  let leansOnNothing: Bool

  /// The frame as it is displayed, RGB, scaled with antialiasing so that its short side has `shortSide` pixels (nil for
  /// no scaling).
  ///
  /// - Throws: `MediaError` for unsuitable sizes, as for pictures.
  public func picture(shortSide: Int? = nil) throws(MediaError) -> Picture {
    try scaler.picture(buffer, shortSide: shortSide, path: path).turned(orientation)
  }
}
