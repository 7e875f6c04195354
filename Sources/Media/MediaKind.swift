/// What a file holds, by its name alone: nothing is opened.
public enum MediaKind: Equatable, Sendable {
  /// A picture (GIF too: of an animation the first frame counts).
  case picture
  /// A video.
  case video

  /// The kind of the file at `path` by its extension, in capitals or not; nil for anything else.
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

  /// Extensions of pictures, in small letters.
  public static let pictureExtensions: Set<String> = [
    "avif", "bmp", "gif", "heic", "heif", "jfif", "jp2", "jpe", "jpeg", "jpg", "jxl", "pbm", "pgm",
    "png", "pnm", "ppm", "tga", "tif", "tiff", "webp",
  ]

  /// Extensions of videos, in small letters.
  public static let videoExtensions: Set<String> = [
    "3g2", "3gp", "asf", "avi", "divx", "flv", "m2ts", "m2v", "m4v", "mkv", "mov", "mp4", "mpeg",
    "mpg", "mts", "mxf", "ogv", "rm", "rmvb", "ts", "vob", "webm", "wmv",
  ]
}
