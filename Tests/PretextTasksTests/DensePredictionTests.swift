import Foundation
import Pretext
import PretextTasks
import TestSupport
import Testing
import Torch
import VideoModels
import VideoSamples

@Suite struct DensePredictionTests {
  private func plan(slots: Int? = nil, _ directions: RecurrentAggregator.Directions = .forward)
    -> DensePredictionNetwork.Plan
  {
    var plan = DensePredictionNetwork.Plan()
    plan.blocks = 4
    plan.predicted = 2
    plan.directions = directions
    plan.memorySlots = slots
    return plan
  }

  private func task(
    _ plan: DensePredictionNetwork.Plan? = nil, splitting: Double = 0,
    jitter: ColorJitter = .none
  ) -> DensePrediction {
    DensePrediction(
      plan ?? self.plan(), frames: 2, interval: 3, side: 24, sourceSide: 80,
      splittingProbability: splitting, jitter: jitter, normalization: plainNormalization)
  }

  private func network(_ plan: DensePredictionNetwork.Plan, seed: UInt64 = 1)
    -> DensePredictionNetwork
  {
    let generator = Generator(seed: seed)
    let network = DensePredictionNetwork(
      plan, on: Architecture.r3d10.makeBackbone(width: 2, using: generator), using: generator)
    network.train(false)
    return network
  }

  /// Blocks adjoin, every third frame, with one crop for all frames; the last place of the video is reached.
  @Test func blocksAreCutFromVideos() throws {
    let video = try NumberedVideo(frames: 27)
    #expect(task().span == 22)
    var starts: Set<Int> = []
    var corners: Set<[Int]> = []
    for number in 0..<60 {
      let (_, cuts) = try video.sample(task(), training(number), for: trained)
      #expect(cuts.count == 1)
      let first = cuts[0].frames[0]
      #expect(cuts[0].frames == (0..<8).map { first + 3 * $0 })
      #expect(Set(cuts[0].crops).count == 1)
      starts.insert(first)
      corners.insert(cuts[0].crops[0])
    }
    #expect(starts == Set(0...5) && corners.count > 30)
    let refusal = complaint {
      _ = try NumberedVideo(frames: 21).sample(task(), training(0), for: trained)
    }
    #expect(refusal.contains("is too short: it has 21 of the 22 frames"))
    #expect(!task().supportsAccumulation && task().classNames == nil)
  }

  private func samples(
    _ count: Int, _ value: (_ frame: Int, _ y: Int, _ x: Int, _ channel: Int) -> Int
  ) -> [Sample] {
    (0..<count).map {
      Sample(id: training($0), clips: [clip(frames: 8, side: 24, value)], source: $0)
    }
  }

