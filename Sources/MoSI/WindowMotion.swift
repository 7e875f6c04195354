// The paper's section 3.1, as a motion for other objectives than the classification of labels

import KeyedRandom
import Pretext
import Torch
import VideoSamples

/// A window that moves over a still picture at constant speed, as in MoSI, without mask and labels: the motion alone.
public struct WindowMotion: ClipMotion {
  /// The motions and the sizes of sources and clips.
  public let motion: PseudoMotion
  /// True for a clip of each label of each source; false for one clip with a label drawn at random.
  public let makesAllLabels: Bool

  /// Clips of these motions.
  public init(_ motion: PseudoMotion, makesAllLabels: Bool) {
    self.motion = motion
    self.makesAllLabels = makesAllLabels
  }

  /// The number of frames, the height and the width of clips.
  public var clipExtent: Extent3 {
    Extent3(motion.geometry.frames, motion.geometry.height, motion.geometry.width)
  }

  /// The number of labels, or 1.
  public var clipsPerSample: Int { makesAllLabels ? motion.labels.count : 1 }
  /// False: sources are stills.
  public var needsMotion: Bool { false }

  /// One still: at a uniformly random time and position in training, at the center in validation.
  public func rule(for purpose: Purpose) -> SampleRule {
    let (height, width) = (motion.geometry.sourceHeight, motion.geometry.sourceWidth)
    return purpose.isTraining
      ? .randomStill(height: height, width: width) : .centerStill(height: height, width: width)
  }

  /// The clips of each sample's still. Validation has centered windows, and also draws labels.
  public func clips(_ samples: [Sample], for purpose: Purpose, on device: Device) -> Tensor {
    let windows = samples.map { sample in
      var generator = sample.id.generator(.augmentation)
      let starts =
        purpose.isTraining ? motion.randomStarts(using: &generator) : motion.centeredStarts
      let labels =
        makesAllLabels
        ? Array(starts.indices) : [generator.integer(below: starts.count)]
      return labels.map { motion.positions(label: $0, start: starts[$0]) }
    }
    return withoutGradients {
      motion.crops(of: .stills(samples).to(device), windows: windows).unitRange
        .permuted([0, 2, 1, 3, 4])
    }
  }
}
