import Foundation
import Media
import SafeFiles

/// A picture or animation that is embedded in the page.
struct EmbeddedFile: Sendable {
  let dataURI: String

  /// The maximum size of a file in bytes.
  private static let limit = 16 << 20

  /// PNG files above this size are embedded as JPEG, which takes a fifth of the size for frames of videos.
  private static let largestPNG = 150_000

  /// Nil if the file does not exist, is of a kind that browsers do not show, or is too large for a page.
  init?(path: String) {
    let type: String
    switch PathParts(path).ending.lowercased() {
    case "png": type = "image/png"
    case "gif": type = "image/gif"
    case "svg": type = "image/svg+xml"
    default: return nil
    }
    guard let size = fileStatus(at: path)?.size, size <= Self.limit,
      let data = try? readFile(at: path), !data.isEmpty
    else { return nil }
    if type == "image/png", size > Self.largestPNG,
      let smaller = try? Picture(contentsOf: path).jpegData(), smaller.count < size
    {
      self.init(type: "image/jpeg", data: Data(smaller))
    } else {
      self.init(type: type, data: data)
    }
  }

  init(svg: String) { self.init(type: "image/svg+xml", data: Data(svg.utf8)) }

  private init(type: String, data: Data) {
    dataURI = "data:\(type);base64,\(data.base64EncodedString())"
  }
}