  /// The blocks of a sample follow each other, with their frames in order; all of its frames are mirrored or none is.
  @Test func samplesAreMirroredAsAWhole() {
    let made = task().batch(samples(40) { frame, _, x, _ in 8 * x + frame }, for: trained, on: .cpu)
    #expect(made.shape == [160, 3, 2, 24, 24])
    // [sample, frame, row]
    let rows = bytes(made).selected(2, 0).selected(2, 0).reshaped([40, 8, 24])
    var mirrored = 0
    for sample in 0..<40 {
      let frames = (0..<8).map { rows.selected(0, sample).selected(0, $0).array(of: Int.self) }
      let plain = (0..<8).map { frame in (0..<24).map { 8 * $0 + frame } }
      if frames != plain {
        #expect(frames == plain.map { $0.reversed() })
        mirrored += 1
      }
    }
    #expect((10...30).contains(mirrored))
    let validated = task().batch(
      samples(3) { frame, _, x, _ in 8 * x + frame }, for: .validation, on: .cpu)
    #expect(
      bytes(validated).selected(2, 0).selected(2, 0).reshaped([3, 8, 24]).selected(1, 1)
        .array(of: Int.self) == (0..<3).flatMap { _ in (0..<24).map { 8 * $0 + 1 } })
  }

  /// Each frame shows one channel with the probability, on its own, and has its own jitter.
  @Test func framesAreChangedOnTheirOwn() {
    let input = samples(40) { _, _, _, channel in 40 + 60 * channel }
    let made = bytes(task(splitting: 0.5).batch(input, for: trained, on: .cpu))
    let frames = made.selected(4, 0).selected(3, 0).reshaped([320, 3]).array(of: Int.self)
    let kinds = (0..<320).map { Array(frames[3 * $0..<3 * $0 + 3]) }
    let split = kinds.filter { $0 != [40, 100, 160] }
    #expect(split.allSatisfy { Set($0).count == 1 } && (120...200).contains(split.count))
    #expect(Set(split.map { $0[0] }) == [40, 100, 160])
    let mixed = (0..<40).count { Set(kinds[8 * $0..<8 * $0 + 8]).count > 1 }
    #expect(mixed > 35)
    let bright = ColorJitter(
      brightness: 0.5, contrast: 0, saturation: 0, hue: 0, grayscaleProbability: 0)
    let jittered = bytes(task(jitter: bright).batch(input, for: trained, on: .cpu))
      .selected(4, 0).selected(3, 0).selected(2, 0).reshaped([40, 8])
    #expect(
      (0..<40).allSatisfy { Set(jittered.selected(0, $0).array(of: Int.self)).count > 4 })
  }

  /// Validation shows the middle of a video, its center, with all channels and its own colors, the same each time. (In DPC's
  /// code, crops and colors are random in validation, too.)
  @Test func validationShowsFramesAsTheyAre() throws {
    let video = try NumberedVideo(frames: 28)
    let task = task(splitting: 1, jitter: ColorJitter(grayscaleProbability: 0))
    for index in 0..<4 {
      let (sample, cuts) = try video.sample(task, .validation(index: index), for: .validation)
      #expect(cuts.count == 1 && cuts[0].frames == (0..<8).map { 3 + 3 * $0 })
      #expect(Set(cuts[0].crops) == [[36, 28]])
      let read = Tensor.clips(sample.clips).to(.int64).reshaped([4, 2, 3, 24, 24])
      #expect(bytes(task.batch([sample], for: .validation, on: .cpu)).isEqual(to: read))
      // In training, the same frames have other colors.
      let other = Sample(id: training(index), clips: sample.clips, source: 0)
      #expect(difference(bytes(task.batch([other], for: trained, on: .cpu)), read) > 3)
    }
  }

  /// The candidate of a row is that of the same sample, step and place: it is on the diagonal.
  @Test func positivesAreOnTheDiagonal() {
    // The C-th feature marks one sample, step and place.
    let count = 2 * 3 * 2 * 2
    let identity = Tensor(
      (0..<count * count).map { $0 / count == $0 % count ? Float(1) : 0 },
      shape: [2, 3, 2, 2, count]
    ).permuted([0, 1, 4, 2, 3])
    let prediction = DensePredictionNetwork.Prediction(predicted: identity, truth: identity)
    let scores = prediction.scores
    #expect(scores.shape == [count, count] && scores.sum().item == Double(count))
    #expect(scores.argmax(1).array(of: Int.self) == Array(0..<count))
  }

  /// Predictions do not see what they predict: they do not change with it. Backward, the order of the blocks is reversed.
  @Test func predictionsDoNotSeeTheTruth() {
    let network = network(plan(.both))
    let clips = Tensor.keyed(1, shape: [8, 3, 2, 32, 32])
    let other = Tensor.keyed(2, shape: [8, 3, 2, 32, 32])
    func replaced(_ blocks: [Int]) -> Tensor {
      .stacked(
        (0..<8).map { blocks.contains($0 % 4) ? other.selected(0, $0) : clips.selected(0, $0) })
    }
    let (before, late, early) = withoutGradients {
      (network(clips), network(replaced([2, 3])), network(replaced([0, 1])))
    }
    #expect(before.count == 2 && before[0].predicted.shape == [2, 2, 16, 2, 2])
    #expect(difference(before[0].predicted, late[0].predicted) < 1e-6)
    #expect(difference(before[1].predicted, early[1].predicted) < 1e-6)
    #expect(difference(before[0].predicted, early[0].predicted) > 1e-4)
    #expect(difference(before[1].predicted, late[1].predicted) > 1e-4)
    #expect(difference(before[0].truth, late[0].truth) > 1e-4)
    #expect(difference(before[0].truth, early[0].truth) < 1e-6)
    // Forward the truth is that of blocks 3 and 4, backward that of 2 and 1: features before the ReLU, also negative ones.
    let features = withoutGradients { network.backbone.unrectified(clips) }.mean([2])
      .reshaped([2, 4, 16, 2, 2])
    for (step, block) in [2, 3].enumerated() {
      #expect(
        difference(before[0].truth.selected(1, step), features.selected(1, block)) < 1e-6)
    }
    for (step, block) in [1, 0].enumerated() {
      #expect(
        difference(before[1].truth.selected(1, step), features.selected(1, block)) < 1e-6)
    }
    #expect(features.min([0, 1, 2, 3, 4]).item < 0)
    #expect(
      difference(
        features.relu(),
        withoutGradients { network.backbone(clips) }.mean([2])
          .reshaped([2, 4, 16, 2, 2])) < 1e-6)
  }

  /// In all precisions, products are made and compared in float32: here they exceed the range of float16.
  @Test(arguments: [DType.bfloat16, .float16]) func scoresAreFloat32(dtype: DType) {
    let features = Tensor.keyed(3, shape: [2, 2, 16, 2, 2]) * 200
    let prediction = DensePredictionNetwork.Prediction(
      predicted: features.to(dtype), truth: features)
    let scores = withAutocast(dtype, on: .cpu) { prediction.scores }
    let exact = DensePredictionNetwork.Prediction(
      predicted: features.to(dtype).to(.float32), truth: features
    ).scores
    #expect(scores.dtype == .float32 && scores.isEqual(to: exact))
    #expect(scores.max([0, 1]).item > 65_504)
  }

  /// Networks that see no difference, or whose features are not numbers, are never right.
  @Test(arguments: [0, Double.nan]) func sayingNothingIsNotRight(factor: Double) {
    let network = network(plan())
    withoutGradients {
      for parameter in network.parameters {
        _ = parameter.tensor.fill(factor)
      }
    }
    let output = withoutGradients {
      network.evaluate(Tensor.keyed(1, shape: [8, 3, 2, 32, 32]))
    }
    let terms = Dictionary(uniqueKeysWithValues: output.terms.map { ($0.name, $0.value.item) })
    #expect(terms["forward_top1"] == 0 && terms["forward_top5"] == 0)
  }

  /// The loss is the sum over the directions. The memory's features are what is predicted.
  @Test(arguments: [nil, 5]) func lossesAndAccuracies(slots: Int?) {
    let network = network(plan(slots: slots, slots == nil ? .forward : .both))
    let clips = Tensor.keyed(1, shape: [8, 3, 2, 32, 32])
    let output = network.evaluate(clips)
    let terms = Dictionary(uniqueKeysWithValues: output.terms.map { ($0.name, $0.value.item) })
    let directions = slots == nil ? ["forward"] : ["forward", "backward"]
    #expect(
      terms.keys.sorted()
        == directions.flatMap { ["\($0)_loss", "\($0)_top1", "\($0)_top5"] }.sorted())
    #expect(output.predictions == nil && output.count == 16)
    let sum = directions.reduce(0) { $0 + terms["\($1)_loss"]! }
    #expect(abs(output.loss.item - sum) < 1e-5)
    let scores = withoutGradients { network(clips)[0].scores }
    let right = scores.argmax(1).array(of: Int.self).enumerated().count { $0 == $1 }
    #expect(abs(terms["forward_top1"]! - Double(right) / 16) < 1e-6)
    #expect(terms["forward_top5"]! >= terms["forward_top1"]!)
    output.loss.backward()
    #expect(network.parameters.allSatisfy { $0.tensor.gradient?.isFinite == true })
    #expect(network.parameters.contains { $0.name == "memory" } == (slots != nil))
    if let slots {
      // With one-hot shares, a prediction is a feature of the memory.
      let memory = network.parameters.first { $0.name == "memory" }!.tensor
      #expect(memory.shape == [slots, 16])
      withoutGradients {
        let bias = network.parameters.first { $0.name == "predictor.second.bias" }!.tensor
        _ = bias.sliced(0, 3..<4).fill(1000)
      }
      let predicted = withoutGradients { network(clips)[1].predicted.selected(1, 1) }
      let expected = memory.detached().selected(0, 3).reshaped([1, 16, 1, 1])
        .expanded([2, 16, 2, 2])
      #expect(difference(predicted, expected) < 1e-5)
    }
  }

  /// The aggregator makes features of a backbone's output for fine-tuning.
  @Test func theAggregatorMakesFeatures() {
    let one = network(plan()).recurrent
    let both = network(plan(.both)).recurrent
    let map = Tensor.keyed(3, shape: [2, 16, 4, 2, 2], in: 0...1)
    withoutGradients {
      #expect(one.featureCount == 16 && one(map).shape == [2, 16])
      #expect(both.featureCount == 32 && both(map).shape == [2, 32])
      // The last time counts more than the first one; backward it is the other way round.
      let reversed = both(map.flipped([2]))
      #expect(difference(both(map), reversed) > 1e-4)
    }
  }

  @Test func thePreviewShowsTheBlocks() {
    let preview = task().preview(samples(1) { frame, _, _, _ in frame * 20 }[0])
    #expect(preview.rows.map(\.subtitle) == ["seen", "seen", "predicted", "predicted"])
    #expect(
      preview.rows.map { Int($0.frames.flattened().array(of: UInt8.self)[0]) } == [0, 40, 80, 120])
  }

  /// The loss falls below that of guessing among all candidates: things that move straight are found where they go.
  @Test(arguments: [nil, 16]) func itIsLearned(slots: Int?) throws {
    var plan = plan(slots: slots, slots == nil ? .forward : .both)
    plan.stateDropout = 0
    let generator = Generator(seed: 3)
    let network = DensePredictionNetwork(
      plan, on: Architecture.r3d10.makeBackbone(width: 4, using: generator), using: generator)
    let optimizer = Adam([ParameterGroup(network.trainableParameters, weightDecay: 0)])
    var last = 0.0
    for step in 0..<60 {
      // A bright square of random color that moves right or down.
      let samples = (0..<6).map { place in
        let id = SampleID.training(seed: 1, epoch: step, source: place)
        var generator = id.generator(.loading)
        let color = (0..<3).map { _ in 80 + generator.integer(below: 176) }
        let (isRight, from) = (generator.chance(0.5), generator.integer(below: 8))
        let pixels = clip(frames: 8, side: 24) { frame, y, x, channel in
          let (along, across) = isRight ? (x, y) : (y, x)
          return (2 * frame..<2 * frame + 8).contains(along)
            && (from..<from + 8).contains(across) ? color[channel] : 20
        }
        return Sample(id: id, clips: [pixels], source: place)
      }
      let output = network.evaluate(task(plan).batch(samples, for: trained, on: .cpu))
      output.loss.backward()
      optimizer.step(learningRate: 0.003)
      optimizer.clearGradients()
      let chance = log(Double(output.count)) * (slots == nil ? 1 : 2)
      last = output.loss.item / chance
    }
    #expect(last < 0.85)
  }
}

