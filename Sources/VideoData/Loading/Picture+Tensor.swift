import Media
import Torch

extension Tensor {
  /// Pictures of the same size as uint8 [B, 3, H, W] on the CPU.
  public static func stills(_ pictures: [Picture]) -> Tensor {
    let first = pictures[0]
    let pixels = pictures.flatMap { picture in
      precondition(picture.width == first.width && picture.height == first.height)
      return picture.pixels
    }
    return Tensor(pixels, shape: [pictures.count, first.height, first.width, 3])
      .permuted([0, 3, 1, 2]).contiguous()
  }
}

extension [Picture] {
  /// The frames of a clip: float32 [N, 3, H, W] in 0...1.
  public init(frames: Tensor) {
    let bytes = (frames * 255).round().to(.uint8).permuted([0, 2, 3, 1]).contiguous().to(.cpu)
    let shape = bytes.shape
    self = (0..<shape[0]).map {
      Picture(width: shape[2], height: shape[1], pixels: bytes.selected(0, $0).array())
    }
  }
}
