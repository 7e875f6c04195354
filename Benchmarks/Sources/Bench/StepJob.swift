// A training step: forward pass, loss, backward pass, Adam.

import Configuration
import Pretext
import Torch
import VideoModels

/// A network, a batch of noise, and an optimizer.
struct TrainedNetwork {
  let model: VideoClassifier
  let batch: LabeledClips
  private let optimizer: Adam

  struct Input: Decodable {
    let architecture: Architecture
    let width: Int
    let clips: Int
    let frames: Int
    let size: Int
  }

  init(_ input: Input) {
    var settings = ModelSettings()
    settings.architecture = input.architecture
    settings.width = input.width
    // Without dropout both sides compute the same loss.
    settings.dropout = 0
    model = settings.makeModel(head: .pretext, classes: 9, seed: 1)
    optimizer = Adam(
      ParameterGroup.sparingNormalization(model.trainableParameters, weightDecay: 1e-4))
    batch = LabeledClips(
      clips: Tensor.normal(
        [input.clips, 3, input.frames, input.size, input.size], using: Generator(seed: 2)
      ).contiguous(.video),
      labels: Tensor((0..<input.clips).map { $0 % 9 }))
  }

  /// One step.
  ///
  /// - Returns: the loss.
  func step(_ batch: LabeledClips) -> Double {
    optimizer.clearGradients()
    let loss = model.evaluate(batch).loss
    loss.backward()
    optimizer.step(learningRate: 1e-4)
    return Double(loss.item)
  }
}

struct StepJob: Job {
  struct Input: Decodable {
    let network: TrainedNetwork.Input
    /// The file to which the weights and the clips are written, for the other side; absent to write none.
    let exchange: String?
  }

  private let network: TrainedNetwork
  let facts: [String: Double]

  init(_ input: Input) throws {
    network = TrainedNetwork(input.network)
    if let path = input.exchange {
      var tensors = network.model.state.byName
      tensors["clips"] = network.batch.clips.contiguous()
      try Safetensors(tensors: tensors).write(to: path)
    }
    let (shape, model) = (input.network, network.model)
    let cost = shape.architecture.cost(
      width: shape.width, classes: 9, frames: shape.frames, height: shape.size,
      clipWidth: shape.size)
    facts = [
      "parameters": Double(model.parameterCount), "operations": Double(cost.operations),
      "loss": network.step(network.batch),
    ]
  }

  func run() -> [String: Double] {
    ["": seconds { _ = network.step(network.batch) }]
  }
}
