import Foundation
import TestSupport
import Testing
import Torch
import VideoModels

@Suite struct VisionTransformerTests {
  /// A small network of few blocks, two of which share no stage.
  private func network(_ generator: Generator = Generator(seed: 1), dropPath: Double = 0)
    -> VisionTransformer
  {
    VisionTransformer(
      .init(cube: Extent3(2, 8, 8), width: 12, blocks: 2, heads: 3), dropPath: dropPath,
      using: generator)
  }

  private struct Golden: Decodable {
    struct Values: Decodable {
      let shape: [Int]
      let values: [Double]
      var tensor: Tensor { Tensor(values, shape: shape) }
    }
    let state: [String: [Int]]
    let features, logits, heat: Values
    let loss: Double
    let gradients: [String: Double]
  }

  @Test func theNetworkIsThatOfPyTorch() throws {
    let golden = try Bundle.module.golden("videomae", as: Golden.self)
    let network = try RecognizedNetwork(shapes: golden.state, expecting: .vitTiny)
    #expect(network.names == .videomae && network.architecture == .vitTiny && network.width == 4)
    #expect(network.others == [] && network.prefix == "" && network.epsilon == 1e-6)
    let model = try classifier(network, keyedState(golden.state))
    let names = try #require(Architecture.vitTiny.tensorNames(.videomae, head: .actions))
    let clips = keyed([54], [3, 3, 4, 16, 24], -1...1)
    #expect(greatestDifference(model.features(clips), golden.features.tensor) < 1e-5)
    #expect(greatestDifference(model(clips), golden.logits.tensor) < 1e-5)
    let loss = crossEntropy(model(clips), Tensor([2, 7, 0]))
    #expect(abs(loss.item - golden.loss) < 1e-5)
    loss.backward()
    for parameter in model.parameters {
      let norm = try #require(parameter.tensor.gradient).norm
      let expected = try #require(golden.gradients[names[parameter.name]!])
      #expect(abs(norm - expected) < 1e-5 + 1e-4 * expected, "\(parameter.name)")
    }
  }

  /// The relevance of tokens is that of the published formulas, for each clip on its own, and leaves the network as it is.
  @Test func attentionIsEvidenceForALabel() throws {
    let golden = try Bundle.module.golden("videomae", as: Golden.self)
    let network = try RecognizedNetwork(shapes: golden.state, expecting: .vitTiny)
    let model = try classifier(network, keyedState(golden.state))
    let clips = keyed([54], [3, 3, 4, 16, 24], -1...1)
    model.train(true)
    for parameter in model.parameters { parameter.tensor.requiresGradient = false }
    let found = withoutGradients { model.heat(clips, by: .attention, labels: [2, 7, 0]) }
    #expect(model.isTraining && found.labels == [2, 7, 0])
    #expect(found.coarse.shape == [3, 2, 2, 3] && found.maps.shape == [3, 4, 16, 24])
    let expected = golden.heat.tensor
    let greatest = expected.max([0, 1]).item
    #expect(greatest > 0)
    #expect(greatestDifference(found.coarse.flattened(from: 1), expected) < 1e-4 * greatest)
    #expect(greatestDifference(found.logits, golden.logits.tensor) < 1e-5)
    #expect(abs(found.maps.max([1, 2, 3]).min([0]).item - 1) < 1e-6)

    let single = model.heat(clips.sliced(0, 1..<2), by: .attention, among: [7])
    #expect(single.labels == [7])
    #expect(single.coarse.isEqual(to: found.coarse.sliced(0, 1..<2)))
  }

