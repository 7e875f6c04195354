import Foundation
import KeyedRandom
import Testing
import Torch
import VideoModels

@Suite struct ArchitectureTests {
  @Test(arguments: [
    (Architecture.r2d3d18, 14_059_849, 13.73), (.r2plus1d10, 14_370_094, 42.67),
  ])
  func costsAreThePapers(architecture: Architecture, parameters: Int, gigaOperations: Double) {
    let cost = architecture.cost(width: 64, classes: 9, frames: 16, height: 112, clipWidth: 112)
    #expect(cost.parameters == parameters)
    #expect((Double(cost.operations) / 1e7).rounded() / 100 == gigaOperations)
  }

  /// torchvision documents the parameters and billions of multiply-adds.
  @Test(arguments: [
    (Architecture.r3d18, 33_371_472, 40.697), (.mc318, 11_695_440, 43.343),
    (.torchvisionR2plus1d18, 31_505_325, 40.519),
  ])
  func costsAreTorchvisions(architecture: Architecture, parameters: Int, multiplyAdds: Double) {
    let cost = architecture.cost(width: 64, classes: 400, frames: 16, height: 112, clipWidth: 112)
    #expect(cost.parameters == parameters)
    #expect((Double(cost.operations) / 2e6).rounded() / 1000 == multiplyAdds)
  }

  /// 27,661,440 without a classifier: VCOP's number.
  @Test func costsOfC3DAreVCOPs() {
    let cost = Architecture.c3d.cost(
      width: 64, classes: 101, frames: 16, height: 112, clipWidth: 112)
    #expect(cost.parameters == 27_661_440 + 101 * 513)
    #expect(Architecture.c3d.minimalClip == Extent3(8, 16, 16))
    #expect(Architecture.c3d.defaultEpsilon == 1e-5 && Architecture.r3d18.defaultEpsilon == 1e-3)
  }

  /// VCOP's numbers of parameters without a classifier.
  @Test(arguments: [(Architecture.r3d10, 14_361_792), (.vcopR2plus1d10, 14_365_303)])
  func costsOfResNetsAreVCOPs(architecture: Architecture, parameters: Int) {
    let cost = architecture.cost(width: 64, classes: 6, frames: 16, height: 112, clipWidth: 112)
    #expect(cost.parameters == parameters + 6 * 513)
    #expect(architecture.defaultEpsilon == 1e-5)
  }

  @Test(arguments: [
    (
      Architecture.c3d,
      [[64, 16, 56, 56], [128, 8, 28, 28], [256, 4, 14, 14], [512, 2, 7, 7], [512, 2, 7, 7]]
    ),
    (
      Architecture.r2d3d18,
      [[64, 16, 28, 28], [64, 16, 28, 28], [128, 16, 14, 14], [256, 8, 7, 7], [256, 4, 4, 4]]
    ),
    (
      .r2plus1d10,
      [[64, 16, 56, 56], [64, 16, 56, 56], [128, 8, 28, 28], [256, 4, 14, 14], [512, 2, 7, 7]]
    ),
    (
      .mc318,
      [
        [64, 16, 56, 56], [64, 16, 56, 56], [128, 16, 28, 28], [256, 16, 14, 14], [512, 16, 7, 7],
      ]
    ),
    (
      .haraR3d18,
      [[64, 8, 28, 28], [64, 8, 28, 28], [128, 4, 14, 14], [256, 2, 7, 7], [512, 1, 4, 4]]
    ),
    (
      .s3dg,
      [[64, 8, 56, 56], [192, 8, 28, 28], [480, 8, 14, 14], [832, 4, 7, 7], [1024, 2, 3, 3]]
    ),
    (
      .speednetS3dg,
      [
        [64, 16, 56, 56], [192, 16, 28, 28], [480, 16, 14, 14], [832, 16, 7, 7], [1024, 16, 3, 3],
      ]
    ),
  ])
  func stagesHaveTheirShapes(architecture: Architecture, shapes: [[Int]]) {
    let network = architecture.makeBackbone(using: .meta)
    network.train(false)
    let outputs = network.stageOutputs(.uninitialized([2, 3, 16, 112, 112], device: .meta))
    #expect(outputs.map(\.shape) == shapes.map { [2] + $0 })
    #expect(network.featureCount == shapes.last![0])
    #expect(outputs.allSatisfy { $0.device == .meta })
  }

