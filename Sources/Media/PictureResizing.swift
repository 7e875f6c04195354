extension Picture {
  /// The same part of pictures of one size, each scaled with antialiasing (bilinear).
  ///
  /// - Parameters:
  ///   - pictures: of one size.
  ///   - left: of the part, in pixels; the part must lie inside the pictures.
  ///   - top: of the part.
  ///   - partWidth: of the part.
  ///   - partHeight: of the part.
  ///   - width: of the results, in pixels.
  ///   - height: of the results.
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
        // Nothing of a picture in memory can be wrong; memory can be short.
        fatalError(error.description)
      }
    }
  }
}
