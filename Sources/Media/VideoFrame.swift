import CFFmpeg

/// A decoded frame of a video, in the decoder's own pixel format until a picture is asked for.
public struct VideoFrame {
  /// When it is shown, in seconds from the video's first frame (by the container's clock).
  public let time: Double
  /// How long it is shown by the container's word, in seconds; zero if it does not say.
  public let duration: Double
  /// The decoder says that parts of the frame are missing or wrong, or the frame leans on others that
  /// the file does not hold.
  public var isDamaged: Bool { buffer.pointer.pointee.decode_error_flags != 0 || leansOnNothing }

  let buffer: FrameBuffer
  let orientation: Orientation
  let scaler: FrameScaler
  let path: String
  /// Decoding began with a picture that needs others, and none has come since that needs none.
  let leansOnNothing: Bool

  /// The frame as it is displayed, RGB, its short side scaled with antialiasing to `shortSide`
  /// pixels (nil keeps the size). Throws `MediaError` for unsuitable sizes, as for pictures.
  public func picture(shortSide: Int? = nil) throws(MediaError) -> Picture {
    try scaler.picture(buffer, shortSide: shortSide, path: path).turned(orientation)
  }
}
