// A training step: forward pass, loss, backward pass, Adam.

import Configuration
import Pretext
import Torch
import VideoModels

/// A network, a batch of noise, and an optimizer.
struct TrainedNetwork {
  let model: VideoClassifier
  let batch: LabeledClips
  let device: Device
  private let precision: Precision
  private let optimizer: Adam
  private let scale: LossScale?

  struct Input: Decodable {
    /// `cpu`, or `cuda`.
    let device: String
    /// A value of `precision` in configurations.
    let precision: String
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
    device = Device(input.device)!
    precision = Precision(rawValue: input.precision)!
    if device.isCUDA { Runtime.preferSpeedOnCUDA() }
    model = settings.makeModel(head: .pretext, classes: 9, seed: 1)
    model.move(to: device)
    optimizer = Adam(
      ParameterGroup.sparingNormalization(model.trainableParameters, weightDecay: 1e-4))
    batch = LabeledClips(
      clips: Tensor.normal(
        [input.clips, 3, input.frames, input.size, input.size], using: Generator(seed: 2)
      ).contiguous(.video).to(device),
      labels: Tensor((0..<input.clips).map { $0 % 9 }).to(device))
    scale = precision.scalesLoss ? LossScale(on: device) : nil
  }

  /// One step.
  ///
  /// - Returns: the loss, float32 []; reading it waits for the device.
  func step(_ batch: LabeledClips) -> Tensor {
    optimizer.clearGradients()
    let loss = withAutocast(precision.autocast, on: device) { model.evaluate(batch).loss }
    guard let scale else {
      loss.backward()
      optimizer.step(learningRate: 1e-4)
      return loss
    }
    (loss * scale.factor).backward()
    let overflow = nonFiniteGradients(of: model.trainableParameters, dividingBy: scale.factor)!
    optimizer.step(learningRate: 1e-4, unless: overflow)
    scale.update(overflow: overflow)
    return loss
  }
}

struct StepJob: Job {
  struct Input: Decodable {
    let network: TrainedNetwork.Input
    /// The file to which the weights and the clips are written, for the other side; absent to write none.
    let exchange: String?
    /// The number of steps in a repetition. Only the last loss is read.
    let steps: Int
  }

  private let network: TrainedNetwork
  private let steps: Int
  let facts: [String: Double]

  init(_ input: Input) throws {
    network = TrainedNetwork(input.network)
    steps = input.steps
    if let path = input.exchange {
      var tensors = network.model.state.byName
      tensors["clips"] = network.batch.clips.contiguous()
      try Safetensors(tensors: tensors.mapValues { $0.to(.cpu) }).write(to: path)
    }
    let (shape, model) = (input.network, network.model)
    let cost = shape.architecture.cost(
      width: shape.width, classes: 9, frames: shape.frames, height: shape.size,
      clipWidth: shape.size)
    facts = [
      "parameters": Double(model.parameterCount), "operations": Double(cost.operations),
      "loss": network.step(network.batch).item,
    ]
  }

  func run() -> [String: Double] {
    [
      "": seconds {
        for _ in 1..<steps { _ = network.step(network.batch) }
        _ = network.step(network.batch).item
      }
    ]
  }
}
