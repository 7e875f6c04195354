import Foundation
import KeyedRandom
import MoSI
import Pretext
import PretextTasks
import TestSupport
import Testing
import Torch
import VideoData
import VideoModels
import VideoSamples

/// vit-tiny's kind, with two blocks.
private func backbone(width: Int = 12, using generator: Generator) -> VisionTransformer {
  VisionTransformer(
    .init(cube: Extent3(2, 8, 8), width: width, blocks: 2, heads: 3), using: generator)
}

@Suite struct MaskedModelingTests {
  private let window = WindowMotion(
    PseudoMotion(
      labels: LabelPool(granularity: 1, axes: .both),
      geometry: ClipGeometry(source: 32, clip: 16, frames: 4)), makesAllLabels: false)

  private func task(_ motion: any ClipMotion, jitter: ColorJitter = .none) -> MaskedModeling {
    MaskedModeling(
      motion, mask: TubeMask(ratio: 0.75), cubes: ClipCubes(Extent3(2, 8, 8)), decoderBlocks: 1,
      jitter: jitter, normalization: plainNormalization)
  }

  private func still(_ number: Int) -> Sample {
    Sample(
      id: training(number),
      clips: [clip(frames: 1, side: 32) { _, y, x, channel in (y * 32 + x * 7 + channel) % 256 }],
      source: number)
  }

  /// The same places at all times; their number is rounded down, also when the product is a hair below a whole number.
  @Test func masksAreTubes() {
    for (ratio, side, count) in [(0.9, 14, 176), (0.75, 4, 12), (0.29, 10, 28), (0.9, 2, 3)] {
      let (mask, grid) = (TubeMask(ratio: ratio), Extent3(3, side, side))
      var generator = KeyedGenerator(1)
      var seen = Set<Int>()
      for _ in 0..<50 {
        let draw = mask.draw(grid, using: &generator)
        let places = side * side
        #expect(draw.masked.count == 3 * count && mask.maskedPerTime(grid) == count)
        #expect((draw.masked + draw.kept).sorted() == Array(0..<3 * places))
        #expect(draw.masked == draw.masked.sorted() && draw.kept == draw.kept.sorted())
        let first = draw.masked.prefix(count)
        #expect(draw.masked == (0..<3).flatMap { time in first.map { $0 + time * places } })
        seen.formUnion(first)
      }
      #expect(seen == Set(0..<side * side), "every place is hidden at times")
    }
  }

  /// Each cube and channel on its own; a constant one has the target 0 exactly.
  @Test func targetsAreNormalizedPixels() {
    var cubes = keyed(1, [2, 3, 128, 3])
    _ = cubes.selected(1, 1).selected(2, 2).fill(0.3)
    let targets = CubeTargets(of: cubes)
    let exact = cubes.to(.float64)
    let mean = exact.mean([2], keepingAxes: true)
    let centered = exact - mean
    let deviation = ((centered * centered).sum([2], keepingAxes: true) / 127).squareRoot()
    let expected = centered / (deviation + 1e-6)
    let difference = (targets.normalized.to(.float64) - expected).absolute()
    #expect(difference.sliced(1, 0..<1).max([0, 1, 2, 3]).item < 1e-5)
    #expect(targets.normalized.selected(1, 1).selected(2, 2).norm == 0)
    #expect((targets.pixels(targets.normalized) - cubes).absolute().max([0, 1, 2, 3]).item < 1e-6)
    // A network that says 0 has the loss (n - 1) / n.
    cubes = cubes.sliced(1, 0..<1)
    let normalized = CubeTargets(of: cubes).normalized
    #expect(abs((normalized * normalized).mean().item - 127.0 / 128) < 1e-4)
  }

  private func keyed(_ key: UInt64, _ shape: [Int]) -> Tensor {
    var generator = KeyedGenerator(key)
    return Tensor((0..<shape.reduce(1, *)).map { _ in Float(generator.uniform()) }, shape: shape)
  }

