/// The kind of content of a file according to its name, without opening it.
public enum MediaKind: Equatable, Sendable {
  /// A picture (including GIF, of which the first frame is used).
  case picture
  /// A video.
  case video

  /// The kind of the file at `path` according to its extension, in upper or lower case; nil for other files.
  public init?(path: String) {
    let name = path.utf8.split(separator: UInt8(ascii: "/")).last ?? path.utf8[...]
    guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot != name.startIndex else {
      return nil
    }
    let fileExtension = String(decoding: name[name.index(after: dot)...], as: UTF8.self)
      .lowercased()
    if MediaKind.pictureExtensions.contains(fileExtension) {
      self = .picture
    } else if MediaKind.videoExtensions.contains(fileExtension) {
      self = .video
    } else {
      return nil
    }
  }

  /// The extensions of pictures, in lower case.
  public static let pictureExtensions: Set<String> = [
    "avif", "bmp", "gif", "heic", "heif", "jfif", "jp2", "jpe", "jpeg", "jpg", "jxl", "pbm", "pgm",
    "png", "pnm", "ppm", "tga", "tif", "tiff", "webp",
  ]

  /// The extensions of videos, in lower case.
  public static let videoExtensions: Set<String> = [
    "3g2", "3gp", "asf", "avi", "divx", "flv", "m2ts", "m2v", "m4v", "mkv", "mov", "mp4", "mpeg",
    "mpg", "mts", "mxf", "ogv", "rm", "rmvb", "ts", "vob", "webm", "wmv",
  ]
}
