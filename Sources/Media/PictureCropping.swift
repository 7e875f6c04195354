extension Picture {
  /// The part of the picture with `width` x `height` pixels whose top left pixel is (`left`, `top`). It must be inside
  /// the picture.
  public func cropped(left: Int, top: Int, width: Int, height: Int) -> Picture {
    precondition(
      left >= 0 && top >= 0 && width > 0 && height > 0 && left <= self.width - width
        && top <= self.height - height,
      "a crop of \(width)x\(height) at (\(left), \(top)) leaves the picture of "
        + "\(self.width)x\(self.height)")
    let samples = [UInt8](unsafeUninitializedCapacity: width * height * 3) { out, count in
      pixels.withUnsafeBufferPointer { stored in
        for row in 0..<height {
          let start = ((top + row) * self.width + left) * 3
          _ = UnsafeMutableBufferPointer(rebasing: out[(row * width * 3)...])
            .initialize(from: stored[start..<start + width * 3])
        }
      }
      count = width * height * 3
    }
    return Picture(width: width, height: height, pixels: samples)
  }
}
