import Foundation
import TestSupport
import Testing
import Torch
import VideoModels

/// Compares 50 training steps with PyTorch's, written by make_goldens.py: schedule, weight decay except for
/// normalizations, optimizer, clipping, average.
///
/// In float64 on both sides: in float32, rounding errors grow over so many steps of a network with normalizations to 4e-3
/// between PyTorch's two memory layouts with Adam, and 4e-2 with SGD.
@Suite struct FiftyStepsTests {
  /// The golden's tensors by the names of the model. The golden concatenates them, sorted by name.
  private func split(_ flat: Tensor, like model: VideoClassifier) -> [String: Tensor] {
    var start = 0
    var parts: [String: Tensor] = [:]
    for (name, tensor) in model.state.sorted(by: { $0.name < $1.name })
    where tensor.dtype.isFloatingPoint {
      parts[name] = flat.sliced(0, start..<(start + tensor.count)).reshaped(tensor.shape)
      start += tensor.count
    }
    #expect(start == flat.count)
    return parts
  }

  /// Prepared for training in float64.
  private func model(_ architecture: Architecture) throws -> VideoClassifier {
    let model = classifier(architecture, width: 2)
    try model.load(keyedState(model.shapes))
    model.useFloat64()
    model.train()
    return model
  }

  private func expect(
    _ state: StateDictionary, of model: VideoClassifier, toBe flat: Tensor?
  ) throws {
    let expected = split(try #require(flat), like: model)
    for (name, tensor) in state where tensor.dtype.isFloatingPoint {
      #expect(relativeDifference(tensor, expected[name]!) < 1e-5, "\(name)")
    }
  }

  @Test(arguments: [
    ("r2d3d-18 adam", Architecture.r2d3d18), ("r2plus1d-10 adam", .r2plus1d10),
    ("r2d3d-18 sgd", .r2d3d18), ("r2d3d-18 clipped sgd", .r2d3d18),
  ])
  func theyEndWherePyTorchEnds(run: String, architecture: Architecture) throws {
    let golden = Dictionary(
      uniqueKeysWithValues: try PyTorchCheckpoint(
        contentsOf: Bundle.module.golden(file: "training.pth")
      ).loadStateDict()
        .filter { $0.name.hasPrefix(run + " ") }
        .map { (String($0.name.dropFirst(run.count + 1)), $0.tensor) })
    let model = try model(architecture)
    let groups = ParameterGroup.sparingNormalization(model.parameters, weightDecay: 0.01)
    let isAdam = run.hasSuffix("adam")
    let optimizer: any Optimizer = isAdam ? Adam(groups) : SGD(groups, momentum: 0.9)
    let base = isAdam ? 1e-3 : 2e-3
    let schedule = LearningRateSchedule(
      base: base, warmupStart: base / 10, warmupSteps: 10, totalSteps: 50)
    let average = golden["average"].map { _ in ExponentialMovingAverage(of: model, decay: 0.8) }
    let batches = (0..<5).map { keyed([53, UInt64($0)], [4, 3, 8, 32, 32], -1...1).to(.float64) }
    var losses: [Double] = []
    var norms: [Double] = []
    for step in 0..<50 {
      optimizer.clearGradients()
      let loss = crossEntropy(
        model(batches[step % 5]), Tensor([step % 9, 7, 2, (step + 3) % 9]))
      loss.backward()
      losses.append(loss.item)
      if run.contains("clipped") {
        norms.append(clipGradients(of: model.parameters, toNorm: 12).item)
      }
      optimizer.step(learningRate: schedule.rate(at: step))
      average?.update()
    }
    #expect(relativeDifference(Tensor(losses), try #require(golden["losses"])) < 1e-5)
    try expect(model.state, of: model, toBe: golden["state"])
    if let average { try expect(average.averages, of: model, toBe: golden["average"]) }
    if let expected = golden["norms"] {
      #expect(relativeDifference(Tensor(norms), expected) < 1e-5)
      #expect(norms.contains { $0 < 12 } && norms.contains { $0 > 12 })
    }
  }
}
