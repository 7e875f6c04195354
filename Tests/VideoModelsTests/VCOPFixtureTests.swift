import Foundation
import TestSupport
import Testing
import Torch
import VideoModels

/// VCOP's C3D as its authors' code computed it in float64: ../shared/fixtures/pretext-tasks, whose README has the rule by
/// which weights and clips follow from their names.
@Suite(
  .enabled(
    if: shared("fixtures/pretext-tasks") != nil,
    "needs the numbers of ../shared/fixtures/pretext-tasks"))
struct VCOPFixtureTests {
  private func path(_ name: String) throws -> String {
    try #require(shared("fixtures/pretext-tasks/\(name)"))
  }

  private func json<Value: Decodable>(_ name: String, _: Value.Type) throws -> Value {
    try JSONDecoder().decode(
      Value.self, from: Data(contentsOf: URL(fileURLWithPath: path(name))))
  }

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
    let examples = try json("fill.json", [Example].self)
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

  /// All tensors of the official state dict, in order.
  private func names() throws -> [(name: String, shape: [Int], kind: String)] {
    try String(contentsOfFile: path("vcop-c3d.names.txt"), encoding: .utf8)
      .split(separator: "\n").map { line in
        // conv1.weight [64, 3, 3, 3, 3] weight
        let words = line.split(whereSeparator: { " [],".contains($0) }).map(String.init)
        return (words[0], words.dropFirst().dropLast().map { Int($0)! }, words.last!)
      }
  }

  @Test func c3dIsTheOfficialOne() throws {
    let state = Dictionary(
      uniqueKeysWithValues: try names().map {
        ($0.name, FillRule(name: $0.name).tensor($0.shape, kind: $0.kind))
      })
    let network = try RecognizedNetwork(shapes: state.mapValues(\.shape))
    #expect(network.names == .vcop && network.architecture == .c3d && network.width == 64)
    #expect(network.head == nil && network.epsilon == 1e-5)
    let table = try #require(Architecture.c3d.tensorNames(.vcop, head: nil))
    #expect(try Set(table.values) == Set(names().map(\.name)))

    struct Tolerance: Decodable {
      let suggested: Double?

      enum CodingKeys: String, CodingKey {
        case suggested = "suggested_tolerance"
      }
    }
    let tolerances = try #require(
      json("tolerance.json", [String: [String: Tolerance]].self)["vcop"])
    let expected = try Safetensors(contentsOf: path("vcop.safetensors")).tensors
    func deviation(_ found: Tensor, _ key: String) throws -> Double {
      greatestDifference(found, try #require(expected["c3d.eval." + key]))
        / (try #require(tolerances["c3d.eval." + key])).suggested!
    }
    let clips = FillRule(name: "input").tensor([2, 3, 16, 56, 56], kind: "-")
    func outputs(epsilon: Double) throws -> [Tensor] {
      let backbone = Architecture.c3d.makeBackbone(
        epsilon: epsilon, using: Generator(seed: 1))
      let own = network.ownState(state)
      try backbone.load(
        Dictionary(
          uniqueKeysWithValues: own.map { (String($0.key.dropFirst("backbone.".count)), $0.value) })
      )
      backbone.train(false)
      return withoutGradients { backbone.stageOutputs(clips) }
    }
    let stages = try outputs(epsilon: network.epsilon)
    #expect(try deviation(stages[4].globalAveragePool(), "features") < 1)
    for (stage, layer) in zip(stages, ["pool1", "pool2", "pool3", "pool4", "relu5b"]) {
      let count = stage.count
      let places = Tensor((0..<min(count, 2048)).map { $0 * 7919 % count })
      let sample = stage.contiguous().flattened().selected(0, indices: places)
      #expect(try deviation(sample, "tap/\(layer)") < 1, "\(layer)")
    }
    // The numbers distinguish epsilons.
    #expect(try deviation(outputs(epsilon: 1e-3)[4].globalAveragePool(), "features") > 100)
  }
}

/// Numbers that follow from a name: splitmix64, seeded with the name's 64-bit FNV-1a hash.
private struct FillRule {
  private let seed: UInt64

  init(name: String) {
    seed = name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  func output(_ index: Int) -> UInt64 {
    var z = seed &+ UInt64(index + 1) &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  /// - Parameter kind: as in the fixtures' lists of names; "-" for inputs.
  func tensor(_ shape: [Int], kind: String) -> Tensor {
    if kind == "count" { return .zeros(shape, dtype: .int64) }
    let bound = (3 / Double(shape.dropFirst().reduce(1, *))).squareRoot()
    let value: (Double) -> Double =
      switch kind {
      case "weight": { (2 * $0 - 1) * bound }
      case "bias", "bn-mean": { (2 * $0 - 1) * 0.1 }
      case "bn-bias": { (2 * $0 - 1) * 0.2 }
      case "bn-weight", "bn-var": { 0.5 + $0 }
      default: { (2 * $0 - 1) * 2 }
      }
    let values = (0..<shape.reduce(1, *)).map { Float(value(Double(output($0) >> 11) * 0x1p-53)) }
    return Tensor(values, shape: shape)
  }
}
