import TestSupport
import Testing
import Torch
import VideoModels

/// VCOP's networks as its authors' code computed them in float64.
@Suite(.enabled(if: PretextFixtures.exist, .init(rawValue: PretextFixtures.absence)))
struct VCOPFixtureTests {
  /// The generator's output for the fixtures' own examples, so that a failure below is that of the network.
  @Test func theFillRuleIsTheFixtures() throws {
    struct Example: Decodable {
      let hashed: String
      let shape: [Int]
      let kind: String
      let outputs: [String]
      let first: [Double]
      let last: Double

      enum CodingKeys: String, CodingKey {
        case hashed, shape, kind, outputs, last
        case first = "first_3"
      }
    }
    let examples = try PretextFixtures.json("fill.json", [Example].self)
    #expect(examples.count == 12)
    for example in examples {
      let stream = FillRule(name: example.hashed)
      let outputs = example.outputs.map { UInt64($0.dropFirst("0x".count), radix: 16) }
      #expect((0..<3).map { stream.output($0) } == outputs)
      let values = stream.tensor(example.shape, kind: example.kind).flattened()
      #expect(values.sliced(0, 0..<3).array(of: Float.self) == example.first.map(Float.init))
      #expect(values.selected(0, -1).item == Double(Float(example.last)))
    }
  }

  private static let residualTaps = ["relu1", "conv2", "conv3", "conv4", "conv5"]

  @Test(arguments: [
    (Architecture.c3d, "c3d", ["pool1", "pool2", "pool3", "pool4", "relu5b"]),
    (.r3d10, "r3d", residualTaps), (.vcopR2plus1d10, "r21d", residualTaps),
  ])
  func networksAreTheOfficialOnes(architecture: Architecture, name: String, taps: [String]) throws {
    let state = try PretextFixtures.state("vcop-\(name)")
    let network = try RecognizedNetwork(shapes: state.mapValues(\.shape))
    #expect(network.names == .vcop && network.architecture == architecture && network.width == 64)
    #expect(network.head == nil && network.epsilon == 1e-5)
    let table = try #require(architecture.tensorNames(.vcop, head: nil))
    #expect(Set(table.values) == Set(state.keys))

    let clips = PretextFixtures.input([2, 3, 16, 56, 56])
    let fixtures = try PretextFixtures("vcop")
    func outputs(epsilon: Double) throws -> [Tensor] {
      let backbone = architecture.makeBackbone(epsilon: epsilon, using: Generator(seed: 1))
      let own = network.ownState(state)
      try backbone.load(
        Dictionary(
          uniqueKeysWithValues: own.map { (String($0.key.dropFirst("backbone.".count)), $0.value) })
      )
      backbone.train(false)
      return withoutGradients { backbone.stageOutputs(clips) }
    }
    func deviation(_ found: Tensor, _ what: String) throws -> Double {
      try fixtures.deviation(found, "\(name).eval.\(what)")
    }
    let stages = try outputs(epsilon: network.epsilon)
    #expect(try deviation(stages[4].globalAveragePool(), "features") < 1)
    for (stage, layer) in zip(stages, taps) {
      #expect(try deviation(PretextFixtures.sample(stage), "tap/\(layer)") < 1, "\(layer)")
    }
    // The numbers distinguish epsilons.
    #expect(try deviation(outputs(epsilon: 1e-3)[4].globalAveragePool(), "features") > 100)
  }
}
