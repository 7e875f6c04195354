/// Bounds on what files from strangers may claim, checked before memory is taken for it.
enum MediaLimits {
  /// Pixels of a JPEG, which is decoded at reduced scale. The largest cameras make 150 million.
  static let scalablePixels = 200_000_000
  /// Pixels of any other picture: at 8 bytes each (16-bit RGBA) the frame takes 800 MB.
  static let stillPixels = 100_000_000
  /// Pixels of a video's frame: 8K in any shape.
  static let videoPixels = 8192 * 8192
  /// The bytes of one picture file.
  static let pictureBytes = 1 << 30
  /// The least short side of a picture, in pixels: below it there is nothing to learn from.
  static let shortSide = 8
  /// The greatest ratio of the long to the short side: it bounds the size of the scaled picture.
  static let aspectRatio = 32
  /// Pixels of a picture after scaling.
  static let resultPixels = 200_000_000
  /// Frames a second that a container's clock of one tick a frame may have.
  static let frameRate = 500.0
  /// Tiles of a picture; telephones make a hundred or two.
  static let tiles = 4096
  /// Packets in a row that give no frame before a video counts as ended.
  static let fruitlessPackets = 2000
  /// Packets read to find out how long a video is that does not say: a week at 60 frames a second.
  static let scannedPackets = 40_000_000
}
