import Foundation
import TestSupport
import Testing
import Torch
import VideoModels

/// Compares our networks with plain PyTorch ones: the numbers were written by Goldens/make_goldens.py.
@Suite struct GoldenTests {
  private struct Golden: Decodable, Sendable {
    struct Values: Decodable, Sendable {
      let shape: [Int]
      let values: [Double]
      var tensor: Tensor { Tensor(values, shape: shape) }
    }
    struct Training: Decodable, Sendable {
      let logits: Values
      let loss: Values
      let stemGradient: Values
      let runningMean: Values

      enum CodingKeys: String, CodingKey {
        case logits, loss
        case stemGradient = "stem gradient"
        case runningMean = "running mean"
      }
    }
    let state: [String: [Int]]
    let features: Values
    let logits: Values
    let training: Training?
  }

  private func golden(_ name: String, in file: String) throws -> Golden {
    try #require(Bundle.module.golden(file, as: [String: Golden].self)[name])
  }

  /// Compares a network with its golden numbers in both modes, and the running mean `mean` after one batch in training.
  ///
  /// - Returns: the network.
  @discardableResult
  private func expect(
    _ golden: Golden, of network: RecognizedNetwork, clips: Tensor, stem: String = "a",
    mean: String
  ) throws -> VideoClassifier {
    let model = try classifier(network, keyedState(golden.state))
    let training = try #require(golden.training)
    let computed = Computed(
      features: golden.features.tensor, logits: golden.logits.tensor,
      trainingLogits: training.logits.tensor, loss: training.loss.tensor,
      gradient: ("backbone.conv1.\(stem).weight", training.stemGradient.tensor))
    try computed.expect(of: model, clips: clips, labels: Tensor([2, 7, 0]))

    let other = try classifier(network, keyedState(golden.state))
    _ = other(clips)
    let found = try #require(
      other.buffers.first { $0.name == "backbone.conv5.\(mean).running_mean" })
    #expect(relativeDifference(found.tensor, training.runningMean.tensor) < 1e-5)
    return model
  }

  @Test(arguments: [
    (Architecture.r2d3d18, VideoClassifier.Head.Kind.pretext, 9), (.r2d3d18, .actions, 51),
    (.r2plus1d10, .pretext, 9), (.r2plus1d10, .actions, 51),
  ])
  func thePapersNetworksAreThoseOfPyTorch(
    architecture: Architecture, head: VideoClassifier.Head.Kind, classes: Int
  ) throws {
    let golden = try golden("\(architecture.rawValue) \(head.rawValue)", in: "released")
    let network = try RecognizedNetwork(shapes: golden.state)
    #expect(network.names == .mosi && network.epsilon == 1e-3)
    #expect(network.architecture == architecture && network.width == 8)
    #expect(network.head?.kind == head && network.head?.classes == classes)
    let isFull = architecture == .r2d3d18
    let model = try expect(
      golden, of: network, clips: keyed([51], [3, 3, 8, 56, 56], -1...1),
      stem: isFull ? "a" : "a1", mean: "res_1.conv_branch.\(isFull ? "b_bn" : "b2_bn")")
    #expect(model.shapes == golden.state)
  }

  @Test func c3dIsThatOfPyTorch() throws {
    let golden = try golden("c3d", in: "vcop")
    let network = try RecognizedNetwork(shapes: golden.state)
    #expect(network.names == .vcop && network.epsilon == 1e-5)
    #expect(network.architecture == .c3d && network.width == 4)
    #expect(network.head?.kind == .actions && network.head?.classes == 11)
    try expect(
      golden, of: network, clips: keyed([51], [3, 3, 8, 56, 56], -1...1), mean: "b_bn")
  }

  /// A network of two-dimensional layers.
  @Test func opnIsThatOfPyTorch() throws {
    let golden = try golden("opn", in: "opn")
    let network = try RecognizedNetwork(shapes: golden.state)
    #expect(network.names == .mosi && network.epsilon == 1e-5)
    #expect(network.architecture == .opn && network.width == 6)
    #expect(network.head?.kind == .actions && network.head?.classes == 11)
    let model = try expect(
      golden, of: network, clips: keyed([51], [3, 3, 2, 80, 93], -1...1), mean: "fc6_bn")
    #expect(model.shapes == golden.state)
  }

  @Test(arguments: [Architecture.r3d18, .mc318, .torchvisionR2plus1d18])
  func torchvisionsWeightsGiveTorchvisionsLogits(architecture: Architecture) throws {
    let golden = try golden(architecture.rawValue, in: "torchvision")
    let network = try RecognizedNetwork(shapes: golden.state)
    #expect(network.names == .torchvision && network.epsilon == 1e-5)
    #expect(network.architecture == architecture && network.width == 4)
    #expect(network.head?.kind == .actions && network.head?.classes == 11)
    let model = try classifier(network, keyedState(golden.state))
    let names = try #require(architecture.tensorNames(.torchvision, head: .actions))
    #expect(
      Dictionary(uniqueKeysWithValues: model.shapes.map { (names[$0.key]!, $0.value) })
        == golden.state)

    let clips = keyed([52], [2, 3, 7, 36, 29], -1...1)
    model.train(false)
    withoutGradients {
      #expect(greatestDifference(model.features(clips), golden.features.tensor) < 1e-4)
      #expect(greatestDifference(model(clips), golden.logits.tensor) < 1e-4)
    }

    let other = try classifier(network, keyedState(golden.state), epsilon: 1e-3)
    other.train(false)
    #expect(greatestDifference(withoutGradients { other(clips) }, golden.logits.tensor) > 1e-4)
  }
}