  /// The batch of a sample does not depend on the others; masks differ between samples.
  @Test(arguments: [ColorJitter.none, ColorJitter()])
  func batchesFollowFromSamples(jitter: ColorJitter) {
    let task = task(window, jitter: jitter)
    let both = task.batch([still(1), still(2)], for: trained, on: .cpu)
    #expect(both.clips.shape == [2, 3, 4, 16, 16] && both.targets.shape == [2, 6, 384])
    #expect(both.kept.shape == [2, 2] && both.masked.shape == [2, 6])
    #expect(task.visibleCubes == 2 && task.maskedPerClip == 6)
    let single = task.batch([still(2)], for: trained, on: .cpu)
    #expect(both.clips.sliced(0, 1..<2).isEqual(to: single.clips))
    #expect(both.masked.sliced(0, 1..<2).isEqual(to: single.masked))
    #expect(both.targets.sliced(0, 1..<2).isEqual(to: single.targets))
    let masks = (0..<20).map { task.batch([still($0)], for: trained, on: .cpu).kept.doubles }
    #expect(Set(masks).count > 1)
    // The targets are those of the clip that the network sees.
    let cut = ClipCubes(Extent3(2, 8, 8)).cut(single.clips).rows(at: single.masked)
    let expected = CubeTargets(of: cut).normalized.flattened(from: 2)
    #expect((expected - single.targets).absolute().max([0, 1, 2]).item < 1e-3)
  }

  /// The window's content moves by the label's speed, and nothing else changes.
  @Test func windowsMoveOverStills() throws {
    let all = WindowMotion(window.motion, makesAllLabels: true)
    let count = window.motion.labels.count
    #expect(all.clipsPerSample == count && window.clipsPerSample == 1)
    let clips = all.clips([still(3)], for: trained, on: .cpu)
    #expect(clips.shape == [count, 3, 4, 16, 16])
    #expect(clips.max([0, 1, 2, 3, 4]).item <= 1 && clips.min([0, 1, 2, 3, 4]).item >= 0)
    // The clips are MoSI's own.
    let mosi = MotionFromStaticImages(
      motion: window.motion, mask: nil, jitter: .none, normalization: plainNormalization)
    let labeled = mosi.batch([still(3)], for: trained, on: .cpu)
    #expect((labeled.clips - clips).absolute().max([0, 1, 2, 3, 4]).item < 1e-6)
    // One clip has a label of its own.
    let one = window.clips([still(3)], for: trained, on: .cpu)
    let isAmong = (0..<count).contains { one.isEqual(to: clips.sliced(0, $0..<$0 + 1)) }
    #expect(isAmong)
  }

  /// The hidden parts do not enter the network; the loss is that of its predictions; everything learns but what is for
  /// features.
  @Test func theNetworkPredictsWhatIsHidden() throws {
    let task = task(window)
    let generator = Generator(seed: 1)
    let network = task.makeNetwork(
      on: backbone(using: generator), dropout: 0, using: generator)
    let batch = task.batch([still(1), still(2)], for: trained, on: .cpu)
    let prediction = network(batch.clips, kept: batch.kept, masked: batch.masked)
    #expect(prediction.shape == batch.targets.shape)
    let hidden = batch.clips.clone()
    let cubes = ClipCubes(Extent3(2, 8, 8))
    var cut = cubes.cut(hidden)
    cut = Tensor.stacked(
      (0..<2).map { clip in
        let changed = cut.selected(0, clip).clone()
        changed.setSlices(
          0, indices: batch.masked.selected(0, clip), to: Tensor.ones([6, 128, 3]))
        return changed
      })
    let other = network(
      cubes.joined(cut, grid: Extent3(2, 2, 2)), kept: batch.kept, masked: batch.masked)
    #expect(other.isEqual(to: prediction))
    let output = network.evaluate(batch)
    #expect(output.predictions == nil && output.count == 2)
    let difference = prediction - batch.targets
    #expect(abs(output.loss.item - (difference * difference).mean().item) < 1e-6)
    #expect(output.terms.map(\.name) == [MaskedNetwork.lossOfMeans])
    let zeros = (batch.targets * batch.targets).mean().item
    #expect(abs(output.terms[0].value.item - zeros) < 1e-5)
    // Pixels have other means than 0.
    let pixels = batch.targets * 0.1 + 0.5
    let rows = pixels.reshaped([2, -1, 3])
    let centered = rows - rows.mean([1], keepingAxes: true)
    let ofPixels = network.evaluate(
      MaskedModeling.Batch(
        clips: batch.clips, kept: batch.kept, masked: batch.masked, targets: pixels))
    #expect(abs(ofPixels.terms[0].value.item / (centered * centered).mean().item - 1) < 1e-4)
    output.loss.backward()
    for parameter in network.parameters {
      let isForFeatures = parameter.name.hasPrefix("backbone.fc_norm.")
      #expect(parameter.tensor.requiresGradient != isForFeatures)
      #expect((parameter.tensor.gradient?.norm ?? 0 > 0) != isForFeatures, "\(parameter.name)")
    }
    #expect(task.annotations(at: 0) == [Annotation("masked_tokens", [6])])
  }