/// DPC and MemDPC as their authors' code computed them in float64.
@Suite(.enabled(if: PretextFixtures.exist, .init(rawValue: PretextFixtures.absence)))
struct DensePredictionFixtureTests {
  /// Names in a ``DensePredictionNetwork`` by official ones.
  private static func ownName(_ official: String) -> String? {
    let parts = [
      ("agg.ConvGRUCell_00.", "aggregator.forward."),
      ("agg_f.ConvGRUCell_00.", "aggregator.forward."),
      ("agg_b.ConvGRUCell_00.", "aggregator.backward."), ("network_pred.0.", "predictor.first."),
      ("network_pred.2.", "predictor.second."), ("mb", "memory"),
    ]
    return parts.first { official.hasPrefix($0.0) }
      .map { $0.1 + official.dropFirst($0.0.count) }
  }

  /// The network with the official weights, and the names of its tensors by official ones.
  private func network(_ name: String, slots: Int?, sharp: Bool = false) throws
    -> (network: DensePredictionNetwork, names: [String: String])
  {
    let state = try PretextFixtures.state(name)
    let recognized = try RecognizedNetwork(shapes: state.mapValues(\.shape))
    #expect(recognized.names == .dpc && recognized.architecture == .r2d3d18)
    #expect(recognized.others.contains("network_pred.0.weight"))
    var plan = DensePredictionNetwork.Plan()
    plan.memorySlots = slots
    plan.directions = slots == nil ? .forward : .both
    plan.stateDropout = 0
    let generator = Generator(seed: 1)
    let network = DensePredictionNetwork(
      plan,
      on: recognized.architecture.makeBackbone(epsilon: recognized.epsilon, using: generator),
      using: generator)
    var names: [String: String] = [:]
    for (own, official) in recognized.namesInFile { names[official] = own }
    for official in recognized.others { names[official] = Self.ownName(official) }
    let shapes = Dictionary(
      uniqueKeysWithValues: network.parameters.map { ($0.name, $0.tensor.shape) })
    var own = recognized.ownState(state)
    for official in recognized.others {
      guard let name = names[official] else { continue }
      let factor: Double = sharp && ["mb", "network_pred.2.weight"].contains(official) ? 16 : 1
      own[name] = state[official]!.reshaped(try #require(shapes[name])) * factor
    }
    try network.load(own)
    return (network, names)
  }

  /// Compares the norms of gradients for which there are official ones, and the elements of those that are stored.
  private func compareGradients(
    _ network: DensePredictionNetwork, _ names: [String: String], _ fixtures: PretextFixtures,
    _ run: String, _ official: [String]
  ) throws {
    let gradients = Dictionary(
      uniqueKeysWithValues: network.parameters.map { ($0.name, $0.tensor.gradient) })
    for name in official {
      let own = try #require(names[name])
      let gradient = try #require(gradients[own, default: nil])
      let norm = Tensor([Float(gradient.to(.float64).norm)], shape: [1])
      #expect(try fixtures.deviation(norm, "\(run).grad_norm/\(name)") < 1, "\(name)")
      let probe = "\(run).grad_probe/\(name)"
      guard !fixtures.keys(probe).isEmpty else { continue }
      #expect(
        try fixtures.deviation(PretextFixtures.sample(gradient, most: 512), probe) < 1, "\(name)")
    }
  }

