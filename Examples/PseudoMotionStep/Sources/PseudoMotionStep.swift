// MoSI by hand: from one still picture to its pseudo-motion clips, and one training step on them.

import KeyedRandom
import MoSI
import Pretext
import Torch
import VideoData
import VideoModels
import VideoSamples

@main
struct PseudoMotionStep {
  static func main() throws {
    // A still, uint8 [1, 3, 96, 96]: here a procedural one, else VideoSource.picture(path:) or .video(path:).
    var generator = KeyedGenerator(1)
    let still = try VideoSource.deadLeaves(index: 0).still(
      height: 96, width: 96, using: &generator)
    let sources = Tensor.stills([still])

    // Its nine clips, one a motion: 8 frames of 48x48 pixels, jittered, masked, normalized.
    let task = MotionFromStaticImages(
      motion: PseudoMotion(
        labels: LabelPool(), geometry: ClipGeometry(source: 96, clip: 48, frames: 8)))
    let made = task.clips(
      from: sources, generators: [KeyedGenerator(2)], purpose: .training(progress: 0))
    print("sources \(sources), clips \(made.clips), labels \(made.labels)")

    // A narrow R-2D3D-18 with a class for each motion.
    let model = VideoClassifier(
      .r2d3d18, width: 8, classes: task.labelNames.count, dropout: 0, using: Generator(seed: 3))
    let optimizer = Adam(ParameterGroup.sparingNormalization(model.parameters, weightDecay: 1e-4))

    // One step.
    let before = crossEntropy(model(made.clips), made.labels)
    before.backward()
    optimizer.step(learningRate: 1e-3)
    let after = withoutGradients { crossEntropy(model(made.clips), made.labels) }
    print("loss \(before.item) before the step, \(after.item) after it")
  }
}
