/// Why a figure could not be drawn or written.
public enum FigureError: Error, Equatable, CustomStringConvertible {
  /// The path ends neither in `.png` nor in `.svg`.
  case unknownFormat(path: String)
  /// The file could not be written; `reason` is the system's.
  case cannotWrite(path: String, reason: String)
  /// A drawing of no size, or beyond the 32767 pixels a side that Cairo can hold.
  case invalidSize(width: Double, height: Double)
  /// Cairo could not draw; `reason` is Cairo's.
  case cannotDraw(reason: String)

  public var description: String {
    switch self {
    case .unknownFormat(let path):
      "Cannot write the figure \(path): give it a name that ends in .png or .svg."
    case .cannotWrite(let path, let reason):
      "Cannot write the figure \(path): \(reason)."
    case .invalidSize(let width, let height):
      "Cannot draw a figure of \(width) x \(height) pixels: each side must lie within 1 and 32767."
    case .cannotDraw(let reason):
      "Cannot draw the figure: Cairo reports \"\(reason)\"."
    }
  }
}
