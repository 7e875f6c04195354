// Pseudo-motion: from still pictures to normalized clips, with color jitter and mask.

import Configuration
import KeyedRandom
import MoSI
import Pretext
import Torch

struct PseudoMotionJob: Job {
  struct Input: Decodable {
    /// `cpu`, or `cuda`.
    let device: String
    /// The number of pictures.
    let sources: Int
    /// Their side in pixels.
    let sourceSize: Int
    let frames: Int
    /// The side of clips in pixels.
    let size: Int
  }

  private let task: MotionFromStaticImages
  private let sources: Tensor
  private var round: UInt64 = 0
  let facts: [String: Double]

  init(_ input: Input) {
    var configuration = PretrainingConfiguration()
    configuration.sources.size = input.sourceSize
    configuration.clip.frames = input.frames
    configuration.clip.size = input.size
    task = configuration.motionTask
    let noise = Tensor.uniform(
      [input.sources, 3, input.sourceSize, input.sourceSize], using: Generator(seed: 1))
    sources = (noise * 255).to(.uint8).to(Device(input.device)!)
    facts = ["clips": Double(input.sources * task.clipsPerSample)]
    _ = run()
  }

  mutating func run() -> [String: Double] {
    round += 1
    let generators = (0..<sources.shape[0]).map { KeyedGenerator(round, UInt64($0)) }
    return [
      "": seconds {
        _ = task.clips(from: sources, generators: generators, purpose: .training(progress: 1))
        try! sources.device.synchronize()
      }
    ]
  }
}
