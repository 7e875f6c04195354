import Media
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

  /// The part `crop` of frames of one size, scaled with antialiasing to `side` x `side` pixels.
  public init(_ frames: [Picture], crop: SpatialPreset.Crop, side: Int) {
    // Frames shown more than once in a row are scaled once.
    var distinct: [Picture] = []
    var indices: [Int] = []
    for frame in frames {
      if distinct.last != frame { distinct.append(frame) }
      indices.append(distinct.count - 1)
    }
    let scaled = Picture.resized(
      distinct, left: crop.left, top: crop.top, partWidth: crop.width, partHeight: crop.height,
      width: side, height: side)
    let rowBytes = side * 3
    let pixels = [UInt8](unsafeUninitializedCapacity: frames.count * side * rowBytes) {
      out, count in
      for (frame, index) in indices.enumerated() {
        scaled[index].pixels.withUnsafeBufferPointer { samples in
          let target = UnsafeMutableBufferPointer(
            rebasing: out[frame * side * rowBytes..<(frame + 1) * side * rowBytes])
          guard crop.isMirrored else {
            _ = target.initialize(from: samples)
            return
          }
          for row in stride(from: 0, to: side * rowBytes, by: rowBytes) {
            for column in 0..<side {
              let (to, from) = (row + column * 3, row + (side - 1 - column) * 3)
              target[to] = samples[from]
              target[to + 1] = samples[from + 1]
              target[to + 2] = samples[from + 2]
            }
          }
        }
      }
      count = frames.count * side * rowBytes
    }
    self.init(frames: frames.count, height: side, width: side, pixels: pixels)
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
