// Pre-training from files to updates, or its steps alone on a batch that is in memory.

import Configuration
import Pretext
import Torch
import Training

struct PretrainingJob: Job {
  struct Input: Decodable {
    let network: TrainedNetwork.Input
    /// Pictures, videos and folders.
    let paths: [String]
    /// The side of sources in pixels.
    let sourceSize: Int
    /// The number of sources in a step.
    let sources: Int
    /// The number of steps in a repetition.
    let steps: Int
    /// The number of threads that load sources.
    let workers: Int
    /// True to train on the batch in memory.
    let isStepAlone: Bool
  }

  private let input: Input
  private let network: TrainedNetwork
  private let clips: PretrainingClips
  let facts: [String: Double]

  init(_ input: Input) throws {
    self.input = input
    var configuration = PretrainingConfiguration()
    configuration.sources.paths = input.paths
    configuration.sources.size = input.sourceSize
    configuration.clip.frames = input.network.frames
    configuration.clip.size = input.network.size
    configuration.batch.sources = input.sources
    configuration.batch.accumulationSteps = 1
    // More than the benchmark takes.
    configuration.epochs = 100_000
    network = TrainedNetwork(input.network)
    clips = try PretrainingClips(configuration, workers: input.workers, on: network.device)
    facts = ["parameters": Double(network.model.parameterCount)]
    _ = try run()
  }

  func run() throws -> [String: Double] {
    let time = try seconds {
      var loss: Tensor?
      for _ in 0..<input.steps {
        loss = network.step(input.isStepAlone ? network.batch : try clips.next()!.labeled)
      }
      _ = loss?.item
    }
    return ["": time]
  }
}
