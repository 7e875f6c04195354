import Foundation
import TestSupport
import Testing
import Torch
import VideoModels

/// Checkpoints that the authors' code saved, with width 8 and random weights and statistics, and their outputs without
/// dropout.
@Suite(.enabled(if: shared("fixtures") != nil, "needs the checkpoints of ../shared/fixtures"))
struct FixtureTests {
  @Test(arguments: [
    ("r2d3d18-w8-mosi", Architecture.r2d3d18, VideoClassifier.Head.Kind.pretext, 9),
    ("r2plus1d10-w8-mosi", .r2plus1d10, .pretext, 9),
    ("r2d3d18-w8-hmdb51", .r2d3d18, .actions, 51),
  ])
  func theAuthorsNumbersAreReproduced(
    name: String, architecture: Architecture, head: VideoClassifier.Head.Kind, classes: Int
  ) throws {
    let path = try #require(shared("fixtures")) + "/\(name)"
    let tensors = try PyTorchCheckpoint(contentsOf: path + ".pyth").loadStateDict()
    let state = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.tensor) })
    let network = try RecognizedNetwork(shapes: state.mapValues(\.shape))
    #expect(network.names == .mosi && network.epsilon == 1e-3)
    #expect(network.architecture == architecture && network.width == 8)
    #expect(network.head?.kind == head && network.head?.classes == classes)
    let model = try classifier(network, state)

    let keys = try String(contentsOfFile: path + ".keys.txt", encoding: .utf8)
      .split(separator: "\n").map(String.init)
    let names = try #require(architecture.tensorNames(.mosi, head: head))
    #expect(keys == tensors.map { "\($0.name) \($0.tensor.shape)" })
    #expect(keys.sorted() == model.state.map { "\(names[$0.name]!) \($0.tensor.shape)" }.sorted())

    let file = try Safetensors(contentsOf: path + ".io.safetensors").tensors
    func tensor(_ name: String) throws -> Tensor { try #require(file[name], "\(name)") }
    let gradient = try #require(file.first { $0.key.hasPrefix("grad.") })
    let computed = Computed(
      features: try tensor("eval_features"), logits: try tensor("eval_logits"),
      trainingLogits: try tensor("train_logits"), loss: try tensor("train_loss"),
      gradient: (String(gradient.key.dropFirst("grad.".count)), gradient.value))
    try computed.expect(of: model, clips: tensor("clips"), labels: tensor("labels"))
  }
}