  /// A map has a cell for each cube, of which nothing but its own pixels is in the first stage.
  @Test func mapsHaveACellForEachCube() {
    let network = network()
    let clips = keyed([1], [2, 3, 4, 16, 24], -1...1)
    withoutGradients {
      #expect(
        network.stageOutputs(clips).map(\.shape) == Array(repeating: [2, 12, 2, 2, 3], count: 5))
      let other = clips.clone()
      _ = other.selected(2, 2).selected(2, 9).selected(2, 20).fill(3)
      let changes = (network.output(of: .conv1, other) - network.output(of: .conv1, clips))
        .absolute().sum([0, 1]).flattened().doubles
      // Time 1, row 1, column 2.
      #expect(changes.indices.filter { changes[$0] > 0 } == [11])
      // All places see the change in the end.
      let last = (network(other) - network(clips)).absolute().sum([0, 1]).flattened().doubles
      #expect(last.allSatisfy { $0 > 0 })
    }
  }

  /// Tokens that are kept do not depend on those that are left out; all of them are the map.
  @Test func keptTokensAreThoseOfTheMap() {
    let network = network()
    let clips = keyed([1], [2, 3, 4, 16, 24], -1...1)
    let all = Tensor((0..<2).flatMap { _ in 0..<12 }, shape: [2, 12])
    let some = Tensor([7, 0, 11, 2, 3, 4], shape: [2, 3])
    withoutGradients {
      let map = network(clips).flattened(from: 2).permuted([0, 2, 1])
      #expect(greatestDifference(network.tokens(clips, keeping: all), map) < 1e-6)
      let kept = network.tokens(clips, keeping: some)
      #expect(kept.shape == [2, 3, 12])
      #expect(greatestDifference(kept, map.rows(at: some)) > 1e-3)
      let other = clips.clone()
      // Cube 6 of the first clip is not kept.
      _ = other.selected(0, 0).sliced(1, 2..<4).sliced(2, 0..<8).sliced(3, 0..<8).fill(2)
      #expect(network.tokens(other, keeping: some).isEqual(to: kept))
    }
  }

  @Test func cubesAreCutAndJoined() {
    let cubes = ClipCubes(Extent3(2, 3, 4))
    let clips = keyed([1], [2, 3, 4, 6, 12], -1...1)
    let cut = cubes.cut(clips)
    #expect(cut.shape == [2, 12, 24, 3])
    // Cube 8: time 1, row 0, column 2; pixel 17: frame 1, row 1, column 1.
    #expect(
      cut.selected(0, 1).selected(0, 8).selected(0, 17).doubles
        == clips.selected(0, 1).selected(1, 3).selected(1, 1).selected(1, 9).doubles)
    #expect(cubes.joined(cut, grid: Extent3(2, 2, 3)).isEqual(to: clips))
    // Only some of them, of clips with a frame, a row and a column that fill no cube.
    let larger = keyed([2], [2, 3, 5, 7, 13], -1...1)
    let places = Tensor([7, 0, 3, 11, 11, 2], shape: [2, 3])
    #expect(cubes.cut(larger, at: places).isEqual(to: cubes.cut(larger).rows(at: places)))
  }

  /// A frame, rows and columns that fill no cube are not seen.
  @Test func theRestOfAClipIsNotSeen() {
    let network = network()
    let clips = keyed([1], [1, 3, 5, 19, 30], -1...1)
    let whole = clips.sliced(2, 0..<4).sliced(3, 0..<16).sliced(4, 0..<24)
    withoutGradients { #expect(network(clips).isEqual(to: network(whole))) }
  }

  /// Layers count from the embedding through the blocks to what follows; a convolutional network has its stages.
  @Test func parametersHaveLayers() {
    let network = network()
    let layers = Dictionary(
      uniqueKeysWithValues: network.parameters.map { ($0.name, network.layerIndex(of: $0.name)) })
    #expect(network.layerCount == 4)
    #expect(layers["conv1.proj.weight"] == 0 && layers["fc_norm.bias"] == 3)
    #expect(layers["conv3.block_1.norm1.bias"] == 1 && layers["conv5.block_1.mlp.fc2.weight"] == 2)
    let base = Architecture.vitBase.makeBackbone(width: 1, using: .meta)
    #expect(base.layerIndex(of: "conv4.block_3.attn.q_bias") == 9 && base.layerCount == 14)
    let other = Architecture.r2d3d18.makeBackbone(width: 1, using: .meta)
    #expect(other.layerIndex(of: "conv1.a.weight") == 0 && other.layerCount == 6)
    #expect(other.layerIndex(of: "conv5.res_2.conv_branch.b_bn.bias") == 4)
    // What AdamW's groups rely on: only weights have several axes.
    for network in [network, base, other] {
      #expect(
        network.parameters.allSatisfy { ($0.role == .weight) == ($0.tensor.rank > 1) })
    }
  }

  /// Drop path leaves out whole branches of some clips, and keeps their mean; it repeats with its generator.
  @Test func dropPathLeavesOutBranches() {
    let layer = DropPath(0.25)
    layer.setGenerator(Generator(seed: 3))
    let output = layer(Tensor.ones([4000, 2, 3]))
    let sums = output.sum([1, 2]).doubles
    #expect(sums.allSatisfy { $0 == 0 || abs($0 - 8) < 1e-5 })
    #expect(abs(sums.reduce(0, +) / 4000 - 6) < 0.2)
    layer.train(false)
    #expect(layer(output).isEqual(to: output))

    let clips = keyed([1], [4, 3, 4, 16, 16], -1...1)
    func map(_ dropPath: Double, seed: UInt64) -> Tensor {
      let network = network(dropPath: dropPath)
      network.setGenerator(Generator(seed: seed))
      return withoutGradients { network(clips) }
    }
    #expect(map(0.5, seed: 1).isEqual(to: map(0.5, seed: 1)))
    #expect(!map(0.5, seed: 1).isEqual(to: map(0.5, seed: 2)))
    #expect(map(0, seed: 1).isEqual(to: map(0, seed: 2)))
  }

  /// The first block is never left out: only from the second one on do maps depend on what is drawn.
  @Test func dropPathRisesFromBlockToBlock() {
    let clips = keyed([1], [4, 3, 4, 16, 16], -1...1)
    func maps(seed: UInt64) -> [Tensor] {
      let network = network(dropPath: 0.5)
      network.setGenerator(Generator(seed: seed))
      var map = clips
      return withoutGradients {
        network.stages.map { stage in
          map = stage.module(map)
          return map
        }
      }
    }
    for (name, (one, other)) in zip(StageName.allCases, zip(maps(seed: 1), maps(seed: 2))) {
      #expect(one.isEqual(to: other) == (name != .conv5), "\(name)")
    }
  }

  /// The sizes of VideoMAE's networks: 21.9 M, 86.2 M, 303.9 M and 631.6 M parameters without the normalization of features.
  @Test func networksHaveTheirSizes() {
    let sizes: [(Architecture, Double)] = [
      (.vitSmall, 21.9), (.vitBase, 86.2), (.vitLarge, 303.9), (.vitHuge, 631.6),
    ]
    for (architecture, millions) in sizes {
      let network = architecture.makeBackbone(using: .meta)
      #expect(abs(Double(network.parameterCount) / 1e6 - millions) < 0.06, "\(architecture)")
    }
  }

  /// Attention counts as operations; nothing is computed for it.
  @Test func theCostHasTheAttention() {
    // 16 x 224 x 224: 1568 tokens; the embedding, then for each token 12 D² + 2 K D multiply-adds a block.
    let cost = Architecture.vitBase.cost(
      width: 64, classes: 1, frames: 16, height: 224, clipWidth: 224)
    let (tokens, width) = (1568, 768)
    let block = tokens * (12 * width * width + 2 * tokens * width)
    #expect(cost.operations == 2 * (tokens * 1536 * width + 12 * block + width))
    #expect(cost.convolutionOutputs == 12 * 3 * tokens * width)
  }

  /// Cubes that do not enter the network cost nothing: neither their embedding nor attention to them.
  @Test func hiddenCubesCostNothing() {
    let cost = Architecture.vitTiny.cost(
      width: 64, classes: 9, frames: 8, height: 56, clipWidth: 56, visibleCubes: 52)
    let (tokens, width) = (52, 192)
    let block = tokens * (12 * width * width + 2 * tokens * width)
    #expect(cost.operations == 2 * (tokens * 384 * width + 8 * block))
    let network = VideoClassifier(.vitTiny, width: 64, classes: 9, using: .meta)
    #expect(cost.parameters == network.parameterCount)
  }

  /// Positions of other sizes are the same rule over other numbers; tables of one size are made once.
  @Test func positionsFollowTheRule() {
    let positions = TokenPositions(width: 6, scheme: .number)
    let table = positions.table(Extent3(1, 1, 5), on: .cpu)
    #expect(table === positions.table(Extent3(1, 1, 5), on: .cpu))
    let angle = 3 / pow(10_000, 2.0 / 6)
    #expect(abs(table.selected(0, 3).doubles[2] - sin(angle)) < 1e-6)
    #expect(abs(table.selected(0, 3).doubles[3] - cos(angle)) < 1e-6)
    #expect(positions.table(Extent3(1, 3, 3), on: .cpu).sliced(0, 0..<5).isEqual(to: table))
  }

  /// Each of time, row and column has features of its own, and each token others.
  @Test func positionsByAxesTellTimeRowAndColumn() {
    let positions = TokenPositions(width: 16, scheme: .axes)
    let grid = Extent3(2, 3, 4)
    let table = positions.table(grid, on: .cpu)
    let rows = (0..<24).map { table.selected(0, $0).doubles }
    for (place, row) in rows.enumerated() {
      let (time, y, x) = (place / 12, place / 4 % 3, place % 4)
      func expect(_ features: Range<Int>, _ coordinate: Int) {
        for (number, value) in row[features].enumerated() {
          let angle = Double(coordinate) / pow(100, Double(number / 2 * 2) / Double(features.count))
          #expect(abs(value - (number % 2 == 0 ? sin(angle) : cos(angle))) < 1e-6)
        }
      }
      expect(0..<4, time)
      expect(4..<8, y)
      expect(8..<16, x)
    }
    #expect(Set(rows).count == 24)
    let places = Tensor([7, 22], shape: [1, 2])
    let chosen = positions.rows(at: places, of: grid).selected(0, 0)
    #expect(chosen.selected(0, 0).doubles == rows[7] && chosen.selected(0, 1).doubles == rows[22])
  }
}
