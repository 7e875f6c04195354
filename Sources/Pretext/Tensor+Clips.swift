import Torch
import VideoSamples

extension Tensor {
  /// Clips of the same size as uint8 [B, N, 3, H, W] on the CPU: a view of memory in which channels are last.
  public static func clips(_ clips: [ClipPixels]) -> Tensor {
    let first = clips[0]
    var pixels: [UInt8] = []
    pixels.reserveCapacity(clips.count * first.pixels.count)
    for clip in clips {
      precondition(
        clip.frames == first.frames && clip.height == first.height && clip.width == first.width,
        "a batch of clips of one size holds \(first.frames)x\(first.height)x\(first.width) and "
          + "\(clip.frames)x\(clip.height)x\(clip.width)")
      pixels += clip.pixels
    }
    return Tensor(pixels, shape: [clips.count, first.frames, first.height, first.width, 3])
      .permuted([0, 1, 4, 2, 3])
  }

  /// Samples of one still each, as uint8 [B, 3, H, W] on the CPU.
  public static func stills(_ samples: [Sample]) -> Tensor {
    clips(samples.map { $0.clips[0] }).selected(1, 0).contiguous()
  }

  /// Bytes 0...255 converted to float32 in 0...1, in the same shape.
  public var unitRange: Tensor { to(.float32) * (1 / 255) }

  /// Frames, float32 [N, 3, H, W] in 0...1, as uint8 [N, H, W, 3] on the CPU for display.
  public var frameBytes: Tensor {
    (self * 255).round().to(.uint8).permuted([0, 2, 3, 1]).contiguous().to(.cpu)
  }
}