  /// Pixels can be predicted as the network sees others; previews then show them without the truth's mean.
  @Test func pixelsCanBePredictedWithTheirColors() throws {
    let normalization = Normalization(mean: [0.5, 0.4, 0.3], std: [0.25, 0.5, 0.125])
    let cubes = ClipCubes(Extent3(2, 8, 8))
    let task = MaskedModeling(
      window, mask: TubeMask(ratio: 0.75), cubes: cubes, decoderBlocks: 1,
      targets: .pixels, normalization: normalization)
    let batch = task.batch([still(1)], for: trained, on: .cpu)
    let hidden = cubes.cut(batch.clips).rows(at: batch.masked)
    #expect(batch.targets.isEqual(to: hidden.flattened(from: 2)))
    let generator = Generator(seed: 1)
    let network = task.makeNetwork(on: backbone(using: generator), dropout: 0, using: generator)
    let pixels = batch.targets.doubles
    let variance = (0..<3).map { channel -> Double in
      let values = stride(from: channel, to: pixels.count, by: 3).map { pixels[$0] }
      let mean = values.reduce(0, +) / Double(values.count)
      return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    }
    let expected = variance.reduce(0, +) / 3
    #expect(abs(network.evaluate(batch).terms[0].value.item - expected) < 1e-5)

    let shown = task.batch([still(1)], for: .validation, on: .cpu)
    let made = network(shown.clips, kept: shown.kept, masked: shown.masked)
    let whole = cubes.cut(shown.clips).clone()
    whole.selected(0, 0).setSlices(
      0, indices: shown.masked.selected(0, 0), to: made.selected(0, 0).reshaped([-1, 128, 3]))
    let frames = normalization.frames(from: cubes.joined(whole, grid: Extent3(2, 2, 2)))
    let rows = try #require(task.result(of: network, on: [still(1)], device: .cpu)?.rows)
    #expect(rows.count == 3)
    let difference = rows[1].frames.to(.float32) - frames.selected(0, 0).frameBytes.to(.float32)
    #expect(difference.absolute().max([0, 1, 2, 3]).item <= 1)
  }

  /// Waves, of which a part tells the rest, are learned.
  @Test func aSmallNetworkLearns() throws {
    let task = task(window)
    let generator = Generator(seed: 1)
    let network = task.makeNetwork(
      on: backbone(width: 24, using: generator), dropout: 0, using: generator)
    let optimizer = Adam(
      ParameterGroup.sparingVectors(network.trainableParameters, weightDecay: 0.05),
      isDecayDecoupled: true)
    var losses: [Double] = []
    for step in 0..<150 {
      let samples = (0..<8).map { place in
        Sample(
          id: training(step * 8 + place),
          clips: [
            clip(frames: 1, side: 32) { _, _, x, _ in Int(128 + 100 * sin(Double(x) * .pi / 8)) }
          ], source: place)
      }
      let batch = task.batch(samples, for: trained, on: .cpu)
      let loss = network.evaluate(batch).loss
      loss.backward()
      optimizer.step(learningRate: 3e-3)
      optimizer.clearGradients()
      losses.append(loss.item)
    }
    let first = losses.prefix(10).reduce(0.0, +)
    let last = losses.suffix(10).reduce(0.0, +)
    #expect(last < 0.8 * first)
  }

