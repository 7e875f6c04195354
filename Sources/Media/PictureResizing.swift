extension Picture {
  /// Cuts the same part from pictures of the same size and scales it with antialiasing (bilinear).
  ///
  /// - Parameters:
  ///   - pictures: the pictures, all of the same size.
  ///   - left: the left edge of the part in pixels; the part must be inside the pictures.
  ///   - top: the top edge of the part.
  ///   - partWidth: the width of the part.
  ///   - partHeight: the height of the part.
  ///   - width: the width of the results in pixels.
  ///   - height: the height of the results in pixels.
  public static func resized(
    _ pictures: [Picture], left: Int, top: Int, partWidth: Int, partHeight: Int, width: Int,
    height: Int
  ) -> [Picture] {
    let scaler = FrameScaler()
    return pictures.map { picture in
      let part = picture.cropped(left: left, top: top, width: partWidth, height: partHeight)
      do throws(MediaError) {
        return try scaler.picture(part, width: width, height: height)
      } catch {
        // Pictures in memory are always valid, but memory can be exhausted.
        fatalError(error.description)
      }
    }
  }
}