  /// 3D-RotNet's code cuts gradients off in shortcuts without weights. Here they pass: with a second convolution of zeros, all
  /// of a block's gradient comes through its shortcut.
  @Test func gradientsPassThroughShortcutsWithoutWeights() throws {
    let network = Architecture.haraR3d18.makeBackbone(width: 2, using: Generator(seed: 1))
    #expect(!network.state.contains { $0.name.contains("short_cut") })
    withoutGradients {
      for parameter in network.parameters where parameter.name.contains("conv_branch.b_bn") {
        _ = parameter.tensor.fill(0)
      }
    }
    let clips = keyed([9], [2, 3, 16, 64, 64], -1...1)
    network(clips).sum().backward()
    let stem = try #require(network.parameters.first?.tensor.gradient)
    #expect(stem.norm > 0)
    // The channels that the input does not have are zeros, the others every second cell.
    let stages = withoutGradients { network.stageOutputs(clips) }
    #expect(stages[2].sliced(1, 2..<4).norm == 0)
    let kept = [2, 3, 4].reduce(stages[1]) { map, axis in
      map.selected(axis, indices: Tensor(Array(stride(from: 0, to: map.shape[axis], by: 2))))
    }
    #expect(stages[2].sliced(1, 0..<2).isEqual(to: kept))
  }

  /// Shapes without memory are computed by our own functions, which agree with real convolutions.
  @Test(arguments: Architecture.allCases)
  func everyNetworkRunsAndMetaAgrees(architecture: Architecture) {
    let generator = Generator(seed: 1)
    let real = architecture.makeBackbone(width: 2, using: generator)
    let meta = architecture.makeBackbone(width: 2, using: .meta)
    let sizes =
      switch architecture {
      case .c3d: [(8, 32, 40), (11, 29, 35)]
      case .opn: [(2, 71, 80), (3, 89, 77)]
      default: [(8, 32, 40), (5, 29, 35)]
      }
    for (frames, height, width) in sizes {
      let shape = [1, 3, frames, height, width]
      real.train(false)
      let outputs = withoutGradients { real.stageOutputs(.uniform(shape, using: generator)) }
      #expect(outputs.allSatisfy { $0.isFinite })
      #expect(
        outputs.map(\.shape) == meta.stageOutputs(.uninitialized(shape, device: .meta)).map(\.shape)
      )
      #expect(outputs.map(\.shape) == real.stageShapes(shape))
      #expect(
        withoutGradients { real(.uniform(shape, using: generator)) }.shape == outputs.last!.shape)
    }
    let blocks = real.state.map(\.name).filter {
      $0.hasSuffix("conv_branch.a.weight") || $0.hasSuffix("conv_branch.a1.weight")
    }
    let others: [Architecture: Int] = [
      .r2d3d34: 16, .r2plus1d10: 4, .vcopR2plus1d10: 4, .r3d10: 4, .c3d: 0, .s3dg: 0,
      .speednetS3dg: 0, .opn: 0, .vitTiny: 0, .vitSmall: 0, .vitBase: 0, .vitLarge: 0, .vitHuge: 0,
    ]
    #expect(blocks.count == others[architecture] ?? 8)
  }
}

@Suite struct VideoClassifierTests {
  @Test(arguments: [Architecture.r2d3d18, .r2plus1d10, .c3d])
  func evaluationChangesNothingAndRepeats(architecture: Architecture) {
    let model = classifier(architecture, width: 2, dropout: 0.5)
    let clips = keyed([1], [2, 3, 8, 16, 16], -1...1)
    model.train(false)
    let before = model.state.map { $0.tensor.detached().clone() }
    let first = model(clips)
    #expect(first.isEqual(to: model(clips)), "dropout must be off")
    for (entry, old) in zip(model.state, before) {
      #expect(entry.tensor.isEqual(to: old), "\(entry.name)")
    }
    // The logits of a clip do not depend on the other clips.
    #expect((model(clips.sliced(0, 0..<1)) - first.sliced(0, 0..<1)).norm < 1e-5 * first.norm)

    model.train()
    #expect(!model(clips).isEqual(to: model(clips)), "dropout must be on")
    for buffer in model.buffers where buffer.name.hasSuffix("num_batches_tracked") {
      #expect(buffer.tensor.item == 2, "\(buffer.name)")
    }
    for (entry, old) in zip(model.state, before) where entry.name.hasSuffix("running_mean") {
      #expect(!entry.tensor.isEqual(to: old), "\(entry.name)")
    }
  }