  @Test func previewsShowWhatIsSeenAndMade() throws {
    let task = task(window)
    let preview = task.preview(still(5))
    #expect(preview.rows.map(\.name) == ["masked-1", "clip-1"])
    #expect(preview.rows.allSatisfy { $0.frames.shape == [4, 16, 16, 3] })
    let generator = Generator(seed: 1)
    let network = task.makeNetwork(on: backbone(using: generator), dropout: 0, using: generator)
    let result = try #require(
      task.result(of: network, on: [still(5), still(6)], device: .cpu))
    #expect(
      result.rows.map(\.title)
        == ["seen", "reconstruction", "truth", "seen", "reconstruction", "truth"])
    let (seen, made, truth) = (result.rows[0], result.rows[1], result.rows[2])
    // What is seen is shown unchanged in all three.
    let equal = zip(made.frames.doubles, truth.frames.doubles).count { $0 == $1 }
    #expect(equal >= truth.frames.count / 4 && equal < truth.frames.count)
    #expect(seen.frames.doubles != truth.frames.doubles)
  }

  @Test func clipsOfVideosAreShownAsTheyAre() throws {
    let motion = ClipsOfVideos(
      ClipSampling(frames: 4, interval: 2, targetRate: 24), side: 16, sourceSide: 80)
    #expect(motion.needsMotion && motion.clipExtent == Extent3(4, 16, 16))
    let (sample, cuts) = try NumberedVideo(frames: 20).sample(
      task(motion), training(1), for: trained)
    let first = cuts[0].frames[0]
    #expect(cuts[0].frames == (0..<4).map { first + 2 * $0 })
    let clips = motion.clips([sample], for: trained, on: .cpu)
    #expect(clips.shape == [1, 3, 4, 16, 16])
    let numbers = (clips.selected(1, 2).selected(3, 0).selected(2, 0) * 255).round().doubles
    #expect(numbers == cuts[0].frames.map(Double.init))
  }

  private struct Golden: Decodable {
    struct Values: Decodable {
      let shape: [Int]
      let values: [Double]
      var tensor: Tensor { Tensor(values, shape: shape) }
    }
    let state: [String: [Int]]
    let kept, masked: [[Int]]
    let prediction, targets: Values
    let loss: Double
    let gradients: [String: Double]
  }

  /// The same network in plain PyTorch; its numbers were written by Goldens/make_masked_goldens.py.
  @Test func theNetworkIsThatOfPyTorch() throws {
    let golden = try Bundle.module.golden("masked", as: Golden.self)
    let network = MaskedNetwork(
      on: try #require(
        Architecture.vitTiny.makeBackbone(width: 4, positions: .number, using: Generator(seed: 1))
          as? any TokenBackbone),
      decoderBlocks: 2, using: Generator(seed: 1))
    let names = try #require(Architecture.vitTiny.tensorNames(.videomae, head: nil))
    func official(_ name: String) -> String? {
      guard let found = names[name] else {
        return name.replacingOccurrences(of: "encoder_norm.", with: "encoder.norm.")
      }
      return found.hasPrefix("fc_norm.") ? nil : "encoder.\(found)"
    }
    var state: [String: Tensor] = [:]
    let values = keyedState(golden.state)
    for (name, tensor) in network.state {
      state[name] = official(name).map { values[$0]! } ?? tensor
    }
    try network.load(state)
    #expect(Set(network.state.compactMap { official($0.name) }) == Set(golden.state.keys))

    func places(_ rows: [[Int]]) -> Tensor {
      Tensor(rows.flatMap(\.self), shape: [rows.count, rows[0].count])
    }
    var generator = KeyedGenerator(55)
    let pixels = Tensor(
      (0..<2 * 3 * 4 * 16 * 24).map { _ in Float(generator.uniform()) }, shape: [2, 3, 4, 16, 24])
    let (kept, masked) = (places(golden.kept), places(golden.masked))
    let cubes = ClipCubes(Extent3(2, 8, 8))
    let batch = MaskedModeling.Batch(
      clips: Normalization.video.clips(from: pixels.permuted([0, 2, 1, 3, 4])), kept: kept,
      masked: masked,
      targets: CubeTargets(of: cubes.cut(pixels).rows(at: masked)).normalized.flattened(from: 2))
    func sub(_ tensor: Tensor) -> Tensor {
      [(1, 3), (2, 7)].reduce(tensor) { tensor, part in
        tensor.selected(
          part.0, indices: Tensor(Array(stride(from: 0, to: tensor.shape[part.0], by: part.1))))
      }
    }
    func difference(_ found: Tensor, _ expected: Tensor) -> Double {
      #expect(found.shape == expected.shape)
      return (found.detached().to(.float64) - expected).absolute().flattened().max([0]).item
    }
    let prediction = network(batch.clips, kept: kept, masked: masked)
    #expect(difference(sub(prediction), golden.prediction.tensor) < 1e-5)
    #expect(difference(sub(batch.targets), golden.targets.tensor) < 1e-5)
    let loss = network.evaluate(batch).loss
    #expect(abs(loss.item - golden.loss) < 1e-5)
    loss.backward()
    for parameter in network.trainableParameters {
      let expected = try #require(golden.gradients[official(parameter.name)!])
      let norm = try #require(parameter.tensor.gradient).norm
      #expect(abs(norm - expected) < 1e-5 + 1e-4 * expected, "\(parameter.name)")
    }
  }

  /// The state dict with which make_videomae_goldens.py fills a network.
  private func keyedState(_ shapes: [String: [Int]]) -> [String: Tensor] {
    var state: [String: Tensor] = [:]
    for (place, (name, shape)) in shapes.sorted(by: { $0.key < $1.key }).enumerated() {
      let bound =
        shape.count == 5 ? (3 / Double(shape[1...].reduce(1, *))).squareRoot() : 0.5
      let isScale = shape.count == 1 && name.hasSuffix(".weight")
      var generator = KeyedGenerator(50, UInt64(place))
      let range = isScale ? 0.5...1.5 : -bound...bound
      state[name] = Tensor(
        (0..<shape.reduce(1, *)).map { _ in Float(generator.uniform(in: range)) }, shape: shape)
    }
    return state
  }
}

