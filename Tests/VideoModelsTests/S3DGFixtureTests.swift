import TestSupport
import Testing
import Torch
import VideoModels

/// S3D-G as CoCLR's code computed it in float64.
@Suite(.enabled(if: PretextFixtures.exist, .init(rawValue: PretextFixtures.absence)))
struct S3DGFixtureTests {
  /// The gains of convolutions make the gates and the input matter: see the fixtures' README.
  @Test(arguments: ["coclr.eval", "coclr.eval_gain", "coclr_slow.eval"])
  func theNetworkIsCoCLRs(run: String) throws {
    let state = try PretextFixtures.state("s3dg-coclr")
    let recognized = try RecognizedNetwork(shapes: state.mapValues(\.shape))
    #expect(recognized.names == .coclr && recognized.architecture == .s3dg)
    let table = try #require(Architecture.s3dg.tensorNames(.coclr, head: nil))
    #expect(Set(table.values) == Set(state.keys))
    let network = S3DG(
      strides: .init(conv1: run == "coclr_slow.eval" ? 1 : 2, conv4: 2, conv5: 2),
      epsilon: recognized.epsilon, using: Generator(seed: 1))
    let own = recognized.ownState(state).map { name, tensor in
      let gain: Double = run == "coclr.eval_gain" && tensor.rank == 5 ? 1.5 : 1
      return (String(name.dropFirst("backbone.".count)), gain == 1 ? tensor : tensor * gain)
    }
    try network.load(Dictionary(uniqueKeysWithValues: own))
    network.train(false)
    let fixtures = try PretextFixtures("s3dg")
    func deviation(_ found: Tensor, _ what: String) throws -> Double {
      try fixtures.deviation(found, "\(run).\(what)")
    }
    let stages = withoutGradients {
      network.stageOutputs(PretextFixtures.input([2, 3, 16, 64, 64]))
    }
    #expect(try deviation(stages[4].globalAveragePool(), "features") < 1)
    #expect(
      try deviation(
        run == "coclr_slow.eval" ? PretextFixtures.sample(stages[4]) : stages[4], "map") < 1)
    let taps: [(Int, String)] =
      switch run {
      case "coclr.eval": [(0, "Conv_1a"), (1, "Conv_2c"), (2, "Mixed_3c"), (3, "Mixed_4f")]
      case "coclr_slow.eval": [(0, "Conv_1a"), (3, "Mixed_4f")]
      default: []
      }
    for (stage, tap) in taps {
      #expect(
        try deviation(PretextFixtures.sample(stages[stage]), "tap/\(tap)") < 1, "\(tap)")
    }
  }

  /// CoCLR's files have each tensor twice, below the attribute of its queries' encoder, and other tensors. The second names
  /// are not among the others.
  @Test func filesOfCoCLRAreRecognized() throws {
    var shapes: [String: [Int]] = ["queue": [128, 2048], "encoder_q.1.weight": [128, 1024]]
    for (name, tensor) in try PretextFixtures.state("s3dg-coclr") {
      shapes["encoder_q.0.\(name)"] = tensor.shape
    }
    shapes["encoder_q.0.block1.0.conv1.weight"] = [64, 3, 1, 7, 7]
    let recognized = try RecognizedNetwork(shapes: shapes)
    #expect(recognized.names == .coclr && recognized.prefix == "encoder_q.0.")
    #expect(recognized.others == ["encoder_q.1.weight", "queue"])
  }
}
