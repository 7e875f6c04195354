import Torch

/// The frames of a clip in memory: 8-bit RGB.
public struct ClipPixels: Equatable, Sendable {
  public let frames: Int
  public let height: Int
  public let width: Int
  /// The samples, uint8 in 0...255, axes [frames, height, width, 3] with the channels R, G, B.
  public let pixels: [UInt8]

  public init(frames: Int, height: Int, width: Int, pixels: [UInt8]) {
    precondition(
      frames > 0 && pixels.count == frames * height * width * 3,
      "a clip of \(frames)x\(height)x\(width) needs \(frames * height * width * 3) samples")
    self.frames = frames
    self.height = height
    self.width = width
    self.pixels = pixels
  }
}

extension Tensor {
  /// Clips of one size as uint8 [B, N, 3, H, W] on the CPU: a view of memory in which the channels come last.
  public static func clips(_ clips: [ClipPixels]) -> Tensor {
    let first = clips[0]
    var pixels: [UInt8] = []
    pixels.reserveCapacity(clips.count * first.pixels.count)
    for clip in clips {
      precondition(
        clip.frames == first.frames && clip.height == first.height && clip.width == first.width)
      pixels += clip.pixels
    }
    return Tensor(pixels, shape: [clips.count, first.frames, first.height, first.width, 3])
      .permuted([0, 1, 4, 2, 3])
  }
}
