import Media
import Torch

extension Tensor {
  /// Pictures of one size as uint8 [B, 3, H, W] on the CPU.
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
