import Media

extension ScratchFolder {
  /// A picture of one color, or with a gradient if `level` is nil.
  @discardableResult
  public func picture(_ name: String, width: Int = 24, height: Int = 20, level: UInt8? = nil) throws
    -> String
  {
    let pixels = (0..<width * height * 3).map { index in
      level ?? UInt8(truncatingIfNeeded: index / 3 * 7 + index % 3 * 50)
    }
    try Picture(width: width, height: height, pixels: pixels).writePNG(to: file(name))
    return file(name)
  }
}
