// Saving and loading a checkpoint: weights and the moments of Adam.

import Configuration
import Torch
import Training
import VideoModels

struct CheckpointJob: Job {
  struct Input: Decodable {
    let architecture: Architecture
    let width: Int
    /// The file to write.
    let path: String
  }

  private let path: String
  private let configuration = PretrainingConfiguration()
  private let model: VideoClassifier
  private let optimizer: Adam
  let facts: [String: Double]

  init(_ input: Input) throws {
    path = input.path
    var settings = ModelSettings()
    settings.architecture = input.architecture
    settings.width = input.width
    model = settings.makeModel(head: .pretext, classes: 9, seed: 1)
    optimizer = Adam(
      ParameterGroup.sparingNormalization(model.trainableParameters, weightDecay: 1e-4))
    facts = ["parameters": Double(model.parameterCount)]
    _ = try run()
  }

  func run() throws -> [String: Double] {
    let saving = try seconds {
      try Checkpoint(
        configuration: configuration, position: TrainingPosition(), classNames: nil, network: model,
        optimizer: optimizer
      ).write(to: path)
    }
    let loading = try seconds {
      try Checkpoint<PretrainingConfiguration>(contentsOf: path)
        .restore(network: model, optimizer: optimizer, path: path)
    }
    return ["save": saving, "load": loading]
  }
}