private let folder = PretextFixtures.Folder.videoMAE

/// VideoMAE's pre-training as its authors' code computed it in float64.
@Suite(.enabled(if: folder.exists, .init(rawValue: folder.absence)))
struct MaskedFixtureTests {
  private let cubes = ClipCubes(Extent3(2, 8, 8))

  /// Our name of a tensor of the fixtures: the two blocks are in conv3 and conv5.
  private static func own(_ name: String) -> String {
    name.replacingOccurrences(of: "encoder.norm.", with: "encoder_norm.")
      .replacingOccurrences(of: "encoder.patch_embed.", with: "backbone.conv1.")
      .replacingOccurrences(of: "encoder.blocks.0.", with: "backbone.conv3.block_1.")
      .replacingOccurrences(of: "encoder.blocks.1.", with: "backbone.conv5.block_1.")
  }

  private func network() throws -> MaskedNetwork {
    let generator = Generator(seed: 1)
    let network = MaskedNetwork(
      on: backbone(width: 48, using: generator), decoderBlocks: 1, using: generator)
    var state = Dictionary(
      uniqueKeysWithValues: try PretextFixtures.state("videomae-pretrain", in: folder)
        .map { (Self.own($0.key), $0.value) })
    for (name, tensor) in network.state where name.hasPrefix("backbone.fc_norm.") {
      state[name] = tensor
    }
    try network.load(state)
    return network
  }

