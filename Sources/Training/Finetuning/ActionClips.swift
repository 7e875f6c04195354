import Configuration
import KeyedRandom
import Pretext
import Torch
import VideoSamples

/// Turns the pixels of clips into the input of the network: color jitter, augmentation (both in training) and normalization.
package struct ActionClips {
  let jitter: ColorJitter
  let normalization: Normalization
  private let operations: RandomOperations?
  private let erasing: RandomErasing?
  private let mixing: ClipMixing

  package init(
    jitter: ColorJitter, normalization: Normalization,
    augmentation: ClipAugmentationSettings = ClipAugmentationSettings()
  ) {
    self.jitter = jitter
    self.normalization = normalization
    operations =
      augmentation.randomOperations == 0
      ? nil
      : RandomOperations(
        count: augmentation.randomOperations, probability: augmentation.operationProbability,
        magnitude: augmentation.magnitude, deviation: augmentation.magnitudeDeviation)
    erasing =
      augmentation.erasingProbability == 0
      ? nil : RandomErasing(probability: augmentation.erasingProbability)
    mixing = ClipMixing(mixup: augmentation.mixupAlpha, cutmix: augmentation.cutmixAlpha)
  }

  /// The training batch of samples, on `device`. Random draws derive from the samples' IDs, those of mixing from the first one's.
  ///
  /// - Parameters:
  ///   - samples: each with one or more clips, which become clips of the batch one after another.
  ///   - labels: the class of each sample.
  ///   - classes: the number of classes.
  ///   - smoothing: the label smoothing; 0 for none.
  package func training(
    _ samples: [Sample], labels: [Int], classes: Int, smoothing: Double, device: Device
  ) -> ActionBatch {
    withoutGradients {
      var generators = generators(of: samples)
      let clips = normalization.clips(from: augmented(samples, &generators, device))
      let (height, width) = (clips.shape[3], clips.shape[4])
      if let erasing {
        let draws = generators.indices.map {
          erasing.draw(height: height, width: width, using: &generators[$0])
        }
        RandomErasing.apply(draws, to: clips)
      }
      let labels = Tensor(
        zip(samples, labels).flatMap { sample, label in sample.clips.map { _ in label } }
      ).to(device)
      var generator = KeyedGenerator(key: samples[0].id.key(.augmentation) + [Self.mixingPurpose])
      guard let draw = mixing.draw(height: height, width: width, using: &generator) else {
        return ActionBatch(clips: clips, labels: labels, targets: nil)
      }
      let targets = ClipMixing.targets(labels, classes: classes, smoothing: smoothing)
      let mixed = ClipMixing.apply(draw, to: clips, targets)
      return ActionBatch(clips: mixed.clips, labels: labels, targets: mixed.targets)
    }
  }

  /// Clips without augmentation, float32 [B, 3, N, H, W] on `device`.
  func plain(_ clips: [ClipPixels], device: Device) -> Tensor {
    withoutGradients { normalization.clips(from: Tensor.clips(clips).to(device).unitRange) }
  }

  /// Training clips before normalization, erasing and mixing, float32 [B, N, 3, H, W] in 0...1.
  func augmented(_ samples: [Sample], _ device: Device) -> Tensor {
    var generators = generators(of: samples)
    return augmented(samples, &generators, device)
  }

  /// All frames of a clip get the same colors and operations.
  private func augmented(
    _ samples: [Sample], _ generators: inout [KeyedGenerator], _ device: Device
  ) -> Tensor {
    let clips = samples.flatMap(\.clips)
    let pixels = Tensor.clips(clips).to(device)
    let frames: Tensor
    if jitter == .none {
      frames = pixels.unitRange
    } else {
      let draws = generators.indices.map {
        jitter.drawClipWise(frames: clips[0].frames, using: &generators[$0])
      }
      frames = ColorJitter.apply(draws, to: pixels)
    }
    guard let operations else { return frames }
    let draws = generators.indices.map { operations.draw(using: &generators[$0]) }
    return .stacked(
      draws.enumerated().map { RandomOperations.apply($1, to: frames.selected(0, $0)) })
  }

  /// A generator for each clip: that of its sample, or of its number in the sample if it is not the first.
  private func generators(of samples: [Sample]) -> [KeyedGenerator] {
    samples.flatMap { sample in
      sample.clips.indices.map { clip in
        KeyedGenerator(key: sample.id.key(.augmentation) + (clip == 0 ? [] : [UInt64(clip)]))
      }
    }
  }

  /// In the key of the draws for a batch; more than the clips of a sample.
  private static let mixingPurpose: UInt64 = 0x006D_6978
}

/// A batch of training clips with their classes.
package struct ActionBatch {
  /// The normalized clips, float32 [B, 3, N, H, W].
  package let clips: Tensor
  /// The class of each clip, int64 [B]; of a mixed one its own, not that of the other.
  package let labels: Tensor
  /// The distributions of the classes of mixed clips, float32 [B, classes]; nil if no clip is mixed.
  package let targets: Tensor?
}
