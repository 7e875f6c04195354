/// Limits for untrusted files, checked before memory is allocated.
enum MediaLimits {
  /// The maximum number of pixels of a JPEG, which is decoded at reduced scale. The largest cameras make 150 million.
  static let scalablePixels = 200_000_000
  /// The maximum number of pixels of other pictures: at 8 bytes each (16-bit RGBA), the frame takes 800 MB.
  static let stillPixels = 100_000_000
  /// The maximum number of pixels of a video frame: 8K in any shape.
  static let videoPixels = 8192 * 8192
  /// The maximum number of bytes of a picture file.
  static let pictureBytes = 1 << 30
  /// The minimum short side of a picture in pixels: there is nothing to learn from smaller ones.
  static let shortSide = 8
  /// The maximum ratio of the long to the short side, which limits the size of the scaled picture.
  static let aspectRatio = 32
  /// The maximum number of pixels after scaling.
  static let resultPixels = 200_000_000
  /// The maximum number of frames per second in a container whose clock has one tick per frame.
  static let frameRate = 500.0
  /// The maximum number of tiles; phones make one or two hundred.
  static let tiles = 4096
  /// The number of consecutive packets without a frame after which a video counts as ended.
  static let fruitlessPackets = 2000
  /// The maximum number of packets read to determine the duration of a video that does not specify it: a week at 60
  /// frames per second.
  static let scannedPackets = 40_000_000
}