  /// The batch of a case: clips that are normalized already, and targets of their pixels.
  private func batch(_ run: String, _ fixtures: PretextFixtures) throws -> MaskedModeling.Batch {
    let input = PretextFixtures.input(run == "rect" ? [2, 3, 16, 16, 32] : [2, 3, 16, 32, 32])
    let clips = run == "low" ? input * 0x1p-10 : input
    let mask = try fixtures.tensor("\(run == "steps" ? "square" : run).mask").array(of: Int.self)
    let count = mask.count / 2
    func places(_ value: Int) -> Tensor {
      let rows = (0..<2).map { clip in (0..<count).filter { mask[clip * count + $0] == value } }
      return Tensor(rows.flatMap(\.self), shape: [2, rows[0].count])
    }
    let masked = places(1)
    func channels(_ values: [Double]) -> Tensor {
      Tensor(values.map(Float.init), shape: [3, 1, 1, 1])
    }
    let normalization = Normalization.imageNet
    let pixels = clips * channels(normalization.std) + channels(normalization.mean)
    let cut = cubes.cut(pixels).rows(at: masked)
    return MaskedModeling.Batch(
      clips: clips, kept: places(0), masked: masked,
      targets: (run == "raw" ? cut : CubeTargets(of: cut).normalized).flattened(from: 2))
  }

  @Test(arguments: ["square", "ratio90", "raw", "low", "rect"])
  func predictionsTargetsAndLossesAreTheOfficialOnes(run: String) throws {
    let fixtures = try PretextFixtures("pretrain", in: folder)
    let (network, batch) = (try network(), try batch(run, fixtures))
    func expect(_ found: Tensor, _ what: String) throws {
      guard !fixtures.keys("\(run).\(what)").isEmpty else { return }
      #expect(try fixtures.deviation(found, "\(run).\(what)") < 1, "\(run).\(what)")
    }
    let step = run == "square" || run == "rect" ? 12 : 24
    func sub(_ tensor: Tensor) -> Tensor {
      tensor.selected(
        1, indices: Tensor(Array(stride(from: 0, to: tensor.shape[1], by: step))))
    }
    try withoutGradients {
      let prediction = network(batch.clips, kept: batch.kept, masked: batch.masked)
      try expect(prediction.selected(2, 0), "prediction_first")
      try expect(batch.targets.selected(2, 0), "target_first")
      try expect(sub(prediction), "prediction_sub")
      try expect(sub(batch.targets), "target_sub")
      let difference = prediction - batch.targets
      try expect((difference * difference).mean([2]), "loss_tokens")
      try expect(network.evaluate(batch).loss, "loss")
    }
  }

