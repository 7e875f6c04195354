import TestSupport
import Testing
import Torch
import VideoModels

/// OPN's own network.
@Suite struct OPNTests {
  /// Frames of 80 x 80, OPN's: sides of 18 and 9 before the first two poolings, then 4, then the 2 that fc6 sees at once. On
  /// larger frames, fc6 has several places.
  @Test func stagesHaveTheirShapes() {
    let network = Architecture.opn.makeBackbone(width: 96, using: .meta)
    #expect(
      network.stageShapes([2, 3, 5, 80, 80]) == [
        [2, 96, 5, 9, 9], [2, 256, 5, 4, 4], [2, 384, 5, 4, 4], [2, 384, 5, 4, 4],
        [2, 1024, 5, 1, 1],
      ])
    #expect(
      network.stageShapes([1, 3, 16, 112, 112]).map { $0.suffix(3) } == [
        [16, 13, 13], [16, 6, 6], [16, 6, 6], [16, 6, 6], [16, 2, 2],
      ])
    #expect(network.featureCount == 1024 && Architecture.opn.defaultEpsilon == 1e-5)
    #expect(network.outputShape([1, 3, 1, 71, 71]) == [1, 1024, 1, 1, 1])
    #expect(Architecture.opn.minimalClip == Extent3(1, 71, 71))
    #expect(Architecture.opn.latestStage(frames: 1, height: 80, width: 80) == .conv4)
  }

  /// By hand: convolutions with bias, of which conv2, conv4 and conv5 have two groups; scales and shifts from conv3 on.
  @Test func costsAreThoseOfItsLayers() {
    let full = Architecture.opn.makeBackbone(width: 96, using: .meta)
    #expect(
      full.parameterCount == 96 * (3 * 121 + 1) + 256 * (48 * 25 + 1) + 384 * (256 * 9 + 3)
        + 384 * (192 * 9 + 3) + 256 * (192 * 9 + 3) + 1024 * (256 * 4 + 3))
    #expect(full.parameterCount == 3_387_776)
    let cost = Architecture.opn.cost(width: 6, classes: 5, frames: 1, height: 80, clipWidth: 80)
    #expect(
      cost.parameters == 6 * (3 * 121 + 1) + 16 * (3 * 25 + 1) + 24 * (16 * 9 + 3)
        + 24 * (12 * 9 + 3) + 16 * (12 * 9 + 3) + 64 * (16 * 4 + 3) + 5 * 65)
    // Outputs at 18 x 18, 9 x 9, three times 4 x 4 places and one.
    let multiplyAdds =
      18 * 18 * 6 * 3 * 121 + 9 * 9 * 16 * 3 * 25
      + 4 * 4 * (24 * 16 * 9 + 24 * 12 * 9 + 16 * 12 * 9) + 64 * 16 * 4 + 5 * 64
    #expect(cost.operations == 2 * multiplyAdds)
  }

  @Test(arguments: [(1, 1), (3, 3), (4, 2), (96, 48)])
  func anOddNumberOfChannelsIsOneGroup(width: Int, seen: Int) throws {
    let shapes = Architecture.opn.makeBackbone(width: width, using: .meta).shapes
    #expect(shapes["conv2.a.weight"]?[1] == seen)
    #expect(shapes["conv4.a.weight"] == [4 * width, 2 * width, 1, 3, 3])
  }

  /// The features of a clip are the mean of those of its frames.
  @Test func framesAreSeenAlone() {
    let network = Architecture.opn.makeBackbone(width: 4, using: Generator(seed: 1))
    network.train(false)
    let clips = keyed([1], [2, 3, 3, 80, 90], -1...1)
    withoutGradients {
      let frames = (0..<3).map { network.features(clips.sliced(2, $0..<$0 + 1)) }
      #expect(relativeDifference(Tensor.stacked(frames).mean([0]), network.features(clips)) < 1e-5)
      #expect(relativeDifference(frames[0], frames[1]) > 1e-3)
    }
  }

  /// Neither poolings nor response normalizations stop gradients on their way to the first layers, whose biases matter.
  @Test func gradientsReachTheFirstLayers() throws {
    let network = Architecture.opn.makeBackbone(width: 6, using: Generator(seed: 1))
    let map = network(keyed([2], [3, 3, 1, 80, 80], -1...1))
    (map * keyed([3], map.shape, -1...1)).sum().backward()
    for name in ["conv1.a.weight", "conv1.a.bias", "conv2.a.weight", "conv2.a.bias"] {
      let parameter = try #require(network.parameters.first { $0.name == name })
      #expect((parameter.tensor.gradient?.norm ?? 0) > 1e-4, "\(name)")
    }
  }

  /// What comes before fc6's ReLU.
  @Test func theOutputBeforeTheReLUIsKnown() {
    let network = Architecture.opn.makeBackbone(width: 4, using: Generator(seed: 1))
    network.train(false)
    let clips = keyed([4], [2, 3, 2, 80, 80], -1...1)
    withoutGradients {
      let map = network.unrectified(clips)
      #expect(map.min([0, 1, 2, 3, 4]).item < 0)
      #expect(map.relu().isEqual(to: network(clips)))
    }
  }
}