  @Test func densePredictiveCodingIsTheOfficialOne() throws {
    let fixtures = try PretextFixtures("dpc")
    let (network, names) = try network("dpc-resnet18", slots: nil)
    for side in [128, 64] {
      func deviation(_ found: Tensor, _ what: String) throws -> Double {
        try fixtures.deviation(found, "train\(side).\(what)")
      }
      let clips = PretextFixtures.input([2, 8, 3, 5, side, side])
        .flattened(from: 0, through: 1)
      network.train()
      let (stages, last) = withoutGradients {
        (network.backbone.stageOutputs(clips), network.backbone.unrectified(clips))
      }
      for (stage, tap) in zip(stages, ["maxpool", "layer1", "layer2", "layer3"]) {
        #expect(try deviation(PretextFixtures.sample(stage), "tap/backbone.\(tap)") < 1, "\(tap)")
      }
      #expect(try deviation(PretextFixtures.sample(last), "tap/backbone") < 1)
      let prediction = withoutGradients { network(clips)[0] }
      #expect(try deviation(prediction.scores, "score") < 1)
      let output = network.evaluate(clips)
      #expect(try deviation(output.loss, "loss") < 1)
      #expect(try deviation(output.terms[1].value, "top1") < 1)
      #expect(try deviation(output.terms[2].value, "top5") < 1)
      guard side == 64 else { continue }
      for step in 0..<3 {
        #expect(
          try deviation(prediction.predicted.selected(1, step), "prediction\(step + 1)") < 1)
      }
      // In float32, fast convolutions round differently from direct ones by as much as the tolerances of gradients.
      network.useFloat64()
      network.evaluate(clips.to(.float64)).loss.backward()
      try compareGradients(
        network, names, fixtures, "train64",
        [
          "agg.ConvGRUCell_00.out_gate.bias", "agg.ConvGRUCell_00.out_gate.weight",
          "agg.ConvGRUCell_00.reset_gate.weight", "agg.ConvGRUCell_00.update_gate.weight",
          "backbone.bn1.weight", "backbone.conv1.weight", "backbone.layer4.1.conv2.weight",
          "network_pred.0.weight", "network_pred.2.bias", "network_pred.2.weight",
        ])
    }
  }

  @Test(arguments: ["eval64", "train64", "train64_sharp"])
  func memoryAugmentedCodingIsTheOfficialOne(run: String) throws {
    let fixtures = try PretextFixtures("memdpc")
    let isTraining = run != "eval64"
    let (network, names) = try network(
      "memdpc-resnet18", slots: 1024, sharp: run == "train64_sharp")
    func deviation(_ found: Tensor, _ what: String) throws -> Double {
      try fixtures.deviation(found, "\(run).\(what)")
    }
    let clips = PretextFixtures.input([2, 8, 3, 5, 64, 64]).flattened(from: 0, through: 1)
    network.train(isTraining)
    let output = network.evaluate(clips)
    #expect(try deviation(output.loss, "loss") < 1)
    for (place, direction) in ["forward", "backward"].enumerated() {
      let terms = output.terms[3 * place..<3 * place + 3].map(\.value)
      #expect(try deviation(terms[0], "\(direction).loss") < 1)
      for (term, what) in [(terms[1], "top1"), (terms[2], "top5")] {
        let official = try fixtures.tensor("\(run).\(direction).\(what)").item
        #expect(abs(term.item - official) < 1e-5)
      }
    }
    if run == "train64" {
      let state = Dictionary(uniqueKeysWithValues: network.buffers.map { ($0.name, $0.tensor) })
      for (own, official) in [("running_mean", "running_mean"), ("running_var", "running_var")] {
        let tensor = try #require(state["backbone.conv1.a_bn.\(own)"])
        #expect(try deviation(tensor, "after/backbone.bn1.\(official)") < 1)
      }
    }
    let predictions = withoutGradients { network(clips) }
    for (prediction, direction) in zip(predictions, ["forward", "backward"]) {
      #expect(
        try deviation(
          prediction.predicted.permuted([0, 2, 1, 3, 4]), "\(direction).prediction") < 1)
      let scores = prediction.scores
      let rows = (0..<24).map { row in
        crossEntropy(scores.sliced(0, row..<row + 1), Tensor([row])).item
      }
      #expect(try deviation(Tensor(rows.map(Float.init)), "\(direction).loss_each") < 1)
      guard run != "train64_sharp" else { continue }
      #expect(
        try deviation(prediction.truth.permuted([2, 0, 1, 3, 4]), "\(direction).truth") < 1)
    }
    if run != "train64_sharp" {
      let features = withoutGradients { network.backbone.unrectified(clips) }
      #expect(try deviation(PretextFixtures.sample(features), "tap/backbone") < 1)
    }
    guard isTraining else { return }
    output.loss.backward()
    let common = [
      "agg_f.ConvGRUCell_00.out_gate.weight", "backbone.conv1.weight", "mb",
      "network_pred.2.bias",
    ]
    try compareGradients(
      network, names, fixtures, run,
      run == "train64_sharp"
        ? common
        : common + [
          "agg_b.ConvGRUCell_00.out_gate.weight", "agg_b.ConvGRUCell_00.reset_gate.weight",
          "agg_f.ConvGRUCell_00.reset_gate.weight", "backbone.bn1.weight",
          "network_pred.0.weight", "network_pred.2.weight",
        ])
  }
}