  /// The outputs of the parts of the network, one after another.
  @Test func tapsAreTheOfficialOnes() throws {
    let fixtures = try PretextFixtures("pretrain", in: folder)
    let (network, batch) = (try network(), try batch("square", fixtures))
    func part(_ names: String...) throws -> Layer {
      let module = try names.reduce(network as Module) { module, name in
        try #require(module.children.first { $0.name == name }?.module, "\(name)")
      }
      return try #require(module as? Layer)
    }
    func expect(_ found: Tensor, _ layer: String) throws {
      let key = "square.tap/\(layer)"
      #expect(try fixtures.deviation(PretextFixtures.sample(found), key) < 1, "\(layer)")
    }
    try withoutGradients {
      let encoder = try #require(network.backbone as? any TokenBackbone)
      let grid = encoder.cubes.grid(of: batch.clips.shape)
      let embedded = encoder.output(of: .conv1, batch.clips).flattened(from: 2).permuted([0, 2, 1])
      let table = TokenPositions(width: 48, scheme: .number).table(grid, on: .cpu)
      try expect(embedded - table, "encoder.patch_embed")
      let kept = embedded.rows(at: batch.kept)
      try expect(part("backbone", "conv3", "block_1")(kept), "encoder.blocks.0")
      let encoded = try part("encoder_norm")(encoder.tokens(batch.clips, keeping: batch.kept))
      try expect(encoded, "encoder")
      let seen = try part("encoder_to_decoder")(encoded)
      try expect(seen, "encoder_to_decoder")
      let positions = TokenPositions(width: 24, scheme: .number)
      let token = try #require(network.state.first { $0.name == "mask_token" }).tensor
      let all = Tensor.concatenated(
        [
          seen + positions.rows(at: batch.kept, of: grid),
          token + positions.rows(at: batch.masked, of: grid),
        ], axis: 1)
      try expect(part("decoder", "blocks.0")(all), "decoder.blocks.0")
    }
  }

