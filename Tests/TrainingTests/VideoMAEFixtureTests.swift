import Configuration
import Foundation
import TestSupport
import Testing
import Torch
import Training
import VideoModels

private let folder = PretextFixtures.Folder.videoMAE

/// VideoMAE's fine-tuning as its authors' code computed it in float64.
@Suite(.enabled(if: folder.exists, .init(rawValue: folder.absence)))
struct VideoMAEFixtureTests {
  /// The network of the fixtures, 48 wide with two blocks, with weights by the fill rule.
  ///
  /// - Parameter filledAs: the name by whose hash a tensor is filled.
  private func model(filledAs: (String) -> String = { $0 }) throws -> VideoClassifier {
    let state = try PretextFixtures.state("videomae-finetune", in: folder, filledAs: filledAs)
    let generator = Generator(seed: 1)
    let model = VideoClassifier(
      backbone: VisionTransformer(
        .init(cube: Extent3(2, 8, 8), width: 48, blocks: 2, heads: 3), using: generator),
      head: .init(.actions, features: 48, classes: 5, dropout: 0, using: generator))
    try model.load(
      Dictionary(uniqueKeysWithValues: state.map { (Self.own($0.key), $0.value) }))
    return model
  }

  /// Our name of a tensor of the fixtures: its two blocks are in conv3 and conv5.
  private static func own(_ name: String) -> String {
    if name.hasPrefix("head.") { return "head.out.\(name.dropFirst(5))" }
    return "backbone."
      + name
      .replacingOccurrences(of: "patch_embed.", with: "conv1.")
      .replacingOccurrences(of: "blocks.0.", with: "conv3.block_1.")
      .replacingOccurrences(of: "blocks.1.", with: "conv5.block_1.")
  }

  private func expect(
    _ found: Tensor, _ key: String, _ fixtures: PretextFixtures
  ) throws {
    #expect(try fixtures.deviation(found, key) < 1, "\(key)")
  }

  @Test func featuresAndLogitsAreTheOfficialOnes() throws {
    let fixtures = try PretextFixtures("finetune", in: folder)
    let transferred = { (name: String) in
      name.hasPrefix("fc_norm") || name.hasPrefix("head") ? name : "encoder.\(name)"
    }
    for (run, frames) in [("eval8", 8), ("eval16", 16), ("transfer16", 16)] {
      let model = try model(filledAs: run == "transfer16" ? transferred : { $0 })
      model.train(false)
      let clips = PretextFixtures.input([2, 3, frames, 32, 32])
      try withoutGradients {
        try expect(model.features(clips), "\(run).features", fixtures)
        try expect(model(clips), "\(run).logits", fixtures)
        guard run == "eval8" else { return }
        let outputs = model.backbone.stageOutputs(clips).map {
          PretextFixtures.sample($0.flattened(from: 2).permuted([0, 2, 1]))
        }
        let positions = TokenPositions(width: 48, scheme: .number)
          .table(Extent3(4, 4, 4), on: .cpu)
        let embedded = model.backbone.output(of: .conv1, clips).flattened(from: 2)
          .permuted([0, 2, 1])
        try expect(
          PretextFixtures.sample(embedded - positions), "eval8.tap/patch_embed", fixtures)
        try expect(outputs[2], "eval8.tap/blocks.0", fixtures)
        try expect(outputs[4], "eval8.tap/blocks.1", fixtures)
      }
    }
  }

  @Test func gradientsAreTheOfficialOnes() throws {
    let fixtures = try PretextFixtures("finetune", in: folder)
    let model = try model()
    let labels = try fixtures.tensor("train8.labels")
    let loss = crossEntropy(model(PretextFixtures.input([2, 3, 8, 32, 32])), labels)
    try expect(loss, "train8.loss", fixtures)
    loss.backward()
    let parameters = Dictionary(uniqueKeysWithValues: model.parameters.map { ($0.name, $0.tensor) })
    let norm = "train8.grad_norm/"
    let names = fixtures.keys(norm).map { String($0.dropFirst(norm.count)) }
    #expect(names.count == parameters.count)
    for name in names {
      let gradient = try #require(parameters[Self.own(name)]?.gradient)
      try expect(Tensor([Float(gradient.norm)]), norm + name, fixtures)
      let probe = "train8.grad_probe/\(name)"
      if !fixtures.keys(probe).isEmpty {
        try expect(PretextFixtures.sample(gradient, most: 512), probe, fixtures)
      }
    }
  }

  /// Mixup's clips, classes with label smoothing, and loss.
  @Test func mixedClipsAreTheOfficialOnes() throws {
    let fixtures = try PretextFixtures("finetune", in: folder)
    let labels = try fixtures.tensor("train8.labels")
    let (clips, targets) = ClipMixing.apply(
      .mixup(share: 0.3), to: PretextFixtures.input([2, 3, 8, 32, 32]),
      ClipMixing.targets(labels, classes: 5, smoothing: 0.1))
    try expect(targets, "mixup8.target", fixtures)
    let model = try model()
    try withoutGradients {
      let logits = model(clips)
      try expect(logits, "mixup8.logits", fixtures)
      try expect(crossEntropy(logits, distributions: targets), "mixup8.loss", fixtures)
    }
  }

  private struct Examples: Decodable {
    let groups: [String: [String: [Double]]]

    enum CodingKeys: String, CodingKey { case groups = "parameter_groups" }
  }

  /// The factor of the learning rate and the weight decay of each parameter.
  @Test func layersHaveTheOfficialRates() throws {
    let examples = try PretextFixtures.json("examples.json", Examples.self, in: folder)
    let expected = try #require(examples.groups["finetune wd 0.05 layer_decay 0.7"])
    var settings = OptimizerSettings()
    (settings.kind, settings.layerDecay, settings.weightDecay) = (.adamw, 0.7, 0.05)
    let model = try model()
    let groups = settings.makeOptimizer(for: model, on: model.backbone).groups
    let found = Dictionary(
      uniqueKeysWithValues: groups.flatMap { group in
        group.parameters.map { ($0.name, (group.learningRateScale, group.weightDecay)) }
      })
    #expect(found.count == expected.count)
    for (name, values) in expected {
      let own = try #require(found[Self.own(name)], "\(name)")
      #expect(abs(own.0 - values[0]) < 1e-12 && own.1 == values[1], "\(name)")
    }
  }

  /// The epsilon of layer normalization shows for small inputs.
  @Test func aBlockOfSmallInputsIsTheOfficialOne() throws {
    let fixtures = try PretextFixtures("finetune", in: folder)
    let block = TransformerBlock(width: 48, heads: 3, epsilon: 1e-6, using: Generator(seed: 1))
    let prefix = "blocks.0."
    try block.load(
      Dictionary(
        uniqueKeysWithValues: try PretextFixtures.state("videomae-finetune", in: folder)
          .filter { $0.key.hasPrefix(prefix) }
          .map { (String($0.key.dropFirst(prefix.count)), $0.value) }))
    let input = PretextFixtures.input([2, 10, 48]) * 0x1p-6
    try expect(withoutGradients { block(input) }, "block_low.output", fixtures)
  }
}
