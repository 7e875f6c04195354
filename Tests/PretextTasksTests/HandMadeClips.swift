import Media
import Pretext
import TestSupport
import Testing
import Torch
import VideoData
import VideoSamples

/// A clip whose pixels are computed from the frame, the row, the column and the channel.
func clip(
  frames: Int, side: Int, _ value: (_ frame: Int, _ y: Int, _ x: Int, _ channel: Int) -> Int
) -> ClipPixels {
  var pixels: [UInt8] = []
  for frame in 0..<frames {
    for y in 0..<side {
      for x in 0..<side {
        for channel in 0..<3 { pixels.append(UInt8(value(frame, y, x, channel))) }
      }
    }
  }
  return ClipPixels(frames: frames, height: side, width: side, pixels: pixels)
}

/// Pixels as they are: 0...1.
let plainNormalization = Normalization(mean: [0, 0, 0], std: [1, 1, 1])

/// The bytes 0...255 of clips [M, 3, N, H, W] that were normalized by ``plainNormalization``, as [M, N, 3, H, W].
func bytes(_ clips: Tensor) -> Tensor {
  (clips.permuted([0, 2, 1, 3, 4]) * 255).round().to(.int64)
}

/// A video as a folder of pictures: a pixel's red level is its column, the green one its row, the blue one the frame's number.
/// Crops and frames of clips cut from it can be told exactly.
struct NumberedVideo {
  static let (width, height) = (96, 80)
  let folder: ScratchFolder
  let source: VideoSource

  init(frames: Int) throws {
    folder = try ScratchFolder()
    for frame in 0..<frames {
      var pixels: [UInt8] = []
      for y in 0..<Self.height {
        for x in 0..<Self.width { pixels += [UInt8(x), UInt8(y), UInt8(frame)] }
      }
      try Picture(width: Self.width, height: Self.height, pixels: pixels)
        .writePNG(to: folder.file("video/\(frame).png"))
    }
    source = .frameFolder(path: folder.path + "/video", framesPerSecond: 24)
  }

  /// What a clip shows: the numbers of its frames, and the left and top edges of each frame's crop.
  struct Cut {
    let frames: [Int]
    let crops: [[Int]]

    init(_ clip: ClipPixels) {
      let size = clip.height * clip.width * 3
      let corners = (0..<clip.frames).map { clip.pixels[$0 * size..<$0 * size + 3].map(Int.init) }
      frames = corners.map { $0[2] }
      crops = corners.map { [$0[0], $0[1]] }
    }
  }

  /// A sample by a task's rule, and what its clips show. The short side of frames is that of the video.
  func sample(_ task: some PretextTask, _ id: SampleID, for purpose: Purpose) throws
    -> (sample: Sample, cuts: [Cut])
  {
    let loader = SampleLoader([source], rule: task.rule(for: purpose))
    let sample = try loader.sample(id, of: 0)
    return (sample, sample.clips.map(Cut.init))
  }
}

/// The ID of a training sample.
func training(_ number: Int) -> SampleID { .training(seed: 7, epoch: 0, source: number) }

/// Learning without jitter.
let trained = Purpose.training(progress: 0.5)

/// The frames that a request asks for, as numbers of the video's frames.
func frameNumbers(_ request: SampleRequest, in source: SourceInfo) throws -> [[Int]] {
  guard case .clips(let clips) = request.frames else { throw NoClips() }
  let step = source.lastFrameTime / Double(source.frameCount - 1)
  return clips.map { $0.map { Int($0 / step) } }
}

struct NoClips: Error {}
