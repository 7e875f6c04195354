/// Why a figure could not be drawn or written.
public enum FigureError: Error, Equatable, CustomStringConvertible {
  /// The path ends in neither `.png` nor `.svg`.
  case unknownFormat(path: String)
  /// The file could not be written; `reason` comes from the system.
  case cannotWrite(path: String, reason: String)
  /// The drawing is empty, or larger than the 32767 pixels per side that Cairo supports.
  case invalidSize(width: Double, height: Double)
  /// Cairo could not draw; `reason` comes from Cairo.
  case cannotDraw(reason: String)

  public var description: String {
    switch self {
    case .unknownFormat(let path):
      "Cannot write the figure \(path): give it a name that ends in .png or .svg."
    case .cannotWrite(let path, let reason):
      "Cannot write the figure \(path): \(reason)."
    case .invalidSize(let width, let height):
      "Cannot draw a figure of \(width) x \(height) pixels: each side must be from 1 to 32767."
    case .cannotDraw(let reason):
      "Cannot draw the figure: Cairo reports \"\(reason)\"."
    }
  }
}