  @Test func everyParameterLearns() {
    for architecture in Architecture.allCases {
      // S3D-G's narrowest branches have a fourth of the width: what scales a single channel has no effect.
      let isNarrow = [.s3dg, .speednetS3dg].contains(architecture)
      let model = classifier(architecture, width: isNarrow ? 16 : 2)
      let clips = keyed([2], clipShape(2, for: architecture), -1...1)
      crossEntropy(model(clips), Tensor([1, 3])).backward()
      // The normalization after a convolution removes its bias, whose derivative is only rounding errors.
      let removed = [".a.bias", ".b.bias", ".fc6.bias"]
      for parameter in model.parameters
      where !removed.contains(where: { parameter.name.hasSuffix($0) }) {
        #expect((parameter.tensor.gradient?.norm ?? 0) > 0, "\(architecture): \(parameter.name)")
      }
    }
  }

  @Test(arguments: [Architecture.r2d3d18, .r2plus1d10, .c3d, .opn, .vitTiny])
  func frozenStagesStayToTheBitAndTheOthersLearn(architecture: Architecture) {
    let model = classifier(architecture, width: 2)
    let clips = keyed([3], clipShape(2, for: architecture), -1...1)
    func step() {
      crossEntropy(model(clips), Tensor([1, 3])).backward()
      let optimizer = SGD([ParameterGroup(model.trainableParameters, weightDecay: 0.1)])
      optimizer.step(learningRate: 0.1)
      optimizer.clearGradients()
    }
    step()  // so that running statistics and gradients differ from their initial values
    model.backbone.freezeStages(2)
    model.train(false)
    model.train()
    func bytes(_ tensor: Tensor) -> [UInt8] {
      [UInt8](unsafeUninitializedCapacity: tensor.count * tensor.dtype.byteCount) {
        tensor.detached().copyBytes(to: UnsafeMutableRawBufferPointer($0))
        $1 = $0.count
      }
    }
    let before = model.state.map { bytes($0.tensor) }
    step()
    step()
    func isFrozen(_ name: String) -> Bool {
      name.hasPrefix("backbone.conv1.") || name.hasPrefix("backbone.conv2.")
    }
    for (entry, old) in zip(model.state, before) {
      #expect((bytes(entry.tensor) == old) == isFrozen(entry.name), "\(entry.name)")
    }
    #expect(
      model.trainableParameters.map(\.name)
        == model.parameters.map(\.name).filter { !isFrozen($0) })
    let outputs = model.backbone.stageOutputs(clips)
    #expect(outputs.map(\.requiresGradient) == [false, false, true, true, true])
    model.backbone.freezeStages(5)
    #expect(model.trainableParameters.allSatisfy { $0.name.hasPrefix("head.") })
    #expect(!model.features(clips).requiresGradient)
  }

  @Test func aPretrainedBackboneLoadsUnderAnotherHead() throws {
    let source = classifier(.r2d3d18, width: 2)
    let tensors = Dictionary(uniqueKeysWithValues: source.state.map { ($0.name, $0.tensor) })
    let model = classifier(.r2d3d18, width: 2, classes: 51, kind: .actions)
    let head = model.head.state.map { $0.tensor.detached().clone() }
    try model.loadBackbone(tensors)
    for (own, other) in zip(model.backbone.state, source.backbone.state) {
      #expect(own.tensor.isEqual(to: other.tensor), "\(own.name)")
    }
    for (entry, old) in zip(model.head.state, head) { #expect(entry.tensor.isEqual(to: old)) }
    #expect(model.trainableParameters.count == model.parameters.count)
    // A backbone alone suffices.
    try model.loadBackbone(tensors.filter { $0.key.hasPrefix("backbone.") })
  }

  @Test func aBackboneThatDoesNotFitIsNamedAndNothingChanges() throws {
    let model = classifier(.r2d3d18, width: 2)
    var tensors = Dictionary(
      uniqueKeysWithValues: model.state.map { ($0.name, $0.tensor.detached().clone()) })
    let before = tensors
    for (name, tensor) in tensors { tensors[name] = tensor + 1 }
    tensors["backbone.conv1.a.weight"] = .zeros([7])
    tensors["backbone.conv1.a_bn.bias"] = nil
    tensors["backbone.conv6.weight"] = .zeros([1])
    tensors["module.extra"] = .zeros([1])
    tensors["head.out.weight"] = .zeros([5])
    #expect(
      throws: StateMismatch(
        missing: ["backbone.conv1.a_bn.bias"],
        leftOver: ["backbone.conv6.weight", "module.extra"],
        reshaped: [
          .init(name: "backbone.conv1.a.weight", expected: [2, 3, 1, 7, 7], found: [7])
        ])
    ) { try model.loadBackbone(tensors) }
    for (name, tensor) in model.state { #expect(tensor.isEqual(to: before[name]!), "\(name)") }
  }

  /// Two features per clip: the mean and the maximum of everything, each with its own weight.
  private final class MeanAndMaximum: FeatureAggregator {
    let weight = Tensor([Float(2), 3])
    override var featureCount: Int { 2 }
    override var ownParameters: [Parameter] {
      [Parameter(name: "scale", tensor: weight, role: .weight)]
    }
    override func callAsFunction(_ output: Tensor) -> Tensor {
      let all = output.flattened(from: 1, through: 4)
      return Tensor.stacked([all.mean([1]), all.max([1])], axis: 1) * weight
    }
  }

  private func aggregating() -> VideoClassifier {
    let generator = Generator(seed: 2)
    let backbone = Architecture.r2d3d18.makeBackbone(width: 2, using: generator)
    return VideoClassifier(
      backbone: backbone, aggregator: MeanAndMaximum(),
      head: .init(.actions, features: 2, classes: 3, dropout: 0, using: generator))
  }

  @Test func anAggregatorTakesThePlaceOfTheMean() {
    let model = aggregating()
    model.train(false)
    let clips = keyed([4], [2, 3, 4, 16, 16], -1...1)
    #expect(model.featureCount == 2 && model.features(clips).shape == [2, 2])
    #expect(model.features(clips).isEqual(to: model.aggregator!(model.backbone(clips))))
    #expect(model.classify(model.features(clips)).isEqual(to: model(clips)))
    // Grad-CAM uses it, too.
    let cam = model.gradCAM(clips, at: .conv4, labels: [0, 2])
    #expect((cam.logits - model(clips).detached()).norm < 1e-5 * cam.logits.norm)
    #expect(model.state.contains { $0.name == "aggregator.scale" })
  }

  /// Each block of a clip is encoded without the others, and the aggregator sees their means in order. Heat maps are those of
  /// the whole clip.
  @Test(arguments: [Architecture.r2d3d18, .vitTiny])
  func blocksAreEncodedOnTheirOwn(architecture: Architecture) {
    final class Order: FeatureAggregator {
      override var featureCount: Int { 3 }
      override func callAsFunction(_ map: Tensor) -> Tensor { map.mean([1, 3, 4]) }
    }
    let generator = Generator(seed: 2)
    let backbone = architecture.makeBackbone(width: 2, using: generator)
    let model = VideoClassifier(
      backbone: backbone, aggregator: Order(), blocks: 3,
      head: .init(
        .actions, features: 3, classes: 2, dropout: 0, normalizes: true, using: generator))
    model.train(false)
    let clips = keyed([4], [2, 3, 12, 16, 16], -1...1)
    let features = model.features(clips).detached()
    #expect(features.shape == [2, 3])
    for block in 0..<3 {
      let own = backbone(clips.sliced(2, 4 * block..<4 * block + 4)).mean([1, 2, 3, 4]).detached()
      #expect((features.selected(1, block) - own).norm < 1e-6)
    }
    let heat =
      architecture.isTransformer
      ? model.attentionHeat(clips, labels: [0, 1])
      : model.gradCAM(clips, at: .conv2, labels: [0, 1])
    #expect(heat.maps.shape == [2, 12, 16, 16])
    #expect((heat.logits - model(clips).detached()).norm < 1e-5)
  }

  /// The features of a batch have the mean 0 and the deviation 1; a clip alone takes the running statistics.
  @Test func headsNormalizeFeatures() {
    let head = VideoClassifier.Head(
      .actions, features: 2, classes: 2, dropout: 0, normalizes: true, using: Generator(seed: 1))
    withoutGradients {
      for entry in head.state where entry.name.hasPrefix("out.") {
        _ = entry.tensor.copy(
          from: entry.name == "out.bias" ? .zeros([2]) : Tensor([1, 0, 0, 1], shape: [2, 2]))
      }
    }
    let features = Tensor([Float(1), 10, 3, 30, 5, 50, 7, 70], shape: [4, 2])
    let made = head(features).detached()
    #expect(made.mean([0]).absolute().max([0]).item < 1e-5)
    #expect(abs((made * made).mean([0, 1]).item - 1) < 1e-3)
    let before = head.state.map { $0.tensor.detached().clone() }
    let alone = head(features.sliced(0, 0..<1)).detached()
    #expect(alone.isFinite)
    for (entry, old) in zip(head.state, before) { #expect(entry.tensor.isEqual(to: old)) }
  }

  @Test func anAggregatorIsLoadedOnRequest() throws {
    let source = aggregating()
    _ = withoutGradients {
      source.aggregator!.parameters[0].tensor.copy(from: Tensor([Float(5), 7]))
    }
    let tensors = Dictionary(uniqueKeysWithValues: source.state.map { ($0.name, $0.tensor) })
    let plain = classifier(.r2d3d18, width: 2)
    try plain.loadBackbone(tensors)
    #expect(plain.backbone.state[0].tensor.isEqual(to: source.backbone.state[0].tensor))
    let model = aggregating()
    func scale() -> Double { model.aggregator!.parameters[0].tensor.detached().sum().item }
    try model.loadBackbone(tensors.filter { !$0.key.hasPrefix("aggregator.") })
    #expect(scale() == 5)
    try model.loadBackbone(tensors)
    #expect(scale() == 5)
    try model.loadBackbone(tensors, withAggregator: true)
    #expect(scale() == 12)
    #expect(throws: StateMismatch(missing: ["aggregator.scale"])) {
      try model.loadBackbone(
        tensors.filter { !$0.key.hasPrefix("aggregator.") }, withAggregator: true)
    }
  }

  @Test func logitsFromFeaturesAreTheNetworks() {
    let model = classifier(.r2d3d18, width: 2)
    model.train(false)
    let clips = keyed([4], [2, 3, 4, 16, 16], -1...1)
    #expect(model.classify(model.features(clips)).isEqual(to: model(clips)))
  }

  @Test(arguments: [Architecture.r2plus1d10, .c3d, .opn])
  func normalizationsAreToldFromWeights(architecture: Architecture) {
    for parameter in classifier(architecture, width: 2).parameters {
      let expected: Module.Parameter.Role =
        parameter.name.contains("_bn.")
        ? .normalization : parameter.name.hasSuffix(".bias") ? .bias : .weight
      #expect(parameter.role == expected, "\(parameter.name)")
    }
  }

  @Test func movingKeepsIdentity() {
    let model = classifier(.r2d3d18, width: 2)
    let before = model.state.map { ObjectIdentifier($0.tensor) }
    model.move(to: .best)
    #expect(model.state.map { ObjectIdentifier($0.tensor) } == before)
    #expect(model.state.allSatisfy { $0.tensor.device == .best })
    #expect(model.parameters.allSatisfy { $0.tensor.requiresGradient })
  }

  @Test func initialWeightsAreHes() {
    let model = classifier(.r2d3d18, width: 32)
    for parameter in model.parameters where parameter.tensor.count > 20_000 {
      let shape = parameter.tensor.shape
      let fanOut = Double(shape[0] * shape[2...].reduce(1, *))
      let deviation = parameter.tensor.norm / Double(parameter.tensor.count).squareRoot()
      #expect(abs(deviation / (2 / fanOut).squareRoot() - 1) < 0.03, "\(parameter.name)")
    }
  }

  @Test func equalSeedsGiveEqualNetworks() {
    func weights(_ seed: UInt64) -> [Tensor] {
      Architecture.r2plus1d10.makeBackbone(width: 4, using: Generator(seed: seed)).state
        .map(\.tensor)
    }
    let (first, second, other) = (weights(1), weights(1), weights(2))
    #expect(zip(first, second).allSatisfy { $0.isEqual(to: $1) })
    #expect(!first[0].isEqual(to: other[0]))
  }
}
