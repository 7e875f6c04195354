import CFFmpeg

/// The capabilities of the linked FFmpeg, for reports about an installation.
public enum MediaCapabilities {
  /// FFmpeg's version, such as "5.1.9-0+deb12u1".
  public static var ffmpegVersion: String { String(cString: av_version_info()) }

  /// The relevant decoders of pictures and videos, and whether they are available.
  public static var decoders: [(name: String, isAvailable: Bool)] {
    let wanted: [(String, AVCodecID)] = [
      ("mjpeg", AV_CODEC_ID_MJPEG), ("png", AV_CODEC_ID_PNG), ("webp", AV_CODEC_ID_WEBP),
      ("gif", AV_CODEC_ID_GIF), ("tiff", AV_CODEC_ID_TIFF), ("bmp", AV_CODEC_ID_BMP),
      ("targa", AV_CODEC_ID_TARGA), ("ppm", AV_CODEC_ID_PPM), ("jpeg2000", AV_CODEC_ID_JPEG2000),
      ("h264", AV_CODEC_ID_H264), ("hevc", AV_CODEC_ID_HEVC), ("mpeg4", AV_CODEC_ID_MPEG4),
      ("vp9", AV_CODEC_ID_VP9), ("av1", AV_CODEC_ID_AV1),
    ]
    return wanted.map { ($0.0, avcodec_find_decoder($0.1) != nil) }
      + [("jpegxl", avcodec_find_decoder_by_name("libjxl") != nil)]
  }

  /// The relevant encoders, and whether they are available. MP4 files use libx264, or mpeg4 without it.
  public static var encoders: [(name: String, isAvailable: Bool)] {
    ["libx264", "mpeg4", "gif", "png"].map { ($0, avcodec_find_encoder_by_name($0) != nil) }
  }
}
