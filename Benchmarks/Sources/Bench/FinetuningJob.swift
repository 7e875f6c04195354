// Fine-tuning from videos to updates, or its steps alone on clips that are in memory: does decoding keep the step fed?

import KeyedRandom
import Pretext
import Torch
import VideoData
import VideoSamples

struct FinetuningJob: Job {
  struct Input: Decodable {
    let network: TrainedNetwork.Input
    let videos: [String]
    /// The distance between frames, in frames of a video of 30 frames a second.
    let interval: Int
    /// The number of steps in a repetition.
    let steps: Int
    /// The number of threads that decode.
    let workers: Int
    /// True to train on the batch in memory.
    let isStepAlone: Bool
  }

  private let input: Input
  private let network: TrainedNetwork
  private let samples: Prefetcher<Sample>
  private var step = 0
  let facts: [String: Double]

  init(_ input: Input) throws {
    self.input = input
    network = TrainedNetwork(input.network)
    let clips = TrainingClips(
      ClipSampling(frames: input.network.frames, interval: input.interval), preset: .paper,
      side: input.network.size)
    let loader = SampleLoader(input.videos.map { .video(path: $0) }, rule: clips.rule)
    // More samples than the benchmark takes.
    samples = Prefetcher(
      count: 1_000_000, workers: input.workers,
      ahead: 2 * input.network.clips + 2 * input.workers
    ) { item in
      let (epoch, source) = item.quotientAndRemainder(dividingBy: loader.sources.count)
      return try loader.sample(.training(seed: 1, epoch: epoch, source: source), of: source)
    }
    facts = ["parameters": Double(network.model.parameterCount)]
    _ = try run()
  }

  mutating func run() throws -> [String: Double] {
    let time = try seconds {
      var loss: Tensor?
      for _ in 0..<input.steps {
        loss = network.step(input.isStepAlone ? network.batch : try batch())
        step += 1
      }
      _ = loss?.item
    }
    return ["": time]
  }

  /// The next clips with their color jitter, as fine-tuning makes them.
  private func batch() throws -> LabeledClips {
    let loaded = try (0..<input.network.clips).map { _ in try samples.next()!.clips[0] }
    let draws = loaded.indices.map { index in
      var generator = KeyedGenerator(UInt64(step), UInt64(index))
      return ColorJitter().drawClipWise(frames: loaded[index].frames, using: &generator)
    }
    let clips = withoutGradients {
      Normalization.video.clips(
        from: ColorJitter.apply(draws, to: Tensor.clips(loaded).to(network.device).unitRange))
    }
    return LabeledClips(clips: clips, labels: network.batch.labels)
  }
}
