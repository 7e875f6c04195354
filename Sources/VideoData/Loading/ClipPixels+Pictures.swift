import Media
import VideoSamples

extension ClipPixels {
  /// Cuts `crop` from frames of the same size and scales it to `height` x `width` pixels with antialiasing.
  public init(_ frames: [Picture], crop: SpatialPreset.Crop, height: Int, width: Int) {
    // Scale frames that are repeated in a row only once.
    var distinct: [Picture] = []
    var indices: [Int] = []
    for frame in frames {
      if distinct.last != frame { distinct.append(frame) }
      indices.append(distinct.count - 1)
    }
    let scaled =
      crop.width == width && crop.height == height
      ? distinct.map {
        $0.cropped(left: crop.left, top: crop.top, width: width, height: height)
      }
      : Picture.resized(
        distinct, left: crop.left, top: crop.top, partWidth: crop.width, partHeight: crop.height,
        width: width, height: height)
    let rowBytes = width * 3
    let frameBytes = height * rowBytes
    let pixels = [UInt8](unsafeUninitializedCapacity: frames.count * frameBytes) { out, count in
      for (frame, index) in indices.enumerated() {
        scaled[index].pixels.withUnsafeBufferPointer { samples in
          let target = UnsafeMutableBufferPointer(
            rebasing: out[frame * frameBytes..<(frame + 1) * frameBytes])
          guard crop.isMirrored else {
            _ = target.initialize(from: samples)
            return
          }
          for row in stride(from: 0, to: frameBytes, by: rowBytes) {
            for column in 0..<width {
              let (to, from) = (row + column * 3, row + (width - 1 - column) * 3)
              target[to] = samples[from]
              target[to + 1] = samples[from + 1]
              target[to + 2] = samples[from + 2]
            }
          }
        }
      }
      count = frames.count * frameBytes
    }
    self.init(frames: frames.count, height: height, width: width, pixels: pixels)
  }

  /// The frames as pictures.
  public var pictures: [Picture] {
    let size = height * width * 3
    return (0..<frames).map {
      Picture(width: width, height: height, pixels: Array(pixels[$0 * size..<($0 + 1) * size]))
    }
  }
}
