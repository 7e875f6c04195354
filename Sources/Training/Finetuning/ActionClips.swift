import KeyedRandom
import Pretext
import Torch
import VideoSamples

/// Turns the pixels of clips into the input of the network: color jitter (in training) and normalization.
struct ActionClips {
  let jitter: ColorJitter
  let normalization: Normalization

  /// Training clips, float32 [B, 3, N, H, W] on `device`. All frames of a clip get the same color jitter.
  func training(_ samples: [Sample], device: Device) -> Tensor {
    withoutGradients { normalization.clips(from: jittered(samples, device)) }
  }

  /// Clips without augmentation, float32 [B, 3, N, H, W] on `device`.
  func plain(_ clips: [ClipPixels], device: Device) -> Tensor {
    withoutGradients { normalization.clips(from: Tensor.clips(clips).to(device).unitRange) }
  }

  /// Training clips before normalization, float32 [B, N, 3, H, W] in 0...1.
  func jittered(_ samples: [Sample], _ device: Device) -> Tensor {
    let clips = samples.map { $0.clips[0] }
    let frames = Tensor.clips(clips).to(device)
    guard jitter != .none else { return frames.unitRange }
    let draws = samples.map { sample in
      var generator = sample.id.generator(.augmentation)
      return jitter.drawClipWise(frames: clips[0].frames, using: &generator)
    }
    return ColorJitter.apply(draws, to: frames)
  }
}