  @Test func positionsAndGradientsAreTheOfficialOnes() throws {
    let fixtures = try PretextFixtures("pretrain", in: folder)
    let (network, batch) = (try network(), try batch("square", fixtures))
    let table = [(48, "square.position48_sub"), (24, "square.position24_sub")]
    for (width, key) in table {
      let rows = TokenPositions(width: width, scheme: .number).table(Extent3(1, 1, 128), on: .cpu)
        .selected(0, indices: Tensor([0, 1, 2, 63, 127]))
      #expect(try fixtures.deviation(rows, key) < 1)
    }
    network.evaluate(batch).loss.backward()
    let parameters = Dictionary(
      uniqueKeysWithValues: network.parameters.map { ($0.name, $0.tensor) })
    let norm = "square.grad_norm/"
    let names = fixtures.keys(norm).map { String($0.dropFirst(norm.count)) }
    #expect(names.count == network.trainableParameters.count)
    for name in names {
      let gradient = try #require(parameters[Self.own(name)]?.gradient)
      #expect(try fixtures.deviation(Tensor([Float(gradient.norm)]), norm + name) < 1, "\(name)")
      let probe = "square.grad_probe/\(name)"
      guard !fixtures.keys(probe).isEmpty else { continue }
      #expect(
        try fixtures.deviation(PretextFixtures.sample(gradient, most: 512), probe) < 1, "\(name)")
    }
  }

  private struct Examples: Decodable {
    struct Count: Decodable {
      let grid: [Int]
      let ratio: Double
      let masked: Int
    }
    struct Frames: Decodable {
      let length: Int
      let starts: Int
      let last: [Int]

      enum CodingKeys: String, CodingKey {
        case length, starts
        case last = "last_start_frames"
      }
    }
    let counts: [Count]
    let groups: [String: [String: [Double]]]
    let frames: [Frames]

    enum CodingKeys: String, CodingKey {
      case counts = "mask_counts"
      case groups = "parameter_groups"
      case frames
    }
  }

  @Test func masksHaveTheOfficialCounts() throws {
    let examples = try PretextFixtures.json("examples.json", Examples.self, in: folder)
    for count in examples.counts {
      let grid = Extent3(count.grid[0], count.grid[1], count.grid[2])
      var generator = KeyedGenerator(1)
      let draw = TubeMask(ratio: count.ratio).draw(grid, using: &generator)
      #expect(draw.masked.count == count.masked, "\(count.grid) \(count.ratio)")
    }
  }

  /// From the same start, clips of videos have the official frames, each fourth. Two things differ on purpose: a clip may end
  /// with the video's last frame, where the official code wants three more after it, so that there are more starts; and at the
  /// end of a short video its last frame is repeated, where the official code repeats the last one that is a multiple of four
  /// from the start.
  @Test func framesOfVideosAreTheOfficialOnes() throws {
    let examples = try PretextFixtures.json("examples.json", Examples.self, in: folder).frames
    #expect(examples.map(\.length) == [20, 40, 64, 65, 100])
    let motion = ClipsOfVideos(
      ClipSampling(frames: 16, interval: 4, targetRate: 25), side: 16, sourceSide: 80)
    for example in examples {
      let end = example.length - 1
      let source = SourceInfo(lastFrameTime: Double(end) / 25, frameCount: example.length)
      var clips: [Int: [Int]] = [:]
      for number in 0..<600 {
        var generator = training(number).generator(.loading)
        let request = motion.rule(for: trained).request(source, &generator)
        guard case .clips(let times) = request.frames else { throw NoClips() }
        // As in decoding, a time may be a bit early for its frame.
        let frames = times[0].map { min(end, Int($0 * 25 + 1e-3)) }
        clips[frames[0]] = frames
      }
      let lastStart = example.last[0]
      #expect(lastStart == example.starts - 1)
      for start in 0..<example.starts {
        let official = example.last.map { $0 + start - lastStart }
        let found = try #require(clips[start], "no clip of \(example.length) begins at \(start)")
        for (place, frame) in found.enumerated() {
          let next = start + 4 * place
          #expect(frame == (next <= end ? official[place] : end), "\(example.length)")
        }
        if example.length < 61 { #expect(official[15] < end && found[15] == end) }
      }
      #expect(clips.keys.allSatisfy { (0...max(0, end - 60)).contains($0) })
    }
    // Decoded, the last frame of a short video is repeated indeed.
    let video = try NumberedVideo(frames: 20)
    let slow = ClipsOfVideos(
      ClipSampling(frames: 16, interval: 4, targetRate: 24), side: 16, sourceSide: 80)
    let sample = try SampleLoader([video.source], rule: slow.rule(for: trained))
      .sample(training(0), of: 0)
    #expect(
      NumberedVideo.Cut(sample.clips[0]).frames == [0, 4, 8, 12, 16]
        + Array(repeating: 19, count: 11))
  }

  /// Five steps of AdamW, whose groups are the official ones.
  @Test func fiveStepsAreTheOfficialOnes() throws {
    let fixtures = try PretextFixtures("pretrain", in: folder)
    let examples = try PretextFixtures.json("examples.json", Examples.self, in: folder)
    let (network, batch) = (try network(), try batch("steps", fixtures))
    let groups = ParameterGroup.sparingVectors(network.trainableParameters, weightDecay: 0.05)
    let decays = Dictionary(
      uniqueKeysWithValues: groups.flatMap { group in
        group.parameters.map { ($0.name, [1, group.weightDecay]) }
      })
    let expected = try #require(examples.groups["pretrain wd 0.05"])
    #expect(
      decays
        == Dictionary(uniqueKeysWithValues: expected.map { (Self.own($0.key), $0.value) }))
    let optimizer = Adam(groups, betas: (0.9, 0.95), isDecayDecoupled: true)
    var losses: [Float] = []
    for _ in 0..<5 {
      let loss = network.evaluate(batch).loss
      losses.append(Float(loss.item))
      loss.backward()
      optimizer.step(learningRate: 1e-3)
      optimizer.clearGradients()
    }
    #expect(try fixtures.deviation(Tensor(losses), "steps.loss") < 1)
    let parameters = Dictionary(
      uniqueKeysWithValues: network.parameters.map { ($0.name, $0.tensor) })
    for key in fixtures.keys("steps.after_norm/") {
      let name = String(key.dropFirst("steps.after_norm/".count))
      let found = try #require(parameters[Self.own(name)])
      #expect(try fixtures.deviation(Tensor([Float(found.norm)]), key) < 1, "\(name)")
    }
    for key in fixtures.keys("steps.after_probe/") {
      let name = String(key.dropFirst("steps.after_probe/".count))
      let found = try #require(parameters[Self.own(name)])
      #expect(try fixtures.deviation(PretextFixtures.sample(found, most: 256), key) < 1)
    }
  }
}
