import KeyedRandom
import TestSupport
import Testing
import Torch
import VideoModels

/// Networks with convolutions.
private let convolutional = Architecture.allCases.filter { !$0.isTransformer }

/// Whole networks, with convolutions by the fastest algorithms and directly.
@Suite struct ConvolutionAlgorithmsTests {
  @Test(arguments: convolutional)
  func logitsAtFullWidthAreThoseOfDirectConvolutions(architecture: Architecture) {
    let model = classifier(architecture, width: 64, classes: 101, kind: .actions)
    model.train(false)
    let clips = keyed([7], clipShape(1, for: architecture, side: 56), -2...2)
    func logits(_ convolutions: Runtime.Convolutions) -> Tensor {
      withoutGradients { Runtime.withConvolutions(convolutions) { model(clips) } }
    }
    let (fast, direct) = (logits(.fastest), logits(.direct))
    #expect(fast.doubles != direct.doubles)
    #expect(relativeDifference(fast, direct) < 1e-5)
    #expect(greatestDifference(fast, direct) < 1e-4)
  }

  /// While autograd records, normalizations are computed after their convolutions.
  @Test(arguments: convolutional)
  func convolutionsThatTakeOverNormalizationsGiveTheSame(architecture: Architecture) throws {
    let model = classifier(architecture, width: 16)
    model.train(false)
    let clips = keyed([7], clipShape(2, for: architecture), -2...2)
    for state in [keyedState(model.shapes), classifier(architecture, width: 16).state.byName] {
      // Nothing of other weights may remain.
      try model.load(state)
      for convolutions in [Runtime.Convolutions.fastest, .direct] {
        Runtime.withConvolutions(convolutions) {
          let folded = withoutGradients { model(clips) }
          let composed = withGradients { model(clips) }
          #expect(folded.doubles != composed.doubles)
          #expect(relativeDifference(folded, composed) < 1e-5)
        }
      }
    }
  }

  /// Two steps: losses, gradients and running statistics.
  @Test(arguments: Architecture.allCases)
  func activationCheckpointingGivesTheSameBits(architecture: Architecture) throws {
    let clips = keyed([8], clipShape(2, for: architecture), -2...2)
    func results(checkpoints: Bool) throws -> [[Double]] {
      let model = classifier(architecture, width: 8, dropout: 0.5)
      model.backbone.checkpointsActivations = checkpoints
      let losses = (0..<2).map { _ in
        let loss = crossEntropy(model(clips), Tensor([0, 1]))
        loss.backward()
        return loss.item
      }
      return try [losses] + model.parameters.map { try #require($0.tensor.gradient).doubles }
        + model.buffers.map(\.tensor.doubles)
    }
    #expect(try results(checkpoints: true) == results(checkpoints: false))
  }

  /// Rounding errors change the sign of some activation near zero and the winner of some pooling, and with them gradients:
  /// those of direct convolutions differ from float64 by up to 2e-3 here.
  @Test(arguments: convolutional)
  func gradientsOfWeightsAreNearFloat64(architecture: Architecture) throws {
    let clips = keyed([8], clipShape(4, for: architecture), -2...2)
    let labels = Tensor([0, 1, 2, 3])
    func gradients(_ convolutions: Runtime.Convolutions, inFloat64: Bool = false) throws -> [Tensor]
    {
      let model = classifier(architecture, width: 16)
      if inFloat64 { model.useFloat64() }
      return try Runtime.withConvolutions(convolutions) {
        crossEntropy(model(inFloat64 ? clips.to(.float64) : clips), labels).backward()
        return try model.parameters.map {
          try #require($0.tensor.gradient).to(.float64).flattened()
        }
      }
    }
    let exact = Tensor.concatenated(try gradients(.direct, inFloat64: true))
    let fast = relativeDifference(.concatenated(try gradients(.fastest)), exact)
    #expect(fast < 0.05)
  }
}
