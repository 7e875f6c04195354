import KeyedRandom
import MoSI
import Pretext
import Torch
import VideoData

/// From the pixels of clips to what the network takes: colour jitter for training, normalization.
struct ActionClips {
  let jitter: ColorJitter
  let normalization: Normalization

  /// Training clips, float32 [B, 3, N, H, W] on `device`; one draw of the jitter for all frames of a clip.
  func training(_ clips: [ClipPixels], generators: [KeyedGenerator], device: Device) -> Tensor {
    withoutGradients { normalization.clips(from: jittered(clips, generators, device)) }
  }

  /// Clips as they are, float32 [B, 3, N, H, W] on `device`.
  func plain(_ clips: [ClipPixels], device: Device) -> Tensor {
    withoutGradients { normalization.clips(from: Self.frames(clips, device)) }
  }

  /// Training clips before normalization: float32 [B, N, 3, H, W] in 0...1.
  func jittered(_ clips: [ClipPixels], _ generators: [KeyedGenerator], _ device: Device) -> Tensor {
    let frames = Self.frames(clips, device)
    guard jitter != .none else { return frames }
    let draws = generators.map { generator in
      var generator = generator
      return jitter.drawClipWise(frames: clips[0].frames, using: &generator)
    }
    return ColorJitter.apply(draws, to: frames)
  }

  private static func frames(_ clips: [ClipPixels], _ device: Device) -> Tensor {
    Tensor.clips(clips).to(device).to(.float32) * (1 / 255)
  }
}
