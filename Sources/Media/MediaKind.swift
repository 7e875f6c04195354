/// The kind of content of a file according to its name, without opening it.
public enum MediaKind: Equatable, Sendable {
  /// A picture (including GIF, of which the first frame is used).
  case picture
  /// A video.
  case video

  /// The kind of the file at `path` according to its extension, in upper or lower case; nil for other files.
  public init?(path: String) {
    var path = path
    guard let kind = path.withUTF8({ MediaKind(path: $0) }) else { return nil }
    self = kind
  }

  /// The kind of the file whose path consists of these bytes.
  public init?(path: UnsafeBufferPointer<UInt8>) {
    let slash = UInt8(ascii: "/")
    let end = path.lastIndex { $0 != slash }.map { $0 + 1 } ?? 0
    guard let dot = path[..<end].lastIndex(of: UInt8(ascii: ".")), dot > 0, path[dot - 1] != slash,
      let kind = MediaKind.kindOfExtension[packed(path[(dot + 1)..<end])]
    else { return nil }
    self = kind
  }

  private static let kindOfExtension: [UInt64: MediaKind] = {
    let pictures = pictureExtensions.map { (packed(Array($0.utf8)), MediaKind.picture) }
    let videos = videoExtensions.map { (packed(Array($0.utf8)), MediaKind.video) }
    return Dictionary(uniqueKeysWithValues: pictures + videos)
  }()

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

/// A lower-case extension as a single number; 0 if it has more than eight letters.
private func packed(_ bytes: some Collection<UInt8>) -> UInt64 {
  guard bytes.count <= 8 else { return 0 }
  return bytes.reduce(0) { $0 << 8 | UInt64((0x41...0x5A).contains($1) ? $1 | 0x20 : $1) }
}
